"""P1 and P2 where a program follows the order of a set of its objects, which on stock Python is that of their addresses."""

from pathlib import Path

import pytest
from promise_tools import facts, live, write

import crossroads
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

ROOM = """
import asyncio

class Member:
    def __init__(self, writer):
        self.writer = writer
{more}

async def main():
    members, heard = set(), []

    async def serve(reader, writer):
        me = {member}
        members.add(me)
        while line := await reader.readline():
            for other in list(members):
                getattr(other, "writer", other).write(line)
                await asyncio.sleep(0.0005)
        members.discard(me)
        writer.close()

    async def talk(name):
        reader, writer = await asyncio.open_connection("127.0.0.1", 4000)
        writer.write(name.encode() + b"\\n")
        while len(heard) < 9:
            line = await reader.readline()
            if not line:
                break
            heard.append(name + line.decode().strip())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 4000)
    try:
        async with asyncio.timeout(1):
            await asyncio.gather(*map(talk, "abc"))
    except TimeoutError:
        pass
    assert "ab" not in heard or "cb" not in heard or heard.index("ab") < heard.index("cb"), heard
"""

ROOMS = {
    "objects": ROOM.format(more="", member="Member(writer)"),
    "streams": ROOM.format(more="", member="writer"),
    "hashed by id": ROOM.format(more="    def __hash__(self):\n        return hash(id(self))", member="Member(writer)"),
}


@pytest.mark.parametrize("room", ROOMS)
def test_a_run_is_the_same_whoever_looks(here: Path, room: str) -> None:
    target = write(here, ROOMS[room])
    lives = [Timeline(target, (Epoch(0, seed * 0x9E3779B97F4A7C15 % 2**64),), (), WorldSettings("asyncio")) for seed in range(1, 13)]
    plain = live(target, lives)
    assert len({run.outcome.kind for run in plain}) == 2
    assert [run.timeline for run in live(target, lives, trace="all")] == [run.timeline for run in plain]
    assert [run.timeline for run in live(target, lives, engine="replay")] == [run.timeline for run in plain]
    points = [one.branch(run.timeline.points // 2, 5) for one, run in zip(lives, plain, strict=True)]
    assert list(map(facts, live(target, points))) == list(map(facts, live(target, points, engine="replay")))


@pytest.mark.once
@pytest.mark.parametrize("room", ROOMS)
def test_its_failures_are_explained_and_replayed(here: Path, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = crossroads.explore(write(here, ROOMS[room]), futures=60, store=here / "s.sqlite", seed=3)
    failure = found.failures[0]
    assert not found.explored.other
    assert crossroads.explain(failure, budget=400).futures_spent
    for size in (1, 500, 9_000):
        monkeypatch.setenv("SOMETHING_ELSE", "x" * size)
        assert crossroads.replay(failure.timeline, quiet=True).same
