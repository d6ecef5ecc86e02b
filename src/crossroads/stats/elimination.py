"""Which of several options fails least often, in few futures.

Successive elimination: all options are tried side by side, and one that is known to fail more often than another is tried no more.
An option stays dropped once it was. Living the futures, round by round, is the caller's matter; 8 for each living option is usual.

Source: Even-Dar, Mannor & Mansour (2006), with the confidence sequence of `sequences` at alpha / arms for each option, so that all
intervals hold at once, at any time, with the stated confidence.
"""

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts, check_share
from crossroads.stats.sequences import interval


class Elimination:
    """A race of options ("arms", numbered from 0) for the lowest failure probability; sans I/O.

    With the stated confidence the best arm is never dropped, whenever the race is stopped.

    Args:
        arms: how many options there are, at least 1.
        confidence: of all that the race says, 0 < confidence < 1.
        tolerance: arms this close to one another are as good, 0 < tolerance < 1.

    Raises:
        SettingError: if an argument breaks its rule.
    """

    __slots__ = ("_alive", "_confidence", "_counts", "_intervals", "_tolerance")

    def __init__(self, arms: int, confidence: float = 0.95, tolerance: float = 0.05) -> None:
        if arms < 1:
            raise SettingError(f"arms={arms} must be at least 1; a point without options has nothing to choose from")
        check_share("confidence", confidence, 0.95)
        check_share("tolerance", tolerance, 0.05)
        self._confidence = 1.0 - (1.0 - confidence) / arms
        self._tolerance = tolerance
        self._counts = [(0, 0)] * arms
        self._intervals = [(0.0, 1.0)] * arms
        self._alive = list(range(arms))

    def record(self, arm: int, failed: int, futures: int) -> None:
        """Take in the counts of more futures that took one option.

        Args:
            arm: its number, 0 <= arm < arms; one that was dropped may go on being counted and stays dropped.
            failed: how many failed.
            futures: how many there were, 0 <= failed <= futures.

        Raises:
            SettingError: if there is no such arm or the counts break their rule.
        """
        if not 0 <= arm < len(self._counts):
            raise SettingError(f"arm={arm} must keep 0 <= arm < {len(self._counts)}; number the options from 0")
        check_counts(failed, futures)
        failed_before, futures_before = self._counts[arm]
        self._counts[arm] = (failed_before + failed, futures_before + futures)
        self._intervals[arm] = interval(*self._counts[arm], self._confidence)
        high_min = min(self._intervals[other][1] for other in self._alive)
        self._alive = [other for other in self._alive if self._intervals[other][0] <= high_min]

    @property
    def alive(self) -> list[int]:
        """The arms still in the race, in rising order, at least one: those to run more futures for."""
        return list(self._alive)

    @property
    def done(self) -> bool:
        """Whether one arm is left, or those left are as good as each other: each interval narrower than twice the tolerance."""
        if len(self._alive) == 1:
            return True
        widths = [high - low for low, high in (self._intervals[arm] for arm in self._alive)]
        return max(widths) < 2.0 * self._tolerance

    @property
    def best(self) -> list[int]:
        """The arms not known to fail more often than the best, at least one, the lowest estimate first; several are a tie.

        An arm without futures counts as the middle, 0.5.
        """
        return sorted(self._alive, key=self._estimate)

    def _estimate(self, arm: int) -> float:
        failed, futures = self._counts[arm]
        return failed / futures if futures else 0.5
