"""A program's temporary files are its futures' own: none takes another's away."""

import sys
from pathlib import Path

import pytest

import crossroads
from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

STEPS = 8

PROGRAM = f"""
import os, random, tempfile
from crossroads import mark

AT_IMPORT = tempfile.mkdtemp(dir=os.environ["FOLDER"])

def main():
    %s
        for step in range({STEPS}):
            mark(step)
            with open(path, "ab") as file:
                file.write(b"x")
        with open(path, "rb") as file:
            assert len(file.read()) == {STEPS}
        assert random.random() < 0.7, "by chance"
"""
DIRECTORY = """with tempfile.TemporaryDirectory(dir=os.environ["FOLDER"]) as folder:
        path = os.path.join(folder, "log")"""
FILE = """with tempfile.NamedTemporaryFile(dir=os.environ["FOLDER"]) as held:
        path = held.name"""


@pytest.fixture(params=[DIRECTORY, FILE], ids=["directory", "file"])
def program(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder := tmp_path / "temporary").mkdir()
    monkeypatch.setenv("FOLDER", str(folder))
    path = tmp_path / "program.py"
    path.write_text(PROGRAM % request.param)
    return path


def test_futures_that_branch_while_there_are_any_begin_before_them(program: Path) -> None:
    target, world = parse_target(str(program)), WorldSettings("plain")
    begun = [(Epoch(0, 1), Epoch(point, seed)) for point in range(1, STEPS) for seed in range(4)]
    with LocalRunner(target, world, engine="fork", jobs=1) as runner:
        runs = runner.run([Timeline(str(target), epochs, world=world) for epochs in begun])
    assert {run.outcome.message for run in runs} <= {"", "by chance"}
    assert len(list(program.with_name("temporary").iterdir())) == 1


def test_what_is_explored_is_what_happens(program: Path, tmp_path: Path) -> None:
    found = crossroads.explore(str(program), futures=100, store=tmp_path / "store.sqlite", jobs=1)
    assert [failure.outcome.message for failure in found.failures] == ["by chance"]
    assert found.explored.other == {}


UNIX = """
import asyncio, tempfile

async def main():
    async def serve(reader, writer):
        writer.write(await reader.readline())

    with tempfile.TemporaryDirectory() as folder:
        for path in (tempfile.mktemp(".sock"), f"{folder}/fixed.sock"):
            server = await asyncio.start_unix_server(serve, path)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"hello\\n")
            try:
                await asyncio.wait_for(reader.readline(), 0.02)
            finally:
                writer.close()
                server.close()
"""


def test_drawn_names_of_unix_sockets_are_the_same_in_all_futures(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(UNIX)
    found = crossroads.explore(str(tmp_path / "program.py"), futures=100, store=tmp_path / "store.sqlite", jobs=1)
    assert found.explored.other == {}
    assert found.failures[0].outcome.exception == "TimeoutError"
    account = crossroads.explain(found.failures[0].id, store=tmp_path / "store.sqlite", budget=200)
    assert not [note for note in account.notes if "diverged" in note]
