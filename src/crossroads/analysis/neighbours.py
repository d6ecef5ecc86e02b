"""The nearest survivor of a failing run: the run that ends well of those that differ from it in one choice, as choices are drawn by name.

Everything later is then drawn as before, so the two stay as like each other as they can. The one notion of nearness, for reports that
show the two side by side as for the shortest way to a failure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crossroads.analysis.matching import plain_text
from crossroads.analysis.path import is_choice
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Timeline

NEIGHBOURS_MAX: Final = 240
"""Runs with one other option that are tried for a survivor."""

BATCH: Final = 24

COMPARED_MAX: Final = 6
"""Survivors of a batch that are compared with the failing run, the first ones."""


@dataclass(frozen=True, slots=True)
class Change:
    """A run with one other option than the failing one.

    Args:
        timeline: not lived yet.
        point: the choice point, as the failing run met it.
        option: index of the option that is taken there instead.
    """

    timeline: Timeline
    point: Point
    option: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A survivor with one other option.

    Args:
        timeline: lived.
        point, option: what was changed.
        different: choices at which it does otherwise than the failing run, that one included.
    """

    timeline: Timeline
    point: Point
    option: int
    different: int


Live = Callable[[Sequence[Timeline], bool], list[Run]]
"""Lives timelines; with their traces where that is wanted."""


def nearest_survivor(live: Live, changes: Sequence[Change], failing: Sequence[Point], batch_size: int = BATCH) -> Neighbour | None:
    """The survivor with the fewest differing choices, of the first batch of changes in which any survives.

    Args:
        live: what lives them.
        changes: those wanted most come first; at most NEIGHBOURS_MAX are tried.
        failing: points of the failing run.
        batch_size: of a batch.

    Returns:
        The first of equals; None where none of them ends well.
    """
    tried = changes[:NEIGHBOURS_MAX]
    for begin in range(0, len(tried), batch_size):
        batch = tried[begin : begin + batch_size]
        runs = live([change.timeline for change in batch], False)
        survivors = [change for change, run in zip(batch, runs, strict=True) if is_saved(run.outcome)][:COMPARED_MAX]
        if survivors:
            lives = live([change.timeline for change in survivors], True)
            found = [
                Neighbour(run.timeline, change.point, change.option, differing(failing, run.trace))
                for change, run in zip(survivors, lives, strict=True)
                if is_saved(run.outcome)
            ]
            return min(found, key=lambda one: one.different, default=None)
    return None


def other_options(points: Sequence[Point]) -> list[tuple[Point, int]]:
    """All options that weren't taken and could have been, those of the latest choice first."""
    return [
        (point, option)
        for point in reversed([point for point in points if is_choice(point)])
        for option, weight in enumerate(point.weights)
        if option != point.taken and weight > 0
    ]


def is_saved(outcome: Outcome) -> bool:
    """Whether a run ended well."""
    return outcome.kind == "passed" or (outcome.kind == "exited" and outcome.code == 0)


def differing(one: Sequence[Point], other: Sequence[Point]) -> int:
    """Choices, by name and occurrence, at which two runs take different options, or that only one of them meets.

    Messages may carry something else.
    """
    first, second = ({(point.name, point.occurrence): _taken(point) for point in points if is_choice(point)} for points in (one, other))
    return sum(first.get(key) != second.get(key) for key in {**first, **second})


def _taken(point: Point) -> str:
    return "" if point.taken is None else plain_text(point.options[point.taken])
