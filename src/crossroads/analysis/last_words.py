"""The points of a run that dies without leaving a result: crashed, ended by `os._exit`, or killed at its wall limit.

Lived once more in the foreground it tells of each point as it meets it, all but what it chose there. Lived up to its last choice, by an
option that no choice has, it ends in order and leaves what it chose until then. Which options the last choice has is told by those runs
that survive it; the option taken there is the likeliest that dies as the run did.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from crossroads.analysis.replay import Life
from crossroads.snapshots.live import TRACE_MAX
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import CHOICE_KINDS, Point
from crossroads.timeline.timelines import Override, Timeline

SILENCE_S: Final = 5.0
"""A run that meets no point for so long is taken to be stuck."""

NO_OPTION: Final = 10**6
"""An option that no choice has."""

OPTIONS_MAX: Final = 16
"""Options of the last choice that are tried."""


class Lives(Protocol):
    """Where timelines of the program are lived."""

    def live(self, timelines: Sequence[Timeline], *, traced: bool = False, pristine: bool = False) -> list[Run]: ...

    def is_this(self, outcome: Outcome) -> bool: ...


def last_words(lives: Lives, timeline: Timeline) -> tuple[Point, ...]:
    """The points of a run that left none, in order, as far as they can be known; its last choice may be missing what it took.

    Args:
        lives: where it was lived.
        timeline: of the run.
    """
    met = _met(timeline)
    last = next((point.index for point in reversed(met) if point.kind in CHOICE_KINDS), None)
    if last is None:
        return tuple(met)
    known = lives.live([_forced(timeline, last, NO_OPTION)], traced=True)[0].trace
    until = [point for point in known if point.index < last]
    return (*until, *_last_choice(lives, timeline, last), *(point for point in met if point.index > last))


def _met(timeline: Timeline) -> list[Point]:
    """What a run tells of its points until it dies."""
    view = {"to": None, "watch": None, "pdb": False, "quiet": False, "witness": {"watch": [], "points": list(range(TRACE_MAX))}}
    points: list[Point] = []
    with tempfile.TemporaryFile(buffering=0) as printed, Life(timeline, view, "none", printed.fileno(), printed.fileno()) as life:
        life.limit(SILENCE_S)
        for message in life.messages():
            told = message.get("moment")
            if told is not None and told["kind"] != "end":
                points.append(Point(int(told["point"]), told["kind"], str(told["label"]), "", float(told["time"])))
    return points


def _last_choice(lives: Lives, timeline: Timeline, last: int) -> list[Point]:
    """The last choice with the option that it took, where some option survives it; else [], as then none decides."""
    dying: list[int] = []
    found: Point | None = None
    option = 0
    while option < (OPTIONS_MAX if found is None else len(found.options)):
        runs = lives.live([_forced(timeline, last, number) for number in (option, option + 1)], traced=True)
        for number, run in zip((option, option + 1), runs, strict=True):
            if run.outcome.kind == "diverged":
                return _settled(found, dying)
            if lives.is_this(run.outcome):
                dying.append(number)
            found = next((point for point in run.trace if point.index == last and point.options), found)
        option += 2
    return _settled(found, dying)


def _settled(found: Point | None, dying: Sequence[int]) -> list[Point]:
    if found is None or not dying:
        return []
    return [replace(found, taken=max(dying, key=lambda option: found.weights[option] if option < len(found.weights) else -1.0))]


def _forced(timeline: Timeline, point: int, option: int) -> Timeline:
    others = [override for override in timeline.overrides if override.point < point]
    return replace(timeline, overrides=(*others, Override(point, option)), outcome=None, digest="", points=0)
