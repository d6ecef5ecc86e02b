"""How far a future may go before it is given up, and counts as failing.

A program may be doomed long before it fails: a session whose peer is gone goes on until a limit of half a minute ends it, and a loop that
has lost what it waits for until the world's own time is up. Each future that fails then costs a thousand times as much as one that
survives, and what is learnt at its end is known early: it went on. So once all futures that ended otherwise have ended early, and enough
others were lived to their end, nearly all are given up when they have gone twice as far, in points or, where only that pays, in world time.
A few still aren't, see `whole_every`: if one of those ends otherwise after all, everything that was concluded in that way is taken back. As
long as none does, they bound how many of the others may have been misjudged (`doubt`), which is part of every number told.
"""

from typing import Final, Literal

from crossroads.snapshots.plans import NO_LIMIT, Reach
from crossroads.stats.streaks import streak_level

WHOLE_FIRST, WHOLE_LEAST = 16, 6
"""So many futures must have gone on and failed before others are given up, and at least so many however dear they are."""

WHOLE_EVERY = 16
"""One in so many is lived to its end whatever happens, unless there isn't the time for that."""

USUAL_IN_ALL: Final = 2_000
"""So many futures, roughly, an account takes where they are dear."""

OTHERS_MIN: Final = 8
"""Futures that ended otherwise before their length says anything."""

LENGTHS: Final = 2
"""So many times as far as the one of those that went furthest a future must go to be given up."""

GAIN_MIN: Final = 4.0
"""A failing run that goes so many times further makes it worth it; by world time, which needn't cost anything, it must also take so many
times as long."""

DOUBT_DELTA: Final = 0.05

Measure = Literal["point", "time"]


class Patience:
    """What the lengths of the futures of one failing run tell.

    Args:
        end: how far the failing run went.

    Attributes:
        limit: how far futures may go; NO_LIMIT: as far as they will.
        whole_every: one in so many may whatever the limit.
        given_up: how many were.
        longest: how far the others went at most, by each measure.
    """

    def __init__(self, end: Reach) -> None:
        self._end = end
        self._failed: list[tuple[Reach, Reach]] = []
        self._asked = self._others = 0
        self._failed_s = self._others_s = 0.0
        self._timed = 0
        self.limit = self.longest = NO_LIMIT
        self.whole_every = WHOLE_EVERY
        self.given_up = 0

    def limit_of_next(self) -> Reach:
        """The limit of the next future that is asked for; one that begins behind it is given up as soon as it goes on."""
        self._asked += 1
        return self.limit if self._asked % self.whole_every else NO_LIMIT

    def note_failed(self, begin: Reach, end: Reach, seconds: float | None = None) -> None:
        """A future from here was lived to its end, which is the failure in question, in so many seconds; None: nobody knows."""
        self._failed.append((begin, end))
        if seconds is not None:
            self._timed += 1
            self._failed_s += seconds

    def note_other(self, end: Reach, seconds: float = 0.0) -> bool:
        """A future ended otherwise: whether others like it were given up."""
        self._others += 1
        self._others_s += seconds
        self.longest = Reach(max(self.longest.point, end.point), max(self.longest.time, end.time))
        return self.is_limited and not _is_within(end, self.limit)

    @property
    def is_limited(self) -> bool:
        """Whether futures are given up."""
        return self.limit != NO_LIMIT

    @property
    def is_worth(self) -> bool:
        """Whether to give futures up would pay, and they aren't yet."""
        return not self.is_limited and self._others >= OTHERS_MIN and self._measure is not None

    def note_hung(self, futures: int, seconds: float) -> None:
        """So many futures of others, from the start, are known to have gone on until the world's clock said this."""
        for _ in range(futures):
            self.note_failed(Reach(), Reach(time=seconds))

    @property
    def survived(self) -> Reach:
        """How far the others went at most, by the measure by which futures are given up, or would be."""
        goes_by_time = self.limit.time or (not self.is_limited and self._measure == "time")
        return Reach(time=self.longest.time) if goes_by_time else Reach(point=self.longest.point)

    @property
    def seen(self) -> int:
        """Futures that went on beyond the limit and were lived to their end: each failed."""
        limit = self._next_limit
        return sum(_is_within(begin, limit) and not _is_within(end, limit) for begin, end in self._failed)

    def end(self, affordable: int = USUAL_IN_ALL) -> None:
        """Give futures up from now on, if that pays and enough were seen to fail; so many may be lived to their end yet."""
        if self.is_worth and self.seen >= whole_needed(affordable):
            self.limit = self._next_limit
            self.whole_every = max(WHOLE_EVERY, round(USUAL_IN_ALL / max(1, affordable)))

    def begin_anew(self) -> None:
        """Give none up, until enough that go further still were seen to fail."""
        self.limit, self.given_up = NO_LIMIT, 0

    def shortened(self, seconds: float) -> float:
        """What futures that took so many seconds each take where some are given up, roughly."""
        if self.limit.point:
            return seconds * self.limit.point / self._end.point
        return min(seconds, LENGTHS * self._others_s / max(self._others, 1))

    @property
    def doubt(self) -> float:
        """Of the futures given up, the share that may have ended otherwise: at most so many, at a confidence of 95 %."""
        return streak_level(self.seen, DOUBT_DELTA) if self.given_up else 0.0

    @property
    def _next_limit(self) -> Reach:
        if self.is_limited:
            return self.limit
        if self._measure == "time":
            return Reach(time=LENGTHS * self.longest.time)
        return Reach(point=LENGTHS * self.longest.point)

    @property
    def _measure(self) -> Measure | None:
        """By what futures are to be given up, if that pays."""
        if self._end.point >= GAIN_MIN * LENGTHS * self.longest.point:
            return "point"
        failed_s = self._failed_s / max(self._timed, 1)
        is_dear = failed_s >= GAIN_MIN * self._others_s / max(self._others, 1) > 0
        return "time" if is_dear and self._end.time >= GAIN_MIN * LENGTHS * self.longest.time > 0 else None


def whole_needed(affordable: int) -> int:
    """How many must have gone on and failed before others are given up, where so many can be lived to their end."""
    return min(WHOLE_FIRST, max(WHOLE_LEAST, affordable))


def _is_within(reach: Reach, limit: Reach) -> bool:
    """Whether a life that has come so far is within a limit by the one measure that it has."""
    return reach.point < limit.point or reach.time < limit.time
