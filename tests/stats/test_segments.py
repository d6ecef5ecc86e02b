"""Segments against every possible partition, scipy's likelihood, and curves whose cuts are known."""

import math
import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import SettingError
from crossroads.stats.segments import levels, segment

PROBE = st.integers(0, 30).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))
PROBES = st.lists(PROBE, min_size=1, max_size=9)


def score(failed, futures, cuts, penalty):
    """Log-likelihood of the best levels less the penalties, written the plain way."""
    total = -penalty * len(cuts)
    for start, end in pairwise([0, *cuts, len(failed)]):
        s, n = sum(failed[start:end]), sum(futures[start:end])
        total += (s * math.log(s / n) if s else 0.0) + ((n - s) * math.log((n - s) / n) if s < n else 0.0)
    return total


@pytest.mark.slow
@settings(derandomize=True, max_examples=150, deadline=None)
@given(PROBES, st.floats(0.0, 8.0))
def test_no_partition_scores_better(probes, penalty):
    failed, futures = [s for s, _ in probes], [n for _, n in probes]
    inner = range(1, len(probes))
    best = max(score(failed, futures, cuts, penalty) for size in range(len(probes)) for cuts in combinations(inner, size))
    assert score(failed, futures, segment(failed, futures, penalty), penalty) == pytest.approx(best, abs=1e-6)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(PROBES)
def test_default_penalty_grows_with_the_futures(probes):
    failed, futures = [s for s, _ in probes], [n for _, n in probes]
    assert segment(failed, futures) == segment(failed, futures, 1.3 * math.log(max(sum(futures), 1)))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(PROBES, st.floats(0.0, 8.0))
def test_cuts_rise_inside_and_levels_fit(probes, penalty):
    failed, futures = [s for s, _ in probes], [n for _, n in probes]
    cuts = segment(failed, futures, penalty)
    assert all(a < b for a, b in pairwise([0, *cuts, len(probes)]))
    fitted = levels(failed, futures, cuts)
    for level, (start, end) in zip(fitted, pairwise([0, *cuts, len(probes)]), strict=True):
        n = sum(futures[start:end])
        assert level == (sum(failed[start:end]) / n if n else 0.5)


def test_log_likelihood_is_that_of_the_binomial():
    """The gain of a cut equals the difference of scipy's binomial log-likelihoods: the coefficients cancel."""
    binom = pytest.importorskip("scipy.stats").binom
    failed, futures = [3, 2, 9, 10], [12, 12, 12, 12]
    one, two = levels(failed, futures, []), levels(failed, futures, [2])
    split = [two[0]] * 2 + [two[1]] * 2
    gain = float(binom.logpmf(failed, futures, split).sum() - binom.logpmf(failed, futures, one * 4).sum())
    assert segment(failed, futures, gain - 1e-6) == [2]
    assert segment(failed, futures, gain + 1e-6) == []


def test_clear_steps_are_cut_where_they_are():
    failed = [2] * 10 + [30] * 12 + [48] * 10
    assert segment(failed, [48] * 32) == [10, 22]
    assert levels(failed, [48] * 32, [10, 22]) == [2 / 48, 30 / 48, 1.0]


def test_weights_count_unequal_probes():
    assert segment([0, 0, 1, 1], [400, 400, 1, 1], 5.0) == [2]
    assert segment([0, 0, 1, 1], [2, 2, 1, 1], 5.0) == []


def test_probes_without_futures_and_no_probes():
    assert segment([], []) == []
    assert segment([0, 0], [0, 0]) == []
    assert levels([], [], []) == [0.5]


def test_noise_alone_is_rarely_cut():
    """32 probes x 48 futures at one level, 200 times: H0 P(any cut) <= 3 %, rejected above 12 of 200 (p < 0.01)."""
    rng = random.Random(7)
    cut = sum(bool(segment([sum(rng.random() < 0.4 for _ in range(48)) for _ in range(32)], [48] * 32)) for _ in range(200))
    assert cut <= 12


def test_three_steps_in_a_noisy_scan_are_found():
    """32 probes x 48 futures, steps of 0.25-0.4, 100 times: H0 recall >= 97 % with cuts at most one probe off, rejected below 93."""
    rng = random.Random(8)
    curve = [0.1] * 8 + [0.35] * 8 + [0.6] * 8 + [1.0] * 8
    found = 0
    for _ in range(100):
        cuts = segment([sum(rng.random() < q for _ in range(48)) for q in curve], [48] * 32)
        found += len(cuts) == 3 and all(abs(cut - true) <= 1 for cut, true in zip(cuts, (8, 16, 24), strict=True))
    assert found >= 93


def test_512_probes_evaluate_no_more_than_all_pairs(monkeypatch):
    """The cost that is stated: m^2 / 2 at most, and far less where there are cuts to prune at."""
    from crossroads.stats import segments

    calls = []
    misfit = segments._misfit
    monkeypatch.setattr(segments, "_misfit", lambda failed, futures: calls.append(1) or misfit(failed, futures))
    segment([20, 21] * 256, [48] * 512)
    assert len(calls) <= 512 * 513 // 2
    calls.clear()
    assert len(segment(([5] * 32 + [40] * 32) * 8, [48] * 512)) == 15
    assert len(calls) <= 512 * 513 // 8


def test_what_cannot_be_is_refused():
    with pytest.raises(SettingError, match="failed has 1 probes and futures 2"):
        segment([1], [2, 3])
    with pytest.raises(SettingError, match="failed=3 of futures=2 must keep"):
        segment([3], [2])
    with pytest.raises(SettingError, match="penalty=-1 must be at least 0"):
        segment([1], [2], -1)
    with pytest.raises(SettingError, match=r"cuts=\[2\] must rise strictly between 0 and 2"):
        levels([1, 1], [2, 2], [2])
