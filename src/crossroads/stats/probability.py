"""A probability as it is reported: never without its interval and the number of futures behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Probability:
    """A failure probability estimated from futures, or proved by living all of them.

    Args:
        value: the estimate, 0 <= value <= 1; failed / futures, or exact.
        low, high: the interval, both ends included, 0 <= low <= value <= high <= 1.
        confidence: of the interval, however often it was looked at while sampling went on; 1 where all options were enumerated.
        futures: how many futures the estimate rests on; 0 means nothing is known (interval 0 to 1).
        failed: how many of them failed in the way that is being explained.
    """

    value: float
    low: float
    high: float
    confidence: float
    futures: int
    failed: int
