"""The curve as it is drawn: what was estimated from a few futures at each point, without the noise that this has.

Between two turning points the failure probability moves in small steps only, so the futures of neighbouring points are pooled; never
across a turning point, and never where it was proved. The numbers of a report are not touched by this, nor is its JSON.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from crossroads.analysis.results import Account
from crossroads.stats.probability import Probability

WINDOW_SHARE = 1 / 30
"""Points within this part of the run's length on each side are pooled."""


def smooth(account: Account, last: int) -> tuple[tuple[int, float], ...]:
    """(point, q) of the points that were looked at and of both sides of each turning point, in order.

    Args:
        account: its curve and turning points.
        last: index of the last point of the run; points beyond count as it.
    """
    known = _known(account, last)
    points = sorted(known)
    cuts = sorted(step.point for step in account.turning_points)
    reach = int(last * WINDOW_SHARE)
    failed = [0.0, *accumulate(_sampled(known[point]) * known[point].value for point in points)]
    futures = [0.0, *accumulate(_sampled(known[point]) for point in points)]

    def pooled(point: int) -> float:
        """The mean over the point's neighbours in its own segment, weighted by their futures."""
        if known[point].confidence >= 1:
            return known[point].value
        segment = bisect_left(cuts, point)
        first = max(point - reach, cuts[segment - 1] + 1 if segment else 0)
        end = min(point + reach, cuts[segment] if segment < len(cuts) else point + reach)
        begin, stop = bisect_left(points, first), bisect_right(points, end)
        return (failed[stop] - failed[begin]) / (futures[stop] - futures[begin])

    return tuple((point, pooled(point)) for point in points)


def _known(account: Account, last: int) -> dict[int, Probability]:
    known = {min(point.point, last): point.failure for point in account.curve}
    for step in account.turning_points:
        for point, failure in ((step.point, step.before), (step.point + 1, step.after)):
            there = known.get(min(point, last))
            known[min(point, last)] = failure if there is None or _weight(failure) >= _weight(there) else there
    return {point: failure for point, failure in known.items() if _weight(failure)}


def _sampled(failure: Probability) -> float:
    return 0.0 if failure.confidence >= 1 else float(failure.futures)


def _weight(failure: Probability) -> float:
    return float("inf") if failure.confidence >= 1 else failure.futures
