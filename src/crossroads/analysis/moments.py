"""Times that were drawn at a turning point: how long it took in the failing run, and from which time on what follows is another.

Where a message has nothing to race against, or races within one option, no table of options says what decided. So futures are lived
from there, each with the time that it drew; half of them find the limit that tells them best apart, the others count on both sides of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import log
from typing import Final

from crossroads.analysis.account import AccountBuilder
from crossroads.analysis.inquiry import Inquiry, Spot
from crossroads.analysis.results import Moment

FUTURES: Final = 240
LEAST: Final = 60
"""How many of them are enough where they are dear."""

SIDE_MIN: Final = 4
"""Futures that must be on each side of a limit."""

Timed = tuple[float, bool]
"""How long it took, and whether the run failed."""


def find_moments(inquiry: Inquiry, builder: AccountBuilder) -> None:
    """Add to an account the times that decided at its turning points.

    Raises:
        BudgetSpent: there is no room for all of them; those found stay.
    """
    for turning in builder.build().turning_points:
        point = inquiry.path.point(turning.point)
        if point.took is None or (turning.options and turning.inner is None):
            continue
        moment = _moment(inquiry, (point.index, point.taken if turning.options else None), point.took)
        if moment is not None:
            builder.moments[point.index] = moment


def _moment(inquiry: Inquiry, spot: Spot, took: float) -> Moment | None:
    step = inquiry.path.step_of(spot[0])
    runs = inquiry.sample({spot: inquiry.affordable(FUTURES, LEAST, step, step + 1)}, trace=(spot[0],))
    timed = [
        (point.took, bool(failed))
        for run in runs
        for point in run.trace
        if point.took is not None and (failed := inquiry.fails(run.outcome)) is not None
    ]
    if not timed:
        return None
    moment = Moment(took, sum(seconds < took for seconds, _ in timed) / len(timed), futures=len(timed))
    limit = best_limit(timed[::2])
    if limit is None:
        return moment
    up_to, longer = ([failed for seconds, failed in timed[1::2] if (seconds > limit) == above] for above in (False, True))
    if not up_to or not longer:
        return moment
    below, above = inquiry.estimate(sum(up_to), len(up_to)), inquiry.estimate(sum(longer), len(longer))
    is_apart = below.high < above.low or above.high < below.low
    return replace(moment, limit=limit, up_to=below, longer=above) if is_apart else moment


def best_limit(timed: Sequence[Timed]) -> float | None:
    """The time at which the runs up to it and those beyond it differ most, by the likelihood of their counts; None where none is."""
    ordered = sorted(timed)
    failed = [0, *accumulate(fails for _, fails in ordered)]
    most, limit = 0.0, None
    whole = _likelihood(failed[-1], len(ordered))
    for count in range(SIDE_MIN, len(ordered) - SIDE_MIN + 1):
        if ordered[count - 1][0] == ordered[count][0]:
            continue
        gain = _likelihood(failed[count], count) + _likelihood(failed[-1] - failed[count], len(ordered) - count) - whole
        if gain > most:
            most, limit = gain, (ordered[count - 1][0] + ordered[count][0]) / 2
    return limit


def _likelihood(failed: int, count: int) -> float:
    """The logarithm of the likelihood of a share, at its maximum."""
    return sum(part * log(part / count) for part in (failed, count - failed) if part)
