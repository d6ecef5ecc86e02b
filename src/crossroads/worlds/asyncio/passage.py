# cython: annotation_typing=True
"""A flight as the traffic keeps it: plain numbers that say from when on it may land, and what is drawn for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crossroads.timeline.hashing import Four

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Descriptor


class Passage:
    """A flight, from its launch to its landing.

    Attributes:
        floor: before this time it can't land: as it takes so long at the least, or since it is behind another.
        known: by this time it hasn't arrived by itself.
        numbers: what is drawn for it: its split, its first race, its latency, its passes.
    """

    __slots__ = (
        "arrive",
        "dropped",
        "due",
        "floor",
        "followers",
        "known",
        "label",
        "landed",
        "lost",
        "numbers",
        "order",
        "pace",
        "since",
        "socket",
        "units",
    )

    label: Any
    arrive: Callable[[], None]
    since: int
    order: int
    floor: int
    known: int
    due: int
    landed: bool
    dropped: bool
    followers: "list[Passage] | None"
    lost: int
    pace: float
    socket: "Descriptor | None"
    units: object
    numbers: Four

    def __lt__(self, other: "Passage") -> bool:
        """Whether it lands before the other one."""
        return self.due < other.due or (self.due == other.due and self.order < other.order)

    def __str__(self) -> str:
        return str(self.label)
