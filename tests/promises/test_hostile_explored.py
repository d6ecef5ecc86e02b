"""P5 through `explore`: counts are right whatever the futures do to each other, to their supervisors, and to themselves."""

from collections import Counter
from pathlib import Path

import pytest
from promise_tools import write
from test_hostile import ACTS, LIMITS, NAMES, write_program

import crossroads
from crossroads.snapshots import fork
from crossroads.snapshots.limits import Limits
from crossroads.timeline.keys import Units, derive

FUTURES = 150


@pytest.mark.slow
def test_counts_are_those_of_the_draws(here: Path) -> None:
    found = crossroads.explore(write_program(here), futures=FUTURES, store=here / "s.sqlite", limits=LIMITS, steps=100_000)
    expected: Counter[str] = Counter()
    for future in range(FUTURES):
        drawn = Units(derive(0, "explore", future)).draw("chance", "act", 0) * 3 * len(ACTS)
        expected[ACTS[NAMES[int(drawn) - 2 * len(ACTS)]][1] if drawn >= 2 * len(ACTS) else "passed"] += 1
    assert found.complete
    assert {"passed": found.explored.passed, "failed": found.explored.failed, **found.explored.other} == expected
    assert sum(failure.count for failure in found.failures) == FUTURES - expected["passed"] - expected["left behind"] - _exited_0(found)
    assert not any("diverged" in note for note in found.notes)


def _exited_0(found: crossroads.Exploration) -> int:
    counted = sum(failure.count for failure in found.failures if failure.outcome.kind == "exited")
    return found.explored.other.get("exited", 0) - counted


@pytest.mark.slow
def test_a_program_that_always_hangs_is_not_waited_for_long(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork, "WALL_S_MIN", 0.5)
    target = write(here, "def main():\n    while True: pass\n")
    found = crossroads.explore(target, futures=12, store=here / "s.sqlite", limits=Limits(wall_s=0.05))
    assert set(found.explored.other) == {"hung"}
    assert found.failures[0].outcome.kind == "hung"
