"""The failing run's points, those between which nothing is drawn or chosen taken together: q is the same at each of them.

A step is such a stretch of points; the failing run is the sequence of steps 0..count - 1, the last of them its end.
"""

from bisect import bisect_right
from collections.abc import MutableMapping, Sequence
from math import inf

from crossroads.snapshots.plans import Reach
from crossroads.timeline.points import CHOICE_KINDS, Point

Paths = MutableMapping[str, "Path"]
"""Paths of failing runs by their digests, for as long as the code is what it was when they were traced."""


class Path:
    """The points of one run.

    Args:
        end: index n of the end.
        points: those that are known, in order: all of 0..n, or in a very long run the first ones, behind which every point is a step of
            its own.
    """

    def __init__(self, end: int, points: Sequence[Point]) -> None:
        self.end = end
        self._points = {point.index: point for point in points}
        self._known = len(points) if [point.index for point in points] == list(range(len(points))) else 0
        # The end is always a step of its own: q is 1 there by definition, whatever it was just before.
        self._lasts = [point.index for point in points[: self._known] if not point.moot or point.index >= end - 1]

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self._lasts) + self.end + 1 - self._known

    def last(self, step: int) -> int:
        """The last point of a step: the one at which something is drawn or chosen, and from which futures are branched."""
        beyond = step - len(self._lasts)
        return self._lasts[step] if beyond < 0 else self._known + beyond

    def first(self, step: int) -> int:
        """The first point of a step."""
        return 0 if step == 0 else self.last(step - 1) + 1

    def step_of(self, point: int) -> int:
        """The step that a point lies in."""
        return bisect_right(self._lasts, point - 1) if point < self._known else len(self._lasts) + point - self._known

    def step_at(self, reach: Reach) -> int:
        """The step that the run was in when it had come so far: to a point, or by a world time."""
        if reach.time:
            later = next((point.index for point in self.trace if point.time > reach.time), self.end)
            return self.step_of(max(0, later - 1))
        return self.step_of(min(reach.point, self.end))

    def reach(self, point: int) -> Reach:
        """How far the run had come at a point; beyond any time where that isn't known."""
        return Reach(point, self.point(point).time if self.is_known(point) else inf)

    def learn(self, points: Sequence[Point]) -> None:
        """Take in points of a run that is too long to know all of them."""
        self._points.update((point.index, point) for point in points)

    def point(self, index: int) -> Point:
        """The point at an index, a nameless mark where it isn't known."""
        return self._points.get(index) or Point(index, "mark")

    def is_known(self, index: int) -> bool:
        """Whether more than its number is known of a point."""
        return index in self._points

    @property
    def trace(self) -> list[Point]:
        """The known points, in order."""
        return [self._points[index] for index in sorted(self._points)]

    @property
    def choices(self) -> list[Point]:
        """The known points with at least two options, in order."""
        return [point for point in self.trace if is_choice(point)]

    @property
    def is_imposed(self) -> bool:
        """Whether the run took an option that is never drawn, as a cancellation: then no future from before it is like this run."""
        return any(point.taken is not None and not point.weights[point.taken] for point in self.choices)


def is_choice(point: Point) -> bool:
    """Whether there was something to choose."""
    return point.kind in CHOICE_KINDS and len(point.options) > 1
