"""P1 where it can't be kept: the run is reported as diverged, with the first point that differs, and never as a result."""

from pathlib import Path

import pytest
from promise_tools import live, timeline, write

import crossroads

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

LEAKS = {
    "kernel's entropy": "open('/dev/urandom', 'rb').read(8).hex()",
    "process id": "ctypes.CDLL(None).getpid()",
    "a file that grows": "grow()",
}

PROGRAM = """
import ctypes, os
from crossroads import chance, mark

def grow():
    with open("log", "a") as file:
        file.write("x")
    return os.stat("log").st_size

def main():
    mark("before")
    chance("weather", ["calm", "storm"])
    leaked = {leak}
    mark(f"leaked {leaked}")
    {end}
"""


@pytest.mark.parametrize("end", ["pass", "raise ValueError('always')", "if hash(str(leaked)) % 2: raise ValueError('sometimes')"])
@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_reported(here: Path, leak: str, end: str) -> None:
    target = write(here, PROGRAM.replace("{leak}", LEAKS[leak]).replace("{end}", end))
    found = crossroads.explore(target, futures=8, store=here / "s.sqlite")
    tally = found.explored
    assert tally.other["diverged"] >= 4
    assert tally.failed == 0
    assert found.failures == ()
    note = next(note for note in found.notes if "diverged" in note)
    assert "first at point 3: mark 'leaked " in note
    assert "program.py:" in note
    assert tally.passed + sum(tally.other.values()) == tally.futures == 8


def test_a_leak_into_the_ending_alone_is_reported(here: Path) -> None:
    leak = "open('/dev/urandom', 'rb').read(1)[0]"
    source = f"from crossroads import chance\ndef main():\n    chance('x', [1, 2])\n    assert {leak} % 2"
    found = crossroads.explore(write(here, source), futures=64, store=here / "s.sqlite")
    assert found.explored.other["diverged"] >= 1
    assert any("differ first at point 2: end" in note or "differ somewhere" in note for note in found.notes)


def test_object_addresses_are_the_same_in_every_life_from_the_start(here: Path) -> None:
    """Further up they may not be: what a snapshot allocates while it is laid isn't there in a life that passes the same point."""
    body = "chance('x', [1, 2])\n    mark('a')\n    things = [[n] for n in range(500)]\n    mark(sum(map(id, things)))\n    1 / 0"
    source = f"from crossroads import chance, mark\ndef main():\n    {body}"
    found = crossroads.explore(write(here, source), futures=8, store=here / "s.sqlite", engine="fork")
    assert found.explored.failed == 8
    assert not found.explored.other


def test_replay_tells_a_diverged_run(here: Path) -> None:
    source = "from crossroads import mark\ndef main():\n    mark(open('/dev/urandom', 'rb').read(8))\n    raise ValueError('x')"
    target = write(here, source)
    failed = live(target, [timeline(target)])[0]
    assert not crossroads.replay(failed.timeline, quiet=True).same


@pytest.mark.parametrize("act", ["raise ValueError('x')", "os.kill(os.getpid(), 11)", "os._exit(3)", "raise SystemExit(4)"])
def test_replay_tells_a_run_that_is_the_same(here: Path, act: str) -> None:
    target = write(here, f"import os\nfrom crossroads import chance\ndef main():\n    chance('x', [1, 2])\n    {act}")
    failed = live(target, [timeline(target, 3)])[0]
    again = crossroads.replay(failed.timeline, quiet=True)
    assert again.same
    assert again.timeline.outcome is not None
    assert again.timeline.outcome.origin == failed.outcome.origin
