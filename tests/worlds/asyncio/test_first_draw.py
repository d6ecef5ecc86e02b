"""What is drawn before the first choice belongs to the run's seed, too."""

import sys
from pathlib import Path

import pytest

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

PROGRAM = """
import asyncio, socket

async def main():
    here, there = socket.socketpair()
    there.send(b"x" * 100)
    here.setblocking(False)
    assert len(await asyncio.get_running_loop().sock_recv(here, 1000)) == 100, "in two parts"
"""


def test_a_write_before_the_first_choice_is_split_in_some_futures(tmp_path: Path) -> None:
    path = tmp_path / "pair.py"
    path.write_text(PROGRAM)
    world = WorldSettings("asyncio")
    with LocalRunner(parse_target(str(path)), world) as runner:
        runs = runner.run([Timeline(str(path), (Epoch(0, seed),), world=world) for seed in range(200)])
    assert 1 <= sum(run.outcome.kind == "failed" for run in runs) <= 20
