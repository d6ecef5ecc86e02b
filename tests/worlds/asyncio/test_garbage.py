"""Cyclic garbage of asyncio programs goes in time, at the same polls in every life of a timeline."""

import sys
from pathlib import Path

import pytest

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

PROGRAM = """
import asyncio, weakref
from crossroads import mark

class Session:
    alive = 0

    def __init__(self):
        self.me = self
        self.rows = [{"session": self} for _ in range(50)]
        Session.alive += 1
        weakref.finalize(self, gone)

def gone():
    Session.alive -= 1
    mark(Session.alive)

async def main():
    for _ in range(%d):
        for _ in range(%d):
            Session()
        await asyncio.sleep(%s)
    assert Session.alive < 2500, f"{Session.alive} are still alive"
"""


@pytest.mark.parametrize(("rounds", "sessions", "pause"), [(600, 3, "0"), (20, 200, "0.001")])
def test_garbage_goes_at_the_same_polls_everywhere(tmp_path: Path, rounds: int, sessions: int, pause: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM % (rounds, sessions, pause))
    target, world = parse_target(str(tmp_path / "program.py")), WorldSettings("asyncio")
    timelines = [Timeline(str(target), (Epoch(0, seed),), world=world) for seed in range(6)]
    digests = []
    for engine, trace in (("fork", "none"), ("replay", "none"), ("fork", "all")):
        with LocalRunner(target, world, engine=engine, jobs=1) as runner:
            runs = runner.run(timelines, trace=trace)
            assert {run.outcome.kind for run in runs} == {"passed"}, runs[0].outcome
            digests.append([run.timeline.digest for run in runs])
    assert digests[0] == digests[1] == digests[2]


FORGOTTEN = """
import asyncio, gc, weakref
from crossroads import mark

class Node:
    def __init__(self):
        self.me = self

async def main():
    {build}
    node = Node()
    weakref.finalize(node, mark, "gone")
    for number in range(4):
        mark(number)
    del node
    mark("forgotten")
    {clean}
    mark("end")
"""


@pytest.mark.parametrize(
    ("build", "clean"),
    [
        ("pass", "gc.collect()"),
        ("state = [{number: []} for number in range(30_000)]", "await asyncio.sleep(1)"),
        ("pass", "await asyncio.sleep(1); state = [{number: []} for number in range(19_800)]; await asyncio.sleep(1)"),
    ],
)
def test_garbage_from_before_a_snapshot_goes_as_without_one(tmp_path: Path, build: str, clean: str) -> None:
    (tmp_path / "program.py").write_text(FORGOTTEN.format(build=build, clean=clean))
    target, world = parse_target(str(tmp_path / "program.py")), WorldSettings("asyncio")
    base = Timeline(str(target), (Epoch(0, 1),), world=world)
    digests = []
    for engine in ("fork", "replay"):
        with LocalRunner(target, world, engine=engine, jobs=1) as runner:
            runner.run([base])
            runs = [runner.run([base.branch(point, seed) for seed in range(3)]) for point in range(6)]
            digests.append([[run.timeline.digest for run in lived] for lived in runs])
    assert digests[0] == digests[1]


CHATTY = """
import asyncio, weakref
from crossroads import mark

class Session:
    def __init__(self):
        self.me = self
        self.rows = [{"session": self} for _ in range(9)]
        weakref.finalize(self, mark, "gone")

async def serve(reader, writer):
    while line := await reader.readline():
        Session()
        writer.write(line)
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 6000)
    reader, writer = await asyncio.open_connection("127.0.0.1", 6000)
    for number in range(300):
        writer.write(b"ping\\n")
        await reader.readline()
    writer.close()
    server.close()
"""


def test_what_is_recorded_of_a_life_moves_no_collection(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(CHATTY)
    target, world = parse_target(str(tmp_path / "program.py")), WorldSettings("asyncio")
    base = Timeline(str(target), (Epoch(0, 1),), world=world)
    timelines = [base, *(base.branch(point, 2) for point in (1, 100, 600))]
    with LocalRunner(target, world, engine="fork", jobs=1) as runner:
        runner.run([base])
        lives = [runner.run(timelines), runner.run(timelines, trace="all"), runner.run(timelines, trace="lines")]
    with LocalRunner(target, world, engine="replay", jobs=1) as runner:
        lives.append(runner.run(timelines))
    digests = [[run.timeline.digest for run in runs] for runs in lives]
    assert all(found == digests[0] for found in digests[1:])
    assert lives[0][0].timeline.points > 800


CLOSED = """
import asyncio, gc, weakref

async def nap():
    await asyncio.sleep(0.1)

def main():
    gc.disable()
    with asyncio.Runner() as runner:
        runner.run(nap())
        loop = weakref.ref(runner.get_loop())
    del runner
    assert loop() is None, "the closed loop is still there"
"""


def test_a_closed_loop_goes_when_nobody_holds_it(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(CLOSED)
    target, world = parse_target(str(tmp_path / "program.py")), WorldSettings("asyncio")
    with LocalRunner(target, world, jobs=1) as runner:
        (run,) = runner.run([Timeline(str(target), (Epoch(0, 1),), world=world)])
    assert run.outcome.kind == "passed", run.outcome
