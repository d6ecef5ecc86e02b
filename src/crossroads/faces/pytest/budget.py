"""Time for all tests together, shared by need: what a test leaves is there for the others, and one that fails gets more, to be explained.

Pure but for the clock that it is given.
"""

import math
from collections.abc import Callable
from typing import Final

FAILING_SHARES: Final = 4
"""A test that fails may take as much of what is left as so many that don't."""

EXPLORING_SHARE: Final = 0.5
"""Of a test's own time, what exploring may take once a failure was found; the rest explains it."""

EXPLAINING_S_MIN: Final = 1.0


class Purse:
    """What is left of the time, and of the tests.

    Args:
        total_s: wall time for all tests, 0 < total_s.
        tests: how many there are, over all workers.
        workers: how many share them, 1 <= workers.
        clock: seconds, never backwards.
    """

    def __init__(self, total_s: float, tests: int, workers: int, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + total_s
        self._tests = math.ceil(tests / workers)
        self._done = 0

    def begin(self) -> None:
        """One more test begins."""
        self._done += 1

    @property
    def share_s(self) -> float:
        """Seconds for the test that has begun; what tests before it have left is in it."""
        return self._left_s / (self._others + 1)

    @property
    def explaining_s(self) -> float:
        """Seconds to explain its failure."""
        shares = FAILING_SHARES - 1
        return max(EXPLAINING_S_MIN, self._left_s * shares / (self._others + shares))

    @property
    def _left_s(self) -> float:
        return max(0.0, self._end - self._clock())

    @property
    def _others(self) -> int:
        """How many tests come after this one, at a guess: nobody knows which worker gets which."""
        return max(0, self._tests - self._done)
