"""The ratio of two shares: its interval holds its confidence, also where nothing or everything fails."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.ratios import Ratio, ratio, ratio_to_known

SIMULATED = 800

counts = st.integers(1, 2_000).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))


@given(counts, counts)
@settings(derandomize=True, deadline=None)
def test_the_estimate_lies_in_its_interval(now: tuple[int, int], before: tuple[int, int]) -> None:
    found = ratio(now, before)
    assert found.low >= 0.0
    assert (found.value is None) == (found.high is None) == (before[0] == 0)
    if found.value is not None and found.high is not None:
        assert found.low <= found.value * (1 + 1e-9)
        assert found.value <= found.high * (1 + 1e-9)


@given(counts, counts)
@settings(derandomize=True, deadline=None)
def test_before_against_now_is_the_inverse(now: tuple[int, int], before: tuple[int, int]) -> None:
    there, back = ratio(now, before), ratio(before, now)
    if there.low > 0 and back.high is not None:
        assert math.isclose(there.low * back.high, 1.0, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("now", "before", "q_now", "q_before"),
    [(20, 20, 0.5, 0.5), (50, 30, 0.1, 0.3), (299, 200, 0.4, 0.98), (299, 200, 1.0, 1.0), (300, 1000, 0.003, 0.03), (40, 300, 0.3, 0.02)],
)
def test_the_interval_misses_the_truth_no_more_often_than_stated(now: int, before: int, q_now: float, q_before: float) -> None:
    """Null hypothesis: it is missed in at most 5 %; 8 % of 800 would come up with a probability below 1e-3."""
    draw = random.Random(now * before)
    missed = 0
    for _ in range(SIMULATED):
        found = ratio((_count(draw, now, q_now), now), (_count(draw, before, q_before), before))
        missed += not found.low <= q_now / q_before <= (math.inf if found.high is None else found.high)
    assert missed <= 0.08 * SIMULATED


@pytest.mark.parametrize(("futures", "q", "before"), [(50, 0.3, 0.9), (300, 0.02, 0.5), (20, 0.5, 1.0)])
def test_the_interval_against_a_known_share(futures: int, q: float, before: float) -> None:
    draw = random.Random(futures)
    missed = 0
    for _ in range(SIMULATED):
        found = ratio_to_known((_count(draw, futures, q), futures), before)
        assert found.high is not None
        missed += not found.low <= q / before <= found.high
    assert missed <= 0.08 * SIMULATED


def test_what_is_known_of_the_ends() -> None:
    clean = ratio((0, 299), (200, 200))
    assert clean.value == clean.low == 0.0
    assert clean.high is not None
    assert clean.high < 0.02
    assert ratio((3, 10), (0, 100)).high is None
    assert ratio((3, 10), (0, 100)).low > 1.0
    assert ratio((0, 0), (1, 1)) == Ratio(None, 0.0, None, 0.95)
    assert ratio((0, 10), (0, 10)) == Ratio(None, 0.0, None, 0.95)
    assert ratio_to_known((0, 10), 0.0) == Ratio(None, 0.0, None, 0.95)


def test_a_higher_confidence_is_wider() -> None:
    narrow, wide = ratio((30, 100), (60, 100), 0.9), ratio((30, 100), (60, 100), 0.99)
    assert narrow.high is not None
    assert wide.high is not None
    assert wide.low < narrow.low < narrow.high < wide.high


def test_what_breaks_a_rule_is_refused() -> None:
    with pytest.raises(SettingError):
        ratio((2, 1), (1, 1))
    with pytest.raises(SettingError):
        ratio((1, 1), (1, 1), 1.0)
    with pytest.raises(SettingError, match="before=2 must be from 0 to 1"):
        ratio_to_known((1, 1), 2)


def _count(draw: random.Random, futures: int, q: float) -> int:
    return sum(draw.random() < q for _ in range(futures))
