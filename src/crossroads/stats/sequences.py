"""Intervals for a failure probability that stay valid however often they are looked at.

Results stream, users stop early and sampling is adaptive, so repeated fixed-sample intervals would promise too much. These are
confidence sequences: with the stated confidence the truth lies in the intervals at all sample sizes at once. They leave to the
caller which futures are counted; each must be a fresh draw from the same distribution.

Source: the beta-binomial mixture (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021), with the Beta(1/2, 1/2) mixing density
and both sides at once. A p is kept while B(1/2 + s, 1/2 + n - s) / B(1/2, 1/2) < p^s (1 - p)^(n - s) / alpha, which by Ville's
inequality fails for the true p, at any n ever, with probability at most alpha.
"""

import math
from functools import lru_cache

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts, check_share
from crossroads.stats.probability import Probability

# Newton's method on a concave function settles in 4-6 steps; the limit is there for counts near the end of a float's precision.
_NEWTON_STEPS_MAX = 60
_LOG_ODDS_PRECISION = 1e-11


def interval(failed: int, futures: int, confidence: float = 0.95) -> tuple[float, float]:
    """The confidence sequence's interval for the failure probability after these counts.

    Half-widths at confidence 0.95: 0.10 at p = 0.5 takes about 300 futures, 0.05 about 1,360; a fixed-sample interval that may be
    looked at only once takes about a third of that.

    Args:
        failed: futures that failed, 0 <= failed <= futures.
        futures: all futures so far.
        confidence: that the truth lies in the interval at every sample size at once, 0 < confidence < 1.

    Returns:
        (low, high), both ends included, accurate to 1e-9: (0, 1) for 0 of 0, low = 0 where none failed, high = 1 where all did;
        failed / futures lies in it.

    Raises:
        SettingError: if the counts or the confidence break their rule.
    """
    check_counts(failed, futures)
    check_share("confidence", confidence, 0.95)
    return _ends(failed, futures, confidence)


def estimate(failed: int, futures: int, confidence: float = 0.95) -> Probability:
    """The failure probability estimated from these counts, with its `interval`.

    Args:
        failed: futures that failed, 0 <= failed <= futures.
        futures: all futures so far.
        confidence: of the interval, 0 < confidence < 1.

    Returns:
        The probability; for 0 of 0 its value is 0.5, the middle of the interval 0 to 1.

    Raises:
        SettingError: if the counts or the confidence break their rule.
    """
    low, high = interval(failed, futures, confidence)
    return Probability(_ratio(failed, futures), low, high, confidence, futures, failed)


def proved(value: float, futures: int, failed: int) -> Probability:
    """A failure probability that is exact because every remaining option was lived.

    Args:
        value: the exact probability, 0 <= value <= 1; not failed / futures where the options' weights differ.
        futures: how many futures were lived to know it.
        failed: how many of them failed, 0 <= failed <= futures.

    Returns:
        The probability with low = high = value and confidence 1.

    Raises:
        SettingError: if the counts break their rule, or value isn't in 0..1.
    """
    check_counts(failed, futures)
    if not 0.0 <= value <= 1.0:
        raise SettingError(f"value={value} must keep 0 <= value <= 1; add up the weights of the options that fail")
    return Probability(value, value, value, 1.0, futures, failed)


@lru_cache(maxsize=16384)
def _ends(failed: int, futures: int, confidence: float) -> tuple[float, float]:
    if futures == 0:
        return 0.0, 1.0
    value = failed / futures
    threshold = _log_mixture(failed, futures) + math.log1p(-confidence)
    low = _low(failed, futures, threshold)
    high = 1.0 - _low(futures - failed, futures, threshold)
    return min(low, value), max(high, value)


def _ratio(failed: int, futures: int) -> float:
    return failed / futures if futures else 0.5


def _log_mixture(failed: int, futures: int) -> float:
    """ln B(1/2 + s, 1/2 + n - s) - ln B(1/2, 1/2); B(1/2, 1/2) is pi."""
    return math.lgamma(failed + 0.5) + math.lgamma(futures - failed + 0.5) - math.lgamma(futures + 1.0) - math.log(math.pi)


def _low(failed: int, futures: int, threshold: float) -> float:
    """The smaller p at which the log-likelihood s ln p + (n - s) ln(1 - p) equals the threshold, which lies below its peak.

    Newton's method on the log-odds x = ln(p / (1 - p)): there the log-likelihood is concave and straight at the far end, so that the
    first step from anywhere left of the peak lands at or left of the root and the others climb to it without overshooting.
    """
    if failed == 0:
        return 0.0
    if failed == futures:
        return math.exp(threshold / futures)
    value = failed / futures
    peak = failed * math.log(value) + (futures - failed) * math.log1p(-value)
    odds = math.log(failed / (futures - failed)) - math.sqrt(2.0 * (peak - threshold) / (futures * value * (1.0 - value)))
    for _ in range(_NEWTON_STEPS_MAX):
        softplus = max(odds, 0.0) + math.log1p(math.exp(-abs(odds)))
        slope = failed - futures / (1.0 + math.exp(-odds))
        step = (threshold - failed * odds + futures * softplus) / slope
        odds += step
        if abs(step) < _LOG_ODDS_PRECISION:
            break
    return 1.0 / (1.0 + math.exp(-odds))
