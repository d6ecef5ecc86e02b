"""Jumps: the interval of a difference, and the simulated error rates of the rule that settles them."""

import math
import random
from itertools import accumulate
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.jumps import difference, is_settled
from crossroads.stats.sequences import interval

COUNTS = st.integers(0, 500).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))
LOOK_FUTURES = 10


def running_counts(q, looks, rng):
    """(failed, futures) after each look; drawn a look at a time from the binomial's own weights."""
    weights = [math.comb(LOOK_FUTURES, k) * q**k * (1.0 - q) ** (LOOK_FUTURES - k) for k in range(LOOK_FUTURES + 1)]
    failed = accumulate(rng.choices(range(LOOK_FUTURES + 1), weights, k=looks))
    return [(count, LOOK_FUTURES * look) for look, count in enumerate(failed, 1)]


def settle(before, after, rng, futures_max):
    """The verdict on two levels and the futures it took on each side."""
    looks = futures_max // LOOK_FUTURES
    for left, right in zip(running_counts(before, looks, rng), running_counts(after, looks, rng), strict=True):
        verdict = is_settled(left, right, futures_max=futures_max)
        if verdict != "open":
            return verdict, left[1]
    raise AssertionError("the rule must answer at futures_max")


def right_share(before, after, futures_max, trials):
    """How often the verdict is right (0.2 and more is a jump, 0.1 and less is none) and the median futures a side."""
    rng = random.Random(f"{before} {after} {futures_max}")
    expected = "jump" if abs(after - before) > 0.15 else "no jump"
    results = [settle(before, after, rng, futures_max) for _ in range(trials)]
    return sum(verdict == expected for verdict, _ in results) / trials, median(futures for _, futures in results)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0.0, 0.2),
        (0.1, 0.3),
        (0.4, 0.6),
        (0.6, 0.8),
        (0.8, 1.0),
        (0.6, 0.4),
        (0.0, 0.1),
        (0.1, 0.2),
        (0.45, 0.55),
        (0.9, 1.0),
        (0.55, 0.45),
    ],
)
def test_borderline_jumps_are_settled_rightly_with_the_default_cap(before, after):
    """600 trials, H0: right in >= 97 %; rejected below 95.4 % (p = 0.01 at 97 %)."""
    right, _ = right_share(before, after, 900, 600)
    assert right >= 0.954


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "rate"),
    [(0.0, 0.2, 0.97), (0.1, 0.3, 0.965), (0.8, 1.0, 0.97), (0.0, 0.1, 0.97), (0.1, 0.2, 0.97), (0.4, 0.6, 0.935), (0.45, 0.55, 0.935)],
)
def test_rates_with_500_futures_a_side(before, after, rate):
    """600 trials, H0: right at the rate; rejected 2.33 standard deviations below it. In the middle no rule reaches 97 % with 500."""
    right, _ = right_share(before, after, 500, 600)
    assert right >= rate - 2.33 * math.sqrt(rate * (1.0 - rate) / 600)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(0.0, 0.5), (0.5, 1.0), (0.3, 0.3), (0.0, 0.0), (1.0, 1.0), (0.9, 0.2)])
def test_clear_cases_settle_early(before, after):
    """300 trials, at most one wrong, half of them within 150 futures a side."""
    right, futures = right_share(before, after, 500, 300)
    assert right >= 1.0 - 1 / 300
    assert futures <= 150


@settings(derandomize=True, max_examples=200, deadline=None)
@given(COUNTS, COUNTS)
def test_the_verdict_knows_no_direction_and_no_side(before, after):
    verdict = is_settled(before, after)
    assert is_settled(after, before) == verdict
    mirrored = [(futures - failed, futures) for failed, futures in (before, after)]
    assert is_settled(*mirrored) == verdict


def test_open_without_futures_and_never_from_the_cap_on():
    assert is_settled((0, 0), (10, 10)) == "open"
    assert is_settled((150, 500), (220, 500)) == "open"
    assert is_settled((150, 500), (220, 500), futures_max=500) == "no jump"
    assert is_settled((150, 500), (225, 500), futures_max=500) == "jump"
    assert is_settled((150, 500), (220, 499), futures_max=500) == "open"


def test_uneven_counts_take_the_larger_variance():
    assert is_settled((3, 3), (34, 34)) == "open"
    assert is_settled((34, 34), (3, 3)) == "open"


def test_exactly_the_size_is_a_jump():
    assert is_settled((0, 4), (1, 4), 0.25, futures_max=4) == "jump"


def test_size_and_margin_set_what_counts():
    assert is_settled((100, 1000), (200, 1000), 0.15) == "no jump"
    assert is_settled((100, 1000), (200, 1000), 0.05, 0.02) == "jump"
    assert is_settled((30, 100), (60, 100), confidence=0.9) == "jump"
    assert is_settled((30, 100), (60, 100), confidence=0.999) == "open"


@settings(derandomize=True, max_examples=200, deadline=None)
@given(COUNTS, COUNTS)
def test_difference_lies_in_its_interval_and_turns_its_sign(before, after):
    value, low, high = difference(before, after)
    assert -1.0 <= low <= value <= high <= 1.0
    assert difference(after, before) == pytest.approx((-value, -high, -low))


def test_difference_shares_what_may_go_wrong_by_two():
    (before_low, before_high), (after_low, after_high) = interval(3, 20, 0.975), interval(9, 30, 0.975)
    assert difference((3, 20), (9, 30)) == pytest.approx((0.15, after_low - before_high, after_high - before_low))


def test_difference_of_unknowns():
    assert difference((0, 0), (0, 0)) == (0.0, -1.0, 1.0)
    value, low, high = difference((0, 0), (10, 10))
    assert value == 0.5
    assert low < 0.0 < high == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(0.1, 0.4), (0.5, 0.5), (0.02, 0.97)])
def test_difference_covers_the_truth_at_every_look(before, after):
    """400 pairs looked at after every 10 of 300 futures; H0: ever missed in <= 5 %; rejected above 30 of 400 (p = 0.01)."""
    rng = random.Random(f"{before} {after}")
    missed = 0
    for _ in range(400):
        looks = zip(running_counts(before, 30, rng), running_counts(after, 30, rng), strict=True)
        missed += any(not low <= after - before <= high for _, low, high in (difference(left, right) for left, right in looks))
    assert missed <= 30


def test_what_cannot_be_is_refused():
    with pytest.raises(SettingError, match="failed=2 of futures=1 must keep"):
        is_settled((2, 1), (0, 1))
    with pytest.raises(SettingError, match="failed=2 of futures=1 must keep"):
        difference((0, 1), (2, 1))
    with pytest.raises(SettingError, match="confidence=1 must lie"):
        difference((0, 1), (1, 1), 1)
    with pytest.raises(SettingError, match="size=0 must lie between 0 and 1"):
        is_settled((0, 1), (1, 1), 0)
    for margin in (0.0, 0.2):
        with pytest.raises(SettingError, match=f"margin={margin} must keep 0 < margin <= size=0.15"):
            is_settled((0, 1), (1, 1), 0.15, margin)
    with pytest.raises(SettingError, match=r"confidence=0.5 must lie between 0.5 and 1"):
        is_settled((0, 1), (1, 1), confidence=0.5)
    with pytest.raises(SettingError, match="futures_max=0 must be at least 1"):
        is_settled((0, 1), (1, 1), futures_max=0)
