"""Points of a library's tasks are told by the line of the program that waits for them."""

import sys
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
