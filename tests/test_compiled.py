"""The compiled modules and the Python sources beside them do the same: equal timelines have equal digests."""

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crossroads
from crossroads.timeline import hashing

PACKAGE = Path(crossroads.__file__).parent
COMPILED = sorted(PACKAGE.rglob(f"*{EXTENSION_SUFFIXES[0]}"))

needs_compiled = pytest.mark.skipif(not COMPILED, reason="this installation is pure Python")

PROGRAM = """
import asyncio
import socket


class Talk(asyncio.DatagramProtocol):
    def datagram_received(self, data, sender):
        HEARD.append(data)


async def serve(reader, writer):
    while line := await reader.readline():
        writer.writelines([b"answer ", b"to ", line])
        await writer.drain()
    writer.close()


async def client(number, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in range(5):
        writer.write(b"%d of %d\\n" % (request, number) * (1 + 400 * (request == 3)))
        try:
            async with asyncio.timeout(0.01 * number):
                await reader.readline()
                await asyncio.to_thread(len, "work")
        except TimeoutError:
            HEARD.append(number)
    writer.close()


async def main():
    HEARD.clear()
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    talk, _ = await loop.create_datagram_endpoint(Talk, local_addr=("127.0.0.1", 0))
    talk.sendto("\\u00e4".encode(), talk.get_extra_info("sockname"))
    loop.call_soon(lambda: 1 / 0)
    loop.set_exception_handler(lambda loop, told: HEARD.append(told["message"][:22]))
    await asyncio.gather(*(client(number, port) for number in range(4)))
    server.close()
    talk.close()
    assert "Exception in callback " in HEARD


HEARD = []
"""

LIVES = """
import sys
from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

world = WorldSettings(name="asyncio")
timelines = [Timeline(sys.argv[1], (Epoch(0, seed),), world=world) for seed in range(40)]
with LocalRunner(parse_target(sys.argv[1]), world) as runner:
    for run in runner.run(timelines):
        print(run.outcome.kind, run.timeline.digest, run.timeline.points)
"""


@needs_compiled
@pytest.mark.slow
def test_equal_timelines_have_equal_digests(tmp_path: Path) -> None:
    copy = tmp_path / "pure" / "crossroads"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (tmp_path / "program.py").write_text(PROGRAM)
    compiled, pure = (lives(tmp_path, source) for source in (PACKAGE.parent, copy.parent))
    assert compiled == pure
    assert len(set(compiled)) > 30
    assert {line.partition(" ")[0] for line in compiled} == {"passed"}


def lives(folder: Path, source: Path) -> list[str]:
    command = [sys.executable, "-c", LIVES, str(folder / "program.py")]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False, timeout=300
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


@needs_compiled
def test_all_that_is_typed_is_compiled() -> None:
    names = {path.name.partition(".")[0] for path in COMPILED}
    assert names >= {"traffic", "live", "streams", "hashing", "handles"}


TEXTS = st.text(max_size=300)
PARTS = TEXTS | st.integers() | st.integers(-(2**31) - 2, 2**31 + 2) | st.booleans()


class Text(str):
    """A kind of text of somebody's own."""


def in_python() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hashing_in_python", PACKAGE / "timeline" / "hashing.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PURE = in_python()


@given(st.integers(0, 2**64 - 1), st.text(st.characters(exclude_categories=()), min_size=1, max_size=400))
def test_names_have_the_same_numbers(seed: int, name: str) -> None:
    key = seed.to_bytes(8, "big")
    numbers = hashing.KeyedFour(key).of(name)
    assert numbers == PURE.KeyedFour(key).of(name)
    assert all(0 <= number < 1 for number in numbers)


@pytest.mark.parametrize("size", [1, 127, 128, 129, 255, 256, 257, 1000])
def test_names_of_any_length_have_the_same_numbers(size: int) -> None:
    assert hashing.KeyedFour(bytes(8)).of("n" * size) == PURE.KeyedFour(bytes(8)).of("n" * size)


@given(st.integers(0, 2**64 - 1), st.binary(min_size=1, max_size=400))
def test_sources_get_the_same_states(seed: int, state: bytes) -> None:
    assert hashing.fold(seed, state) == PURE.fold(seed, state)


@given(st.lists(st.lists(PARTS | TEXTS.map(Text), max_size=6).map(tuple), max_size=20))
def test_what_happened_has_the_same_bytes(held: list[tuple[str | int, ...]]) -> None:
    assert hashing.bytes_of(held) == PURE.bytes_of(held)


@given(st.lists(st.lists(PARTS, max_size=4).map(tuple), max_size=20), st.integers(0, 20))
def test_bytes_of_lists_are_put_together(held: list[tuple[str | int, ...]], at: int) -> None:
    assert hashing.bytes_of(held[:at]) + hashing.bytes_of(held[at:]) == hashing.bytes_of(held)
