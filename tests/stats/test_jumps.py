"""Jumps: what speaks for one, and the simulated error rates of the rule that settles them."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.jumps import USUAL, JumpRule, evidence, verdict

COUNTS = st.integers(0, 500).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))
FIRST, LOOK = 96, 32


def draw(q, futures, rng):
    return sum(rng.random() < q for _ in range(futures)), futures


def add(one, other):
    return one[0] + other[0], one[1] + other[1]


def settle(before, after, rng):
    """The verdict on two levels, after some futures that aren't fresh, and the fresh ones it took on each side."""
    old = draw(before, FIRST, rng), draw(after, FIRST, rng)
    fresh = ((0, 0), (0, 0))
    while True:
        fresh = add(fresh[0], draw(before, LOOK, rng)), add(fresh[1], draw(after, LOOK, rng))
        found = verdict((add(old[0], fresh[0]), add(old[1], fresh[1])), fresh)
        if found != "open":
            return found, fresh[0][1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "expected", "wrong"),
    [
        (0.0, 0.2, "jump", 0.03),
        (0.1, 0.3, "jump", 0.06),
        (0.4, 0.6, "jump", 0.12),
        (0.35, 0.6, "jump", 0.02),
        (0.8, 1.0, "jump", 0.03),
        (0.7, 0.4, "jump", 0.01),
        (0.0, 0.08, "no jump", 0.02),
        (0.46, 0.54, "no jump", 0.03),
        (0.95, 0.9, "no jump", 0.01),
        (0.5, 0.5, "no jump", 0.01),
        (1.0, 1.0, "no jump", 0.01),
    ],
)
def test_error_rates(before, after, expected, wrong):
    """400 trials, H0: wrong at most at this rate; rejected 2.33 standard deviations above it."""
    rng = random.Random(f"{before} {after}")
    errors = sum(settle(before, after, rng)[0] != expected for _ in range(400))
    assert errors <= 400 * wrong + 2.33 * math.sqrt(400 * wrong * (1.0 - wrong))


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.5), (0.5, 1.0), (0.0, 0.0), (1.0, 1.0), (0.9, 0.2)])
def test_clear_cases_settle_at_once(before, after):
    rng = random.Random(1)
    assert all(settle(before, after, rng)[1] <= USUAL.futures_min for _ in range(50))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(COUNTS, COUNTS)
def test_evidence_knows_no_direction_and_no_side(before, after):
    found = evidence((before, after))
    assert evidence((after, before)) == pytest.approx(found)
    mirrored = tuple((futures - failed, futures) for failed, futures in (before, after))
    assert evidence(mirrored) == pytest.approx(found)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_verdict_is_never_open_from_the_cap_on(before, after, fresh_before, fresh_after):
    found = verdict((add(before, fresh_before), add(after, fresh_after)), (fresh_before, fresh_after))
    if min(fresh_before[1], fresh_after[1]) >= USUAL.futures_max:
        assert found != "open"
    if min(fresh_before[1], fresh_after[1]) < USUAL.futures_min:
        assert found != "jump"


def test_nothing_is_known_without_futures():
    assert evidence(((0, 0), (10, 10))) == 0.0
    assert verdict(((0, 0), (10, 10)), ((0, 0), (10, 10))) == "open"


def test_fresh_futures_may_gainsay_the_others():
    together = ((30, 200), (130, 200))
    assert verdict(together, ((10, 100), (60, 100))) == "jump"
    assert verdict(together, ((20, 100), (25, 100))) == "open"


def test_all_futures_together_rule_out():
    assert verdict(((100, 200), (100, 200)), ((0, 0), (0, 0))) == "no jump"


def test_uneven_counts_take_the_larger_variance():
    assert abs(evidence(((3, 3), (34, 34)))) < abs(evidence(((34, 34), (34, 34))))
    assert evidence(((3, 3), (34, 34))) == pytest.approx(evidence(((34, 34), (3, 3))))


def test_exactly_the_size_is_neither():
    assert evidence(((0, 4), (1, 4)), JumpRule(size=0.25)) == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0.0}, "size=0.0 must lie between 0 and 1"),
        ({"margin": 0.0}, "margin=0.0 must keep 0 < margin <= size=0.14"),
        ({"margin": 0.2}, "margin=0.2 must keep 0 < margin <= size=0.14"),
        ({"excluded": 0.0}, "excluded=0.0, late=2.0, early=5.0 must keep"),
        ({"late": 6.0}, "late=6.0, early=5.0 must keep"),
        ({"futures_min": 400}, "futures_min=400 and futures_max=320 must keep"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        JumpRule(**settings)


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="failed=2 of futures=1 must keep"):
        evidence(((2, 1), (0, 1)))
