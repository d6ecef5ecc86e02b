"""Points: the numbered places in a run where it can be looked at, stopped, or returned to."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

PointKind = Literal["start", "mark", "event", "draw", "decide", "chance", "schedule", "latency", "fault", "end"]

POINT_KINDS: Final[tuple[str, ...]] = get_args(PointKind)

CHOICE_KINDS: Final[frozenset[str]] = frozenset(("decide", "chance", "schedule", "latency", "fault"))
"""Kinds of points that have options: `decide` is the program's own choice, the others are the world's."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place in a run, as it was met.

    Args:
        index: 0 is the start, n the end; in between one for each mark, choice and world event.
        kind: what stands there.
        label: the name that the program or the world gave it.
        where: "file:line in function", "" where unknown.
        time: seconds of world time since the start.
        options: the texts of the options of a choice point, in order; () elsewhere.
        taken: index into `options` of the one taken; None where there are none.
        weights: the probability of each option, summing to 1; () elsewhere.
        name: of a choice point, without what is said of it beside; "" elsewhere.
        occurrence: how many choices of this name came before it in its run.
        draws: 8 hexadecimal digits for the state of what the program draws from by itself; "" where unknown.
        moot: whether nothing was drawn or chosen between this point and the next, so that q is the same at both.
        took: seconds of world time that what stands there takes, where they were drawn there; None elsewhere.
        ran_out: the program's timers that have run out since the point before, in order; "" where there may be some that weren't seen.
    """

    index: int
    kind: PointKind
    label: str = ""
    where: str = ""
    time: float = 0.0
    options: tuple[str, ...] = ()
    taken: int | None = None
    weights: tuple[float, ...] = ()
    moot: bool = False
    name: str = ""
    occurrence: int = 0
    draws: str = ""
    took: float | None = None
    ran_out: tuple[str, ...] = field(default=(), compare=False)
