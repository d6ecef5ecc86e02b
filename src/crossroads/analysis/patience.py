"""After how many points a future that still goes on is given up, and counts as failing.

A program may be doomed long before it fails: a session whose peer is gone goes on until a limit of half a minute ends it. Each future that
fails then costs a thousand times as much as one that survives, and what is learnt at its end is known early: it went on. So once all
futures that ended otherwise have ended early, and enough others were lived to their end, nearly all are given up at twice that length. One
in `WHOLE_EVERY` still isn't: if it ends otherwise after all, everything that was concluded in that way is taken back. As long as none does,
those few bound how many of the others may have been misjudged (`doubt`), which is part of every number told.
"""

from typing import Final

from crossroads.stats.streaks import streak_level

WHOLE_FIRST: Final = 16
"""So many futures must have gone on and failed before others are given up."""

WHOLE_EVERY: Final = 16
"""One in so many is lived to its end whatever happens."""

OTHERS_MIN: Final = 8
"""Futures that ended otherwise before their length says anything."""

LENGTHS: Final = 2
"""So many times as long as the longest of those a future must go on to be given up."""

GAIN_MIN: Final = 4.0
"""A failing run so many times as long as that makes it worth it."""

DOUBT_DELTA: Final = 0.05


class Patience:
    """What the lengths of the futures of one failing run tell.

    Args:
        end: index of the end of the failing run.

    Attributes:
        limit: the point at which futures are given up; 0: none are.
        given_up: how many were.
        longest: the index of the end of the longest that ended otherwise.
    """

    def __init__(self, end: int) -> None:
        self._end = end
        self._failed: list[tuple[int, int]] = []
        self._asked = self._others = 0
        self.limit = self.given_up = self.longest = 0

    def limit_of_next(self, begin: int) -> int:
        """The limit of the next future that is asked for, which begins at this point."""
        self._asked += 1
        return self.limit if begin < self.limit and self._asked % WHOLE_EVERY else 0

    def note_failed(self, begin: int, end: int) -> None:
        """A future from this point was lived to its end, which is the failure in question."""
        self._failed.append((begin, end))

    def note_other(self, end: int) -> bool:
        """A future ended otherwise: whether others like it were given up."""
        self._others += 1
        self.longest = max(self.longest, end)
        return 0 < self.limit <= end

    @property
    def is_worth(self) -> bool:
        """Whether to give futures up would pay, and they aren't yet."""
        return not self.limit and self._others >= OTHERS_MIN and self._end >= GAIN_MIN * self._next_limit

    @property
    def seen(self) -> int:
        """Futures that went on beyond the limit and were lived to their end: each failed."""
        limit = self._next_limit
        return sum(begin < limit <= end for begin, end in self._failed)

    def end(self) -> None:
        """Give futures up from now on, if that pays and enough were seen to fail."""
        if self.is_worth and self.seen >= WHOLE_FIRST:
            self.limit = self._next_limit

    def begin_anew(self) -> None:
        """Give none up, until enough that are longer still were seen to fail."""
        self.limit = self.given_up = 0

    @property
    def doubt(self) -> float:
        """Of the futures given up, the share that may have ended otherwise: at most so many, at a confidence of 95 %."""
        return streak_level(self.seen, DOUBT_DELTA) if self.given_up else 0.0

    @property
    def _next_limit(self) -> int:
        return self.limit or LENGTHS * self.longest
