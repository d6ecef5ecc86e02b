"""In which order sets iterate that hold tasks, or objects of the program's own classes: a choice for each kind, once in a run.

Other classes' objects are in sets as well; what order these have follows from the seed, and isn't told.
"""

import asyncio
import sys
from asyncio import events
from typing import Any, Final

from crossroads.snapshots.places import is_own
from crossroads.worlds.asyncio.chooser import Chooser, Said
from crossroads.worlds.hashes import AS_THEY_COME, Way

WAYS: Final = (Said("as they come"), Said("mirrored"), Said("shuffled"))
"""By their Way."""

WEIGHTS: Final = (0.4, 0.3, 0.3)


class SetOrders:
    """The ways in which kinds of objects lie in sets, as far as they are settled."""

    __slots__ = ("_ways", "chooser")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Be as new."""
        self.chooser: Chooser | None = None
        self._ways: dict[str, Way] = {}

    def of_tasks(self) -> Way:
        """The way of tasks."""
        return self._way_of("tasks")

    def of_kind(self, kind: type) -> Way | None:
        """The way of a class's objects; None where it isn't to be told."""
        if issubclass(kind, asyncio.Task):
            return self._way_of("tasks")
        module = sys.modules.get(kind.__module__)
        is_told = events._get_running_loop() is not None and is_own(getattr(module, "__file__", None) or "")
        return self._way_of(kind.__qualname__.rpartition(">.")[2]) if is_told else None

    def _way_of(self, what: str) -> Way:
        way = self._ways.get(what)
        if way is not None:
            return way
        if self.chooser is None or events._get_running_loop() is None:
            return AS_THEY_COME
        taken: Any = self.chooser.choose("schedule", f"order of sets of {what}", WAYS, WEIGHTS)
        self._ways[what] = taken
        return taken  # type: ignore[no-any-return]
