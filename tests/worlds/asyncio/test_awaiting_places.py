"""Points of a library's tasks are told by the line of the program that waits for them."""

import sys
import textwrap
from pathlib import Path

import pytest
from living import live, write

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

WAYS = {
    "a task": "await asyncio.create_task(reader.readline())",
    "several": "await asyncio.gather(asyncio.shield(asyncio.create_task(reader.readline())), asyncio.sleep(0.001))",
    "a group": "async with asyncio.TaskGroup() as group:\n    group.create_task(reader.readline())",
    "wait": "await asyncio.wait([asyncio.create_task(asyncio.wait_for(reader.readline(), 1))])",
}


@pytest.mark.parametrize("way", list(WAYS.values()), ids=list(WAYS))
def test_who_waits_for_a_task_of_a_library(tmp_path: Path, way: str) -> None:
    body = f"db.start(serve)\nawait asyncio.sleep(1)\nreader, writer = await connect()\nwriter.write(b'hello\\n')\n{way}\nwriter.close()"
    (run,) = live(write(tmp_path, body), range(1), trace="all")
    (where,) = {point.where for point in run.trace if point.label.startswith("db:6379 -> client 1, message 1")}
    assert where.endswith(" in main")
    assert where.startswith("program.py:") or "/program.py:" in where


def test_a_task_that_nobody_waits_for_is_told_by_its_own_line(tmp_path: Path) -> None:
    body = """
        db.start(serve)
        await asyncio.sleep(1)
        reader, writer = await connect()
        writer.write(b"hello\\n")
        task = asyncio.create_task(reader.readline())
        await asyncio.sleep(10)
        assert task.done()
        writer.close()
    """
    (run,) = live(write(tmp_path, body), range(1), trace="all")
    (where,) = {point.where for point in run.trace if point.label.startswith("db:6379 -> client 1, message 1")}
    assert "streams.py:" in where


TIMING = """
import asyncio, functools

class Server:
    def keep_alive_timeout(self, *why):
        pass

    async def main_loop(self):
        asyncio.get_running_loop().call_later(0.0007, self.keep_alive_timeout)
        asyncio.get_running_loop().call_later(0.0004, functools.partial(self.keep_alive_timeout, 1))
        for _ in range(30):
            await asyncio.sleep(0.0005)
"""


def rivals_of(folder: Path, installed: Path, start: str) -> set[str]:
    """What is told of the timers that a library's server races against."""
    installed.mkdir(parents=True)
    (installed / "serving.py").write_text(TIMING)
    body = f"""
        import sys
        sys.path.insert(0, {str(installed)!r})
        import serving
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        {start}
        for _ in range(3):
            await ask(streams)
    """
    folder.mkdir()
    runs = live(write(folder, body), range(4), trace="all")
    assert {run.outcome.kind for run in runs} == {"passed"}
    races = [point.options[0] for run in runs for point in run.trace if ", message" in point.label and point.options]
    return {option.removeprefix("before ") for option in races if "->" not in option}


@pytest.mark.parametrize("place", ["site-packages", "lib/python3.9/site-packages", "elsewhere"])
def test_a_library_s_timers_are_told_by_its_line_wherever_it_is_installed(tmp_path: Path, place: str) -> None:
    told = rivals_of(tmp_path / "program", tmp_path / "env" / place, "task = asyncio.create_task(serving.Server().main_loop())")
    assert "the sleep at serving.py:12 in main_loop" in told
    assert "the timer Server.keep_alive_timeout" in told
    assert told <= {"the sleep at serving.py:12 in main_loop", "the timer Server.keep_alive_timeout"}


def test_a_library_s_timers_are_told_by_the_program_s_line_where_it_waits_for_them(tmp_path: Path) -> None:
    start = """
        async def run():
            await asyncio.gather(serving.Server().main_loop(), ask(await connect()))
        task = asyncio.create_task(run())
    """
    told = rivals_of(tmp_path / "program", tmp_path / "site-packages", textwrap.dedent(start).replace("\n", "\n        "))
    assert [text for text in told if "sleep" in text and not text.endswith(" in run")] == []
    assert any("sleep" in text for text in told)


def test_a_sleep_that_nobody_waits_for_has_no_place(tmp_path: Path) -> None:
    start = "tasks = [asyncio.create_task(asyncio.sleep(number / 2000)) for number in range(20)]"
    assert rivals_of(tmp_path / "program", tmp_path / "site-packages", start) == {"the sleep"}


def test_a_rival_is_told_with_what_it_says(tmp_path: Path) -> None:
    body = """
        db.start(serve)
        await asyncio.sleep(1)
        one, two = await connect(), await connect()
        await asyncio.gather(ask(one, b"first one"), ask(two, b"second one"))
    """
    runs = live(write(tmp_path, body), range(4), trace="all")
    rivals = {option for run in runs for point in run.trace for option in point.options if ", message 1" in option}
    assert "before client 1 -> db:6379, message 1 [first one]" in rivals
    assert "just after client 1 -> db:6379, message 1 [first one]" in rivals
    assert [rival for rival in rivals if not rival.endswith(" one]")] == []


LIBRARY = """
import asyncio

class Inbox:
    def __init__(self):
        self.waiter = None

    async def get(self):
        self.waiter = asyncio.get_running_loop().create_future()
        return await self.waiter

class Assembler:
    def __init__(self):
        self.frames = Inbox()

class Connection(asyncio.Protocol):
    def __init__(self):
        self.keeper = asyncio.get_running_loop().create_task(self.keep_alive())
        self.messages = Assembler()

    async def keep_alive(self):
        while True:
            await asyncio.sleep(20)

    def data_received(self, data):
        self.messages.frames.waiter.set_result(data)
"""


def test_a_message_is_told_by_who_waits_for_it_and_not_by_a_library_s_own_task(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "chatlib.py").write_text(LIBRARY)
    body = f"""
        import sys
        sys.path.insert(0, {str(folder)!r})
        import chatlib
        db.start(serve)
        await asyncio.sleep(1)
        transport, connection = await asyncio.get_running_loop().create_connection(chatlib.Connection, db.address, 6379)
        transport.write(b"hello\\n")
        await connection.messages.frames.get()
        transport.close()
    """
    (run,) = live(write(tmp_path, body), range(1), trace="all")
    assert run.outcome.kind == "passed"
    (where,) = {point.where for point in run.trace if point.label.startswith("db:6379 -> client 1, message 1")}
    assert where.startswith("program.py:") or "/program.py:" in where
    assert where.endswith(" in main")
