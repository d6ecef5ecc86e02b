"""Async tests as programs, by pytest-asyncio, anyio, unittest and alone: races in the world's loop; wider loops go on in futures."""

from pathlib import Path

import pytest
from tests_tools import end, ends, lives, project

from crossroads.errors import TargetError
from crossroads.worlds.targets import parse_target, world_of

pytestmark = pytest.mark.slow

SERVING = """
import asyncio

async def serve(reader, writer):
    try:
        while data := await reader.read(1):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

async def race(port):
    seen = []
    async def ask(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"%d" % number)
        seen.append(int(await reader.read(1)))
        writer.close()
    await asyncio.gather(ask(0), ask(1))
    assert seen == [0, 1]
"""

ALONE = """
import asyncio, unittest
from serving import race, serve

async def test_alone():
    async with await asyncio.start_server(serve, "127.0.0.1", 9000):
        await race(9000)

class Case(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = await asyncio.start_server(serve, "127.0.0.1", 9000)
        await asyncio.sleep(0.1)

    async def asyncTearDown(self):
        self.server.close()

    async def test_case(self):
        await race(9000)

    def test_sync_method(self):
        assert self.server.is_serving()

def test_by_run():
    asyncio.run(test_alone())

async def test_waits_for_ever():
    await asyncio.Event().wait()
"""

BY_PLUGIN = """
import asyncio
import pytest, pytest_asyncio
from serving import race, serve

@pytest_asyncio.fixture{settings}
async def server():
    server = await asyncio.start_server(serve, "127.0.0.1", 9000)
    yield 9000
    server.close()

@pytest_asyncio.fixture
async def other_loop():
    await asyncio.sleep(0.1)

{mark}
async def test_race(server):
    await race(server)

{mark}
class TestClass:
    async def test_race(self, server):
        await race(server)

{mark}
async def test_with_other_loop(server, other_loop):
    await race(server)

def test_sync(server):
    assert server == 9000
"""

BY_ANYIO = """
import anyio, pytest
pytestmark = pytest.mark.anyio

@pytest.fixture(scope="module")
async def pause():
    await anyio.sleep(0.1)
    return 0.5

@pytest.fixture
async def stream():
    send, receive = anyio.create_memory_object_stream(2)
    async with send, receive:
        yield send, receive

async def test_race(stream, pause):
    import random
    send, receive = stream
    async def put(number):
        await anyio.sleep(random.random())
        await send.send(number)
    async with anyio.create_task_group() as group:
        group.start_soon(put, 0)
        group.start_soon(put, 1)
    assert [await receive.receive(), await receive.receive()] == [0, 1], pause
"""


def has_both_ends(target: str, where: str) -> bool:
    found = ends(target)
    assert {outcome.exception for outcome in found} == {"", "AssertionError"}, found
    return all(outcome.where.startswith(where) for outcome in found if outcome.is_failure)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path, serving=SERVING, test_alone=ALONE)


@pytest.mark.parametrize("test", ["test_alone", "Case::test_case", "test_by_run"])
def test_a_race_without_a_plugin(here: Path, test: str) -> None:
    assert has_both_ends(f"test_alone.py::{test}", "serving.py:20 in race")


def test_what_waits_for_ever_is_a_deadlock_in_the_test(here: Path) -> None:
    found = end("test_alone.py::test_waits_for_ever", 2)
    assert (found.exception, found.where) == ("Deadlock", "test_alone.py:27 in test_waits_for_ever")


def test_a_plain_method_of_an_async_case_has_its_loop(here: Path) -> None:
    assert end("test_alone.py::Case::test_sync_method", 2).kind == "passed"


@pytest.mark.parametrize("scope", ["function", "class", "module", "session"])
def test_pytest_asyncio_in_strict_mode_with_loops_of_all_scopes(here: Path, scope: str) -> None:
    settings = "" if scope == "function" else f'(loop_scope="{scope}", scope="{scope}")'
    (here / "test_plugin.py").write_text(BY_PLUGIN.format(settings=settings, mark=f'@pytest.mark.asyncio(loop_scope="{scope}")'))
    test = "TestClass::test_race" if scope == "class" else "test_with_other_loop"
    assert has_both_ends(f"test_plugin.py::{test}", "serving.py:20 in race")


def test_pytest_asyncio_in_auto_mode(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "test_plugin.py").write_text(BY_PLUGIN.format(settings="", mark="").replace("pytest_asyncio.fixture", "pytest.fixture"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-o asyncio_mode=auto")
    assert has_both_ends("test_plugin.py::test_race", "serving.py:20 in race")
    assert end("test_plugin.py::test_sync", 2).kind == "passed"


def test_anyio_on_asyncio(here: Path) -> None:
    (here / "test_anyio.py").write_text(BY_ANYIO)
    (here / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(scope='module', params=['asyncio'])\ndef anyio_backend(request): return request.param"
    )
    assert has_both_ends("test_anyio.py::test_race[asyncio]", "test_anyio.py:")


@pytest.mark.parametrize("scope", ["function", "module"])
def test_anyio_on_trio_is_refused(here: Path, scope: str) -> None:
    (here / "test_anyio.py").write_text(BY_ANYIO.replace('scope="module"', f'scope="{scope}"'))
    (here / "conftest.py").write_text(f"import pytest\n@pytest.fixture(scope='{scope}')\ndef anyio_backend(): return 'trio', {{}}")
    with pytest.raises(TargetError, match="test_race runs on trio, which has no world here; choose its asyncio variant"):
        lives("test_anyio.py::test_race", 1)


@pytest.mark.parametrize("test", ["test_race", "TestClass::test_race", "test_sync"])
def test_an_async_fixture_takes_a_test_into_the_asyncio_world(here: Path, test: str) -> None:
    (here / "test_plugin.py").write_text(BY_PLUGIN.format(settings="", mark=""))
    assert world_of(parse_target(f"test_plugin.py::{test}")) == "asyncio"
