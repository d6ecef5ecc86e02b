"""How much a failure probability changed from one point to the next, and when that is settled.

Two tools with two kinds of promise. `difference` may be looked at any time and is what is reported; `is_settled` decides sooner,
in fewer futures, and its error rates are those that were simulated. Both want fresh futures: counts that made the
point a candidate in the first place overstate its jump.
"""

import math
from typing import Literal

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts, check_share
from crossroads.stats.sequences import interval

Verdict = Literal["jump", "no jump", "open"]


def difference(before: tuple[int, int], after: tuple[int, int], confidence: float = 0.95) -> tuple[float, float, float]:
    """The step of q between two points, with an interval that is valid at any time.

    Args:
        before: (failed, futures) at the first point.
        after: (failed, futures) at the second.
        confidence: of the interval, however often it was looked at, 0 < confidence < 1; what may go wrong is shared evenly by the two
            points' confidence sequences.

    Returns:
        (value, low, high) of q after less q before, -1 <= low <= value <= high <= 1; a point without futures counts as 0.5 in the value
        and as unknown in the interval.

    Raises:
        SettingError: if counts or confidence break their rule.
    """
    check_share("confidence", confidence, 0.95)
    each = 0.5 + 0.5 * confidence
    before_low, before_high = interval(*before, each)
    after_low, after_high = interval(*after, each)
    return _share(after) - _share(before), after_low - before_high, after_high - before_low


def is_settled(
    before: tuple[int, int],
    after: tuple[int, int],
    size: float = 0.15,
    margin: float = 0.05,
    *,
    confidence: float = 0.98,
    futures_max: int = 900,
) -> Verdict:
    """Whether |q after - q before| is at least `size`, or not, or needs more futures.

    Wald's (1945) sequential test of |D| = size + margin against |D| = size - margin. The log-likelihood ratio is that of normal
    distributions, 2 margin (|d| - size) / variance, with d the observed difference and its variance at the pair of levels that is
    exactly `size` apart around the observed middle, which stays honest where one level is 0 or 1. A jump between the two sizes may
    come out either way.

    Not an anytime guarantee: the error rates were simulated, with a look after every 10 futures a side. With the default settings a jump
    of 0.2 or more is called "jump", and one of 0.1 or less "no jump", in at least 97 % of cases at any levels. Clear cases settle early
    (medians a side: 0 against 0.5 about 50, 0.3 against 0.3 about 140), the hardest (0.4 against 0.6) at 320. With 500 futures a side at
    most, the hardest are right in 93-94 %, and no test does much better: the likelihood-ratio test of 0.4 against 0.6 and 0.45
    against 0.55 with exactly 500 a side is right in less than 95 %.

    Args:
        before: (failed, futures) at the first point, fresh.
        after: (failed, futures) at the second, fresh; about as many.
        size: the jump that matters, 0 < size < 1.
        margin: half of the range of sizes that may come out either way, 0 < margin <= size and size + margin <= 1.
        confidence: sets the threshold ln(confidence / (1 - confidence)), 0.5 < confidence < 1.
        futures_max: with so many futures on each side the likelier answer is given; at least 1.

    Returns:
        "jump", "no jump", or "open" where more futures are needed; never "open" from `futures_max` on. Always a text: compare it.

    Raises:
        SettingError: if counts or settings break their rule.
    """
    _check_settings(size, margin, confidence, futures_max)
    check_counts(*before)
    check_counts(*after)
    futures_least = min(before[1], after[1])
    if futures_least == 0:
        return "open"
    found = evidence(before, after, size, margin)
    if futures_least < futures_max and abs(found) < math.log(confidence / (1.0 - confidence)):
        return "open"
    return "jump" if found >= 0.0 else "no jump"


def evidence(before: tuple[int, int], after: tuple[int, int], size: float, margin: float) -> float:
    """The log-likelihood ratio of |D| = size + margin against |D| = size - margin.

    Args:
        before, after: (failed, futures) at two points, at least one future at each.
        size: the jump that matters, 0 < size < 1.
        margin: 0 < margin <= size.
    """
    middle = (_smoothed(before) + _smoothed(after)) / 2.0
    middle = min(max(middle, size / 2.0), 1.0 - size / 2.0)
    low, high = middle - size / 2.0, middle + size / 2.0
    spread_low, spread_high = low * (1.0 - low), high * (1.0 - high)
    # Which side is the lower one is uncertain too: the larger variance, which differs only where the counts are uneven.
    variance = max(spread_low / before[1] + spread_high / after[1], spread_high / before[1] + spread_low / after[1])
    return 2.0 * margin * (abs(_share(after) - _share(before)) - size) / variance


def _share(counts: tuple[int, int]) -> float:
    failed, futures = counts
    return failed / futures if futures else 0.5


def _smoothed(counts: tuple[int, int]) -> float:
    failed, futures = counts
    return (failed + 0.5) / (futures + 1.0)


def _check_settings(size: float, margin: float, confidence: float, futures_max: int) -> None:
    check_share("size", size, 0.15)
    if not 0.0 < margin <= size or size + margin > 1.0:
        raise SettingError(f"margin={margin} must keep 0 < margin <= size={size} and size + margin <= 1; a third of the size is usual")
    if not 0.5 < confidence < 1.0:
        raise SettingError(f"confidence={confidence} must lie between 0.5 and 1, both excluded; 0.98 is the usual choice")
    if futures_max < 1:
        raise SettingError(f"futures_max={futures_max} must be at least 1; 900 settles the hardest cases")
