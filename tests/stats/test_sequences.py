"""The confidence sequence against scipy, against its own equation, and its coverage computed exactly."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.probability import Probability
from crossroads.stats.sequences import estimate, interval, proved

COUNTS = st.integers(0, 5000).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))
CONFIDENCES = st.floats(0.5, 0.9999)


def excess(p: float, failed: int, futures: int, confidence: float) -> float:
    """ln of (mixture / likelihood of p) less ln(1 / alpha): negative where p is kept, zero at the ends."""
    betaln = pytest.importorskip("scipy.special").betaln
    likelihood = (failed * math.log(p) if failed else 0.0) + ((futures - failed) * math.log1p(-p) if failed < futures else 0.0)
    mixture = betaln(0.5 + failed, 0.5 + futures - failed) - betaln(0.5, 0.5)
    return float(mixture - likelihood + math.log1p(-confidence))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_ends_solve_the_mixture_equation_to_1e_9(counts, confidence):
    failed, futures = counts
    low, high = interval(failed, futures, confidence)
    for end, inwards in ((low, 1e-9), (high, -1e-9)):
        if 0.0 < end < 1.0:
            if 0.0 < end + inwards < 1.0:
                assert excess(end + inwards, failed, futures, confidence) < 0.0
            if 0.0 < end - inwards < 1.0:
                assert excess(end - inwards, failed, futures, confidence) > 0.0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_ends_are_ordered_around_the_value_and_mirrored(counts, confidence):
    failed, futures = counts
    low, high = interval(failed, futures, confidence)
    assert 0.0 <= low <= (failed / futures if futures else 0.5) <= high <= 1.0
    mirrored_low, mirrored_high = interval(futures - failed, futures, confidence)
    assert (1.0 - mirrored_high, 1.0 - mirrored_low) == pytest.approx((low, high), abs=1e-12)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_more_confidence_is_never_narrower(counts, confidence):
    low, high = interval(*counts, confidence)
    wider_low, wider_high = interval(*counts, 1.0 - (1.0 - confidence) / 2.0)
    assert wider_low <= low
    assert high <= wider_high


def test_agrees_with_a_root_finder():
    optimize = pytest.importorskip("scipy.optimize")
    for failed, futures in [(1, 2), (1, 1000), (500, 1000), (999, 1000), (7, 60), (123456, 1000000)]:
        value = failed / futures
        low = optimize.brentq(excess, 1e-300, value, args=(failed, futures, 0.95), xtol=1e-15, maxiter=5000)
        high = optimize.brentq(excess, value, 1.0 - 1e-15, args=(failed, futures, 0.95), xtol=1e-15, maxiter=5000)
        assert interval(failed, futures) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("futures", [1, 10, 299, 10**6])
def test_none_failed_and_all_failed_are_one_sided(futures):
    assert interval(0, futures)[0] == 0.0
    assert interval(futures, futures)[1] == 1.0
    assert 0.0 < interval(0, futures)[1] < 1.0
    assert 0.0 < interval(futures, futures)[0] < 1.0


def test_nothing_is_known_of_no_futures():
    assert interval(0, 0) == (0.0, 1.0)
    assert estimate(0, 0) == Probability(0.5, 0.0, 1.0, 0.95, 0, 0)


@pytest.mark.parametrize(
    ("p", "futures", "half_width"),
    [(0.5, 298, 0.10), (0.5, 1359, 0.05)],
)
def test_half_widths_cost_the_futures_that_are_stated(p, futures, half_width):
    low, high = interval(round(p * futures), futures)
    assert (high - low) / 2.0 == pytest.approx(half_width, rel=0.01)


def test_half_width_for_a_rare_failure():
    low, high = interval(round(0.05 * 48), 48)
    assert (high - low) / 2.0 == pytest.approx(0.10, abs=0.01)


@pytest.mark.slow
def test_coverage_at_every_stopping_time():
    """P(the interval ever excludes p, looking after each of 500 futures) <= 0.05, by exact recursion over all counts: no seeds."""
    truths = (0.02, 0.3, 0.5, 0.97)
    alive = {p: [1.0] for p in truths}
    for futures in range(1, 501):
        intervals = [interval(failed, futures) for failed in range(futures + 1)]
        for p in truths:
            passed, failed_too = [*alive[p], 0.0], [0.0, *alive[p]]
            mass = [(1.0 - p) * a + p * b for a, b in zip(passed, failed_too, strict=True)]
            alive[p] = [m if low <= p <= high else 0.0 for m, (low, high) in zip(mass, intervals, strict=True)]
    missed = {p: 1.0 - math.fsum(alive[p]) for p in truths}
    assert all(0.002 < share <= 0.05 for share in missed.values()), missed


def test_peeking_breaks_a_fixed_sample_interval_and_not_ours():
    """The same looks with Wilson's interval miss far more often: the test above can tell."""
    p, alive = 0.5, [1.0]
    for futures in range(1, 201):
        mass = [0.5 * (a + b) for a, b in pairwise([0.0, *alive, 0.0])]
        spread = 1.96 * math.sqrt(0.25 / futures)
        alive = [m if abs(failed / futures - p) <= spread else 0.0 for failed, m in enumerate(mass)]
    assert 1.0 - math.fsum(alive) > 0.2


def test_estimate_carries_counts_and_confidence():
    low, high = interval(3, 10, 0.9)
    assert estimate(3, 10, 0.9) == Probability(0.3, low, high, 0.9, 10, 3)


def test_proved_is_exact():
    assert proved(0.25, 4, 1) == Probability(0.25, 0.25, 0.25, 1.0, 4, 1)


@pytest.mark.parametrize(("failed", "futures"), [(-1, 3), (4, 3), (0, -1)])
def test_impossible_counts_are_refused(failed, futures):
    for call in (interval, estimate, lambda failed, futures: proved(0.5, futures, failed)):
        with pytest.raises(SettingError, match=f"failed={failed} of futures={futures} must keep"):
            call(failed, futures)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -1.0, 95.0, math.nan])
def test_impossible_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match=r"confidence=.* must lie between 0 and 1"):
        interval(1, 2, confidence)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_impossible_proof_is_refused(value):
    with pytest.raises(SettingError, match=r"value=.* must keep 0 <= value <= 1"):
        proved(value, 1, 1)
