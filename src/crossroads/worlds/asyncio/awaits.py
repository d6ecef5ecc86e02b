"""What the points at which a coroutine may be cancelled are called: written by the world, read by the analysis. Pure texts."""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from crossroads.timeline.points import Point

EVERY: Final = "*"
"""In place of a name: the outermost coroutine of every task."""

Moment = Literal["begins", "lasts", "is over"]
"""Of an await: it has just begun to wait; it has waited before and still does while the loop is busy; what it waits for is there, and
its task hasn't run yet."""

MOMENTS: Final[tuple[str, ...]] = get_args(Moment)

_NAME: Final = re.compile(rf"([0-9]{{1,18}})(?:st|nd|rd|th) await of (.+) ({'|'.join(MOMENTS)})", re.DOTALL)
_WITHIN: Final = re.compile(r" \(within (.+)\)\Z", re.DOTALL)
_CHAIN: Final = " > "


@dataclass(frozen=True, slots=True)
class Met:
    """One moment of one await, as a run has met it.

    Args:
        number: of the await among those of its name, 1 <= number.
        name: of the coroutine.
        moment: of the await.
        point: index of the point.
        where: "file:line in function" of the coroutine that was named.
        within: places of the coroutines below it that aren't the standard library's, outermost first.
    """

    number: int
    name: str
    moment: Moment
    point: int
    where: str
    within: tuple[str, ...]


def name_of(number: int, name: str, moment: Moment) -> str:
    """ "3rd await of Pool.acquire is over": no other point of a run is called so."""
    return f"{_ordinal(number)} await of {name} {moment}"


def note_of(within: tuple[str, ...]) -> str:
    """What stands beside the name for a reader; "" where the coroutine itself waits."""
    return f"(within {_CHAIN.join(within)})" if within else ""


def met_at(point: Point) -> Met | None:
    """The moment of an await that a recorded point is; None for any other point."""
    if point.kind != "fault" or len(point.options) > len(OPTIONS):
        return None
    within = _WITHIN.search(point.label)
    found = _NAME.fullmatch(point.label[: within.start()] if within else point.label)
    if found is None:
        return None
    chain = tuple(within[1].split(_CHAIN)) if within else ()
    return Met(int(found[1]), found[2], cast(Moment, found[3]), point.index, point.where, chain)


OPTIONS: Final = ("go on", "cancel it")
"""Of such a point; the second one is never drawn."""

CANCELLED: Final = 1


def _ordinal(number: int) -> str:
    last = number % 100
    return f"{number}{'th' if 10 < last < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
