"""The snapshots that an engine holds: which one a timeline can begin from, and which one to give up first. Bookkeeping only."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

from crossroads.timeline.timelines import Past, Timeline

NO_PAST: Past = ((), (), ())


@dataclass(eq=False, slots=True)
class Rung:
    """One live snapshot.

    Args:
        point: where it sleeps; BARE and LOADED come before the start.
        past: what determined the run on its way there.
        channel: to its process.
        pid: of its process.
        parent: the snapshot below; None for the trunk.
        walked_s: CPU time of the way to it from where its walker began.
        used: count of the engine's jobs when it was last of use.
    """

    point: int
    past: Past
    channel: socket.socket
    pid: int
    parent: "Rung | None"
    used: int = 0
    walked_s: float = 0.0
    above: "list[Rung]" = field(default_factory=list)


class Ladder:
    """All the living snapshots of one trunk, the trunk itself first."""

    def __init__(self) -> None:
        self._rungs: list[Rung] = []

    def __len__(self) -> int:
        return len(self._rungs)

    def __iter__(self) -> Iterator[Rung]:
        return iter(list(self._rungs))

    def add(self, rung: Rung) -> None:
        """Take a new snapshot in."""
        self._rungs.append(rung)
        if rung.parent is not None:
            rung.parent.above.append(rung)

    def nearest(self, timeline: Timeline, at_most: int) -> Rung | None:
        """The highest snapshot at or below a point that this timeline can begin from."""
        fitting = [rung for rung in self._rungs if rung.point <= at_most and timeline.past(rung.point) == rung.past]
        return max(fitting, key=lambda rung: rung.point, default=None)

    def drop(self, rung: Rung) -> None:
        """Give a snapshot up, and all above it; their processes end when their channels close."""
        for other in list(rung.above):
            self.drop(other)
        rung.channel.close()
        self._rungs.remove(rung)
        if rung.parent is not None:
            rung.parent.above.remove(rung)

    def cheapest(self, keep_since: int) -> Rung | None:
        """The snapshot to evict first: nothing stands on it, it wasn't used since `keep_since`, and it's the nearest to the one below."""
        leaves = [rung for rung in self._rungs if not rung.above and rung.point > 0 and rung.used < keep_since]
        return min(leaves, key=lambda rung: rung.point - rung.parent.point if rung.parent else 0, default=None)
