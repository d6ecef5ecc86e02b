"""Cutting a row of probes into stretches of one failure probability each.

The answer is the exact optimum of a penalised likelihood, not a search's: dynamic programming over the last cut. It says between
which probes the probability changes; where exactly is for `localise` to find with fresh futures.

Source: optimal partitioning (Jackson et al. 2005) with the pruning of PELT (Killick, Fearnhead & Eckley 2012), for a binomial
likelihood whose weights are the futures at each probe. Cost: at most m^2 / 2 evaluations for m probes, far fewer with many cuts.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts

# Two partitions whose costs differ by less than this are equally good; the one with its last cut further left is kept.
_TIE = 1e-9
_PENALTY_PER_LOG_FUTURE = 1.3


def segment(failed: Sequence[int], futures: Sequence[int], penalty: float | None = None) -> list[int]:
    """Cut probes into segments so that the log-likelihood less a penalty for each cut is largest.

    Args:
        failed: failed futures by probe, in the order of the run.
        futures: all futures by probe; same length, 0 <= failed[i] <= futures[i]; a probe without any weighs nothing.
        penalty: log-likelihood a cut must gain, >= 0; by default 1.3 ln(total futures).

    Returns:
        The cuts in rising order: c means that a new segment starts at probe c, 0 < c < number of probes; [] for one segment.

    Raises:
        SettingError: if the lengths differ, a count breaks its rule or the penalty is negative.
    """
    failed_before, futures_before = _sums(failed, futures)
    if penalty is None:
        penalty = _PENALTY_PER_LOG_FUTURE * math.log(max(futures_before[-1], 1))
    if not penalty >= 0.0:
        raise SettingError(f"penalty={penalty} must be at least 0; leave it out for 1.3 ln(total futures)")
    last_cut = _last_cuts(failed_before, futures_before, penalty)
    cuts = []
    end = last_cut[-1]
    while end > 0:
        cuts.append(end)
        end = last_cut[end]
    return cuts[::-1]


def levels(failed: Sequence[int], futures: Sequence[int], cuts: Sequence[int]) -> list[float]:
    """The failure probability fitted to each segment.

    Args:
        failed, futures: counts by probe, as in `segment`.
        cuts: as `segment` returns them.

    Returns:
        One more level than cuts, each failed / futures of its segment; 0.5 for a segment without futures.

    Raises:
        SettingError: if the lengths differ, a count breaks its rule, or the cuts don't rise strictly inside the probes.
    """
    failed_before, futures_before = _sums(failed, futures)
    bounds = [0, *cuts, len(failed)]
    if cuts and any(start >= end for start, end in pairwise(bounds)):
        raise SettingError(f"cuts={list(cuts)} must rise strictly between 0 and {len(failed)}; take them from segment()")
    sums = [(failed_before[end] - failed_before[start], futures_before[end] - futures_before[start]) for start, end in pairwise(bounds)]
    return [part_failed / part_futures if part_futures else 0.5 for part_failed, part_futures in sums]


def _sums(failed: Sequence[int], futures: Sequence[int]) -> tuple[list[int], list[int]]:
    """Sums over the probes before each position, the end included."""
    if len(failed) != len(futures):
        raise SettingError(f"failed has {len(failed)} probes and futures {len(futures)}, which must be as many; give both for each probe")
    for probe_failed, probe_futures in zip(failed, futures, strict=True):
        check_counts(probe_failed, probe_futures)
    return list(accumulate(failed, initial=0)), list(accumulate(futures, initial=0))


def _last_cuts(failed_before: list[int], futures_before: list[int], penalty: float) -> list[int]:
    """By end of a prefix of the probes: where the last segment of its best partition starts.

    Each segment pays the penalty, the first too, which is the same for all partitions.
    """
    costs = [0.0]
    last_cut = [0]
    starts = [0]
    for end in range(1, len(failed_before)):
        reached = []
        best, best_start = math.inf, 0
        for start in starts:
            cost = costs[start] + _misfit(failed_before[end] - failed_before[start], futures_before[end] - futures_before[start])
            reached.append(cost)
            if cost < best - _TIE:
                best, best_start = cost, start
        best += penalty
        costs.append(best)
        last_cut.append(best_start)
        # PELT: a start that costs more than stopping here does can't be the last cut of any longer prefix.
        starts = [start for start, cost in zip(starts, reached, strict=True) if cost <= best + _TIE]
        starts.append(end)
    return last_cut


def _misfit(failed: int, futures: int) -> float:
    """The negative log-likelihood of a segment at its best level, the binomial coefficients left out."""
    if failed in (0, futures):
        return 0.0
    passed = futures - failed
    return futures * math.log(futures) - failed * math.log(failed) - passed * math.log(passed)
