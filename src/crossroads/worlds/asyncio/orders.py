"""In which order sets iterate that hold tasks, or objects of the program's own classes: a choice for each kind, once in a run.

Other classes' objects are in sets as well; what order these have follows from the seed, and isn't told.
"""

import asyncio
import sys
from asyncio import events
from typing import Final

from crossroads.snapshots.places import is_own
from crossroads.worlds.asyncio.chooser import Chooser, Said
from crossroads.worlds.hashes import CALM_FACTOR

ORDERS: Final = tuple(map(Said, ("as they come", "mirrored", *(f"shuffled ({number})" for number in (1, 2, 3, 4)))))
WEIGHTS: Final = (0.3, 0.2, 0.125, 0.125, 0.125, 0.125)

FACTORS: Final = (
    CALM_FACTOR,
    -CALM_FACTOR,
    0xB07F7F73B9C540D,
    0x865942A5E08C9AF,
    0x454DA377B7EF06B,
    0x5B2858070B33675,
)
"""Of hashes, for each order: found by search, so that three objects have all of their six orders, and each of four is the first in one and
the last in another."""


class SetOrders:
    """The orders of sets, as far as they are settled: by the factor of hashes that brings them about."""

    __slots__ = ("_factors", "chooser")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Be as new."""
        self.chooser: Chooser | None = None
        self._factors: dict[str, int] = {}

    def of_tasks(self) -> int:
        """The factor of tasks."""
        return self._factor_of("tasks")

    def of_kind(self, kind: type) -> int | None:
        """The factor of a class's objects; None where it isn't a choice."""
        if issubclass(kind, asyncio.Task):
            return self._factor_of("tasks")
        module = sys.modules.get(kind.__module__)
        is_told = events._get_running_loop() is not None and is_own(getattr(module, "__file__", None) or "")
        return self._factor_of(kind.__qualname__.rpartition(">.")[2]) if is_told else None

    def _factor_of(self, what: str) -> int:
        factor = self._factors.get(what)
        if factor is not None:
            return factor
        if self.chooser is None or events._get_running_loop() is None:
            return CALM_FACTOR
        factor = self._factors[what] = FACTORS[self.chooser.choose("schedule", f"order of sets of {what}", ORDERS, WEIGHTS)]
        return factor
