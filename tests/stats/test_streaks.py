"""Streaks of failures: the published table, and the law that joins need and level."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.streaks import streak_level, streak_needed

SHARES = st.floats(0.0005, 0.99)


@pytest.mark.parametrize(
    ("eps", "at_95", "at_99", "at_99_5"),
    [(0.10, 29, 44, 51), (0.05, 59, 90, 104), (0.02, 149, 228, 263), (0.01, 299, 459, 528)],
)
def test_table(eps, at_95, at_99, at_99_5):
    assert [streak_needed(eps, delta) for delta in (0.05, 0.01, 0.005)] == [at_95, at_99, at_99_5]


@pytest.mark.parametrize(
    ("eps", "delta", "needed"), [(0.5, 0.25, 2), (0.5, 0.125, 3), (0.25, 0.421875, 3), (0.75, 0.0625, 2), (0.99, 0.0001, 2)]
)
def test_whole_quotients_are_not_rounded_up(eps, delta, needed):
    assert streak_needed(eps, delta) == needed


@settings(derandomize=True, max_examples=300, deadline=None)
@given(SHARES, SHARES)
def test_need_is_the_shortest_streak_that_reaches_the_level(eps, delta):
    needed = streak_needed(eps, delta)
    assert streak_level(needed, delta) <= eps * (1 + 1e-9)
    assert streak_level(needed - 1, delta) > eps * (1 - 1e-9)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(1, 10**6), SHARES)
def test_level_is_where_the_streak_has_probability_delta(streak, delta):
    level = streak_level(streak, delta)
    assert 0.0 < level <= 1.0
    assert (1.0 - level) ** streak == pytest.approx(delta, rel=1e-6)


def test_no_streak_excludes_nothing():
    assert streak_level(0, 0.05) == 1.0


@pytest.mark.parametrize(("eps", "delta"), [(0.0, 0.05), (1.0, 0.05), (0.01, 0.0), (0.01, 1.0)])
def test_shares_outside_are_refused(eps, delta):
    with pytest.raises(SettingError, match="must lie between 0 and 1, both excluded"):
        streak_needed(eps, delta)


def test_negative_streak_is_refused():
    with pytest.raises(SettingError, match="streak=-1 must be at least 0"):
        streak_level(-1, 0.05)
