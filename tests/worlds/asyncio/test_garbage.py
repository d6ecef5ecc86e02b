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
    assert Session.alive < 1000, f"{Session.alive} are still alive"
"""


@pytest.mark.parametrize(("rounds", "sessions", "pause"), [(600, 3, "0"), (20, 90, "0.001")])
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
