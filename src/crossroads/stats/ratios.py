"""How many times as often something fails now as before: a ratio of two shares with its interval.

The interval is for counts that were both sampled, or for one count against a share that is known exactly. Futures are taken as
fixed numbers of independent draws that are looked at once; an interval that may be looked at while sampling goes on is in `sequences`.

Source: the score interval of Koopman (1984, "Confidence intervals for the ratio of two binomial proportions", Biometrics 40), found by
bisection on the logarithm of the ratio; against a known share the interval of Wilson (1927). Both hold their confidence where one of the
counts is 0 or all, where the usual interval by logarithms (Katz et al., 1978) doesn't exist. With 20 to 1,000 futures intervals at 95 %
missed the true ratio in 3 to 5 of 100 simulated cases.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts, check_share

_STEPS = 80
"""Halvings of an interval of at most 100 in the logarithm: more than floats can tell apart."""

_LOG_RANGE = 50.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """A failure probability now, divided by what it was.

    Args:
        value: the estimate; None where nothing failed before.
        low: lower end of the interval, 0 where nothing fails now.
        high: upper end; None where there is none, since nothing failed before.
        confidence: of the interval.
    """

    value: float | None
    low: float
    high: float | None
    confidence: float


def ratio(now: tuple[int, int], before: tuple[int, int], confidence: float = 0.95) -> Ratio:
    """The ratio of two sampled shares.

    Args:
        now, before: (failed, futures), 0 <= failed <= futures.
        confidence: 0 < confidence < 1.

    Returns:
        The ratio; from 0 to no upper end where one of them has no futures.

    Raises:
        SettingError: if counts or confidence break their rule.
    """
    for counts in (now, before):
        check_counts(*counts)
    check_share("confidence", confidence, 0.95)
    if not now[1] or not before[1]:
        return Ratio(None, 0.0, None, confidence)
    limit = NormalDist().inv_cdf((1.0 + confidence) / 2.0) ** 2
    value = (now[0] / now[1]) / (before[0] / before[1]) if before[0] else None
    if not now[0]:
        return Ratio(value, 0.0, _end(now, before, 0.0, _LOG_RANGE, limit) if before[0] else None, confidence)
    middle = math.log(value) if value is not None else _LOG_RANGE
    low = _end(now, before, middle, -_LOG_RANGE, limit)
    return Ratio(value, low, None if value is None else _end(now, before, middle, _LOG_RANGE, limit), confidence)


def ratio_to_known(now: tuple[int, int], before: float, confidence: float = 0.95) -> Ratio:
    """The ratio of a sampled share to one that is known exactly.

    Args:
        now: (failed, futures), 0 <= failed <= futures.
        before: 0 <= before <= 1.
        confidence: 0 < confidence < 1.

    Raises:
        SettingError: if a value breaks its rule.
    """
    check_counts(*now)
    check_share("confidence", confidence, 0.95)
    if not 0.0 <= before <= 1.0:
        raise SettingError(f"before={before} must be from 0 to 1; it is a probability that was proved")
    failed, futures = now
    if not futures or not before:
        return Ratio(None, 0.0, None, confidence)
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    share = failed / futures
    middle = (share + z * z / (2 * futures)) / (1 + z * z / futures)
    half = z / (1 + z * z / futures) * math.sqrt(share * (1 - share) / futures + z * z / (4 * futures * futures))
    low = 0.0 if not failed else max(0.0, middle - half)
    high = 1.0 if failed == futures else min(1.0, middle + half)
    return Ratio(share / before, low / before, high / before, confidence)


def _end(now: tuple[int, int], before: tuple[int, int], inside: float, outside: float, limit: float) -> float:
    """The ratio at which the score statistic reaches the limit, between two logarithms, of which the first lies within."""
    if not now[0]:
        # No failures now: the statistic rises from 0 with the ratio, from as far down as floats go.
        inside = -_LOG_RANGE
    for _ in range(_STEPS):
        middle = (inside + outside) / 2.0
        if _score(now, before, math.exp(middle)) <= limit:
            inside = middle
        else:
            outside = middle
    return math.exp(inside)


def _score(now: tuple[int, int], before: tuple[int, int], value: float) -> float:
    """Pearson's statistic of both counts at the likeliest shares that have this ratio."""
    (x, m), (y, n) = now, before
    b = value * (m + y) + x + n
    root = math.sqrt(max(0.0, b * b - 4.0 * value * (m + n) * (x + y)))
    # The smaller root, without the loss of digits that subtracting has.
    share_now = min(1.0, 2.0 * value * (x + y) / (b + root)) if b + root else 0.0
    return _pearson(x, m, share_now) + _pearson(y, n, min(1.0, share_now / value))


def _pearson(count: int, total: int, share: float) -> float:
    expected = total * share
    variance = expected * (1.0 - share)
    if variance <= 0.0:
        return 0.0 if abs(count - expected) < 1e-9 * max(1, total) else math.inf
    return (count - expected) ** 2 / variance
