"""Targets as users write them, node ids of pytest's among them, and the world that a test's source asks for."""

import re
from pathlib import Path

import pytest

from crossroads.errors import TargetError
from crossroads.worlds.targets import Target, code_digest, load_target, parse_target, target_of, world_of


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("def test_y(): pass\n")
    (tmp_path / "setup.cfg").touch()
    return tmp_path


@pytest.mark.parametrize("test", ["test_y", "TestA::test_y", "TestA::TestB::test_y[1]", "test_y[a::b [c] - d/e.py:f]"])
def test_a_node_id_is_a_target_and_comes_back_as_it_was(here: Path, test: str) -> None:
    found = parse_target(f"tests/test_x.py::{test}")
    assert found == Target("tests/test_x.py", test, True, True)
    assert str(found) == f"tests/test_x.py::{test}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tests/test_x.py::", "names no test; write path.py::test or path.py::TestClass::test, as pytest does"),
        ("tests/test_x.py::TestA::", "names no test"),
        ("tests/test_x.py::[1]", "names no test"),
        ("tests/test_z.py::test_y", "there is no file 'tests/test_z.py'"),
        ("tests::test_y", "there is no file 'tests'"),
        ("package.module::test_y", "there is no file 'package.module'"),
    ],
)
def test_what_names_no_test_is_refused(here: Path, text: str, said: str) -> None:
    with pytest.raises(TargetError, match=re.escape(said)):
        parse_target(text)


def test_a_test_cant_be_called_as_a_program(here: Path) -> None:
    with pytest.raises(TargetError, match=r"is a test, and can't be called as a program can; name a function, as in tests/test_x\.py:main"):
        load_target(parse_target("tests/test_x.py::test_y"))


def test_the_digest_of_a_test_is_also_that_of_its_conftest_files(here: Path) -> None:
    target = parse_target("tests/test_x.py::test_y")
    digests = [code_digest(target)]
    for place in ("tests/conftest.py", "conftest.py"):
        (here / place).write_text("import os\n")
        digests.append(code_digest(target))
    assert len(set(digests)) == 3
    assert code_digest(parse_target("tests/test_x.py:test_y")) == digests[0]


SOURCE = """
import asyncio, pytest, unittest

async def test_async(): pass
def test_plain(): pass
def test_runs(): asyncio.run(test_async())
def run(coro): return asyncio.run(coro)
def test_by_helper(): run(None)

@pytest.fixture
async def client(): pass
@pytest.fixture(name="named")
async def other(): pass
@pytest.fixture
def through(client): pass

def test_async_fixture(client): pass
def test_named_fixture(named): pass
def test_through(through): pass
def test_from_conftest(far): pass
@pytest.mark.usefixtures("client")
def test_nothing(): pass

class TestA:
    async def test_async(self): pass
    def test_plain(self): pass

class Base(unittest.IsolatedAsyncioTestCase): pass
class Case(Base):
    def test_plain(self): pass
"""


@pytest.mark.parametrize(
    ("test", "world"),
    [
        ("test_plain", "plain"),
        ("test_async", "asyncio"),
        ("test_async[1]", "asyncio"),
        ("test_runs", "asyncio"),
        ("test_by_helper", "asyncio"),
        ("test_async_fixture", "asyncio"),
        ("test_named_fixture", "asyncio"),
        ("test_through", "asyncio"),
        ("test_from_conftest", "asyncio"),
        ("TestA::test_async", "asyncio"),
        ("TestA::test_plain", "plain"),
        ("Case::test_plain", "asyncio"),
        ("TestA::test_inherited", "asyncio"),
    ],
)
def test_the_world_of_a_test_is_told_from_its_source_and_its_fixtures(here: Path, test: str, world: str) -> None:
    source = SOURCE.replace('@pytest.mark.usefixtures("client")\n', "")
    (here / "tests" / "test_x.py").write_text(source)
    (here / "conftest.py").write_text("import pytest\n@pytest.fixture\nasync def far(): pass\n")
    assert world_of(parse_target(f"tests/test_x.py::{test}")) == world


@pytest.mark.parametrize("before", ["@pytest.mark.usefixtures('client')\n", "@pytest.fixture(autouse=True)\nasync def always(): pass\n"])
def test_a_fixture_that_no_argument_names_counts_too(here: Path, before: str) -> None:
    fixture = "import pytest\n@pytest.fixture\nasync def client(): pass\n"
    (here / "tests" / "test_x.py").write_text(f"{fixture}{before}def test_y(): pass\n")
    assert world_of(parse_target("tests/test_x.py::test_y")) == "asyncio"


def test_a_source_that_cant_be_read_is_for_the_plain_world(here: Path) -> None:
    (here / "tests" / "test_x.py").write_text("def (")
    assert world_of(parse_target("tests/test_x.py::test_y")) == "plain"


def test_a_path_is_a_target_as_its_text_is(here: Path) -> None:
    assert target_of(Path("tests/test_x.py")) == parse_target("tests/test_x.py")


@pytest.mark.parametrize("target", [3, None, b"main.py"])
def test_what_is_neither_a_text_nor_a_function_is_refused(target: object) -> None:
    with pytest.raises(TargetError, match=f"^target={re.escape(repr(target))} is neither a text, a path nor a function"):
        target_of(target)  # type: ignore[arg-type]
