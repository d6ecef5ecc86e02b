"""Who lives which timelines: a share for each engine, from which it takes some at a time, and others take over what is left in the end.

Snapshots are laid by each engine for itself, so what branches at the same point goes to the same engine unless it is a large part of all.
How long each future takes is known only afterwards, and one that fails may take a hundred times as long as one that doesn't.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from crossroads.timeline.timelines import Timeline

SPLIT_MIN: Final = 4
"""Fewer timelines than this aren't worth a second engine, unless there are as many as engines and they may be long."""


class Shares:
    """What is left to be lived, by engine.

    Args:
        shares: indices for each engine.
    """

    def __init__(self, shares: Sequence[Sequence[int]]) -> None:
        self._left = [list(share) for share in shares]

    def take(self, engine: int, least: int, most: int) -> list[int]:
        """What an engine is to live next: up to half of what it has left, of its own or of who has most left; [] where nothing is.

        Args:
            least: so many are taken at once, as far as the engine has them: fewer aren't worth a message. One is taken in any case.
            most: so many at most, unless `least` is more: those that are taken can't be taken over.
        """
        left = self._left[engine]
        if not left:
            longest = max(self._left, key=len)
            kept = len(longest) // 2
            left += longest[kept:]
            del longest[kept:]
        count = max(1, least, min(most, (len(left) + 1) // 2))
        taken = left[:count]
        del left[:count]
        return taken


def share_out(timelines: Sequence[Timeline], engines: int, split_min: int = SPLIT_MIN) -> list[list[int]]:
    """Indices for each engine: what branches at the same point stays together unless it is a large part of all."""
    shares: list[list[int]] = [[] for _ in range(engines)]
    if len(timelines) < split_min:
        shares[0] = list(range(len(timelines)))
        return shares
    groups: dict[int, list[int]] = defaultdict(list)
    for index, timeline in enumerate(timelines):
        groups[timeline.branch_point].append(index)
    for point in sorted(groups):
        group = groups[point]
        if len(group) * 2 * engines > len(timelines):
            for number, share in enumerate(sorted(shares, key=len)):
                share.extend(group[number::engines])
        else:
            min(shares, key=len).extend(group)
    return shares
