"""Against models whose exact answers are known. Fixed seeds, so each test always sees the same futures.

Null hypothesis of the coverage tests: intervals cover with at least 95 %. A test fails where so many misses had a probability below 1e-4.
"""

from math import comb
from pathlib import Path

import pytest
from judge import judge

NAMES = [
    "two_coins",
    "lightning",
    "gamblers_ruin",
    "crowds_6_10",
    "corridor_traps",
    "braking_last_moment",
    "inventory_cash",
    "sir_lockdown",
    "simpy_call_queue",
    "simpy_machine_shop",
    "frozen_lake",
]
NEEDS = {
    "inventory_cash": "numpy",
    "sir_lockdown": "numpy",
    "simpy_call_queue": "simpy",
    "simpy_machine_shop": "simpy",
    "frozen_lake": "gymnasium",
}
LONG = (
    "two_coins",
    "simpy_machine_shop",
    "lightning",
    "gamblers_ruin",
    "corridor_traps",
    "inventory_cash",
    "sir_lockdown",
    "simpy_call_queue",
    "frozen_lake",
)
"""Models that take half a minute and more with each seed."""

ERROR_RATE = 1e-4

MISSED_MAX = 1
"""Of a model's jumps of 0.2 or more over all seeds: one of exactly 0.2 is missed in some 4 of 100 cases."""


def misses_allowed(intervals: int, miss: float = 0.05) -> int:
    """The largest number of misses that isn't too unlikely, if each interval misses with this probability."""
    tail, misses = 1.0, 0
    while True:
        tail -= comb(intervals, misses) * miss**misses * (1 - miss) ** (intervals - misses)
        if tail < ERROR_RATE:
            return misses
        misses += 1


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(1,), pytest.param((2, 3), marks=pytest.mark.long)], ids=["one seed", "others"])
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in NAMES])
def test_account_agrees_with_the_exact_answers(name: str, seeds: tuple[int, ...], tmp_path: Path) -> None:
    for library in (NEEDS.get(name), "scipy"):
        if library is not None:
            pytest.importorskip(library)
    verdicts = [judge(name, seed, tmp_path / f"{seed}.sqlite") for seed in seeds]
    assert sum(not verdict.baseline_covers for verdict in verdicts) == 0
    points = sum(verdict.points for verdict in verdicts)
    assert points - sum(verdict.points_covered for verdict in verdicts) <= misses_allowed(points)
    options = sum(verdict.options for verdict in verdicts)
    assert options - sum(verdict.options_covered for verdict in verdicts) <= misses_allowed(options)
    assert sum(len(verdict.missed) for verdict in verdicts) <= MISSED_MAX
    for verdict in verdicts:
        assert verdict.no_return_off in (-1, 0, 1)
        assert not verdict.invented
        assert not verdict.wrong_decisions
        assert verdict.account.futures_spent <= 15_000


@pytest.mark.slow
@pytest.mark.long
def test_point_of_no_return_far_before_the_failure(tmp_path: Path) -> None:
    verdict = judge("silent_leak", 1, tmp_path / "store.sqlite", futures=60)
    assert verdict.no_return_off in (-1, 0, 1)
    assert not verdict.missed
    assert not verdict.invented
