"""Failures in a row: how many show that nearly every future fails, and what a streak so far shows.

A streak is a sequential test of "the failure probability is at most 1 - eps", valid at any stopping time: if it were so, a streak
this long would have come up with probability at most delta. It holds for one place chosen beforehand; a search that tries several
divides its delta among them.
"""

import math

from crossroads.errors import SettingError
from crossroads.stats.checks import check_share

# A quotient of two logarithms that is a whole number in truth may come out a little above it.
_ROUNDING = 1e-12


def streak_needed(eps: float, delta: float) -> int:
    """How many failures in a row show, at level delta, that the failure probability is above 1 - eps.

    Args:
        eps: the chance of survival that is to be excluded, 0 < eps < 1.
        delta: the probability of a wrong answer that is accepted, 0 < delta < 1.

    Returns:
        ceil(ln(1 / delta) / -ln(1 - eps)), at least 1; for example 299 for eps = 0.01 and delta = 0.05.

    Raises:
        SettingError: if eps or delta isn't strictly between 0 and 1.

    Source: the likelihood-ratio test of Wald (1945) where no success has been seen.
    """
    check_share("eps", eps, 0.01)
    check_share("delta", delta, 0.05)
    return math.ceil(math.log(delta) / math.log1p(-eps) * (1.0 - _ROUNDING))


def streak_level(streak: int, delta: float) -> float:
    """The chance of survival that this many failures in a row exclude, at level delta.

    Args:
        streak: failures in a row, nothing else seen, streak >= 0.
        delta: the probability of a wrong answer that is accepted, 0 < delta < 1.

    Returns:
        eps with (1 - eps)^streak = delta, 0 < eps <= 1: the failure probability is at least 1 - eps; 1 for a streak of 0.

    Raises:
        SettingError: if streak is negative, or delta isn't strictly between 0 and 1.
    """
    check_share("delta", delta, 0.05)
    if streak < 0:
        raise SettingError(f"streak={streak} must be at least 0; count the failures since the last survivor")
    return -math.expm1(math.log(delta) / streak) if streak else 1.0
