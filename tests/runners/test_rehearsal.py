"""What a trunk lives before anything is forked from it leaves no trace in the world of the program."""

import subprocess
import sys

import pytest

REHEARSED = """
import asyncio, random, signal
from crossroads.runners.trunk import rehearse
from crossroads.timeline.timelines import WorldSettings
from crossroads.world import current
from crossroads.worlds.hashes import HASHES
from crossroads.worlds.world import make_world

def state():
    policy = asyncio.get_event_loop_policy()
    loops = policy._local._loop, policy._local._set_called, asyncio._get_running_loop()
    drawn = random.random, random.getstate(), world.fingerprint(), world.drawn()
    return loops, drawn, dict(HASHES._kinds), HASHES._factor, current.stage, signal.getsignal(signal.SIGINT), world.state()

settings = WorldSettings({settings})
world = make_world(settings)
world.install()
before = state()
rehearse(settings)
assert state() == before
"""


@pytest.mark.parametrize(
    "settings",
    [
        "'plain'",
        "'plain', 'draws'",
        "'asyncio'",
        "'asyncio', faults=('crash', 'loss')",
        "'asyncio', cancel='_put'",
        "'asyncio', step_limit=1",
    ],
)
def test_a_rehearsal_changes_nothing(settings: str) -> None:
    done = subprocess.run([sys.executable, "-c", REHEARSED.replace("{settings}", settings)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
