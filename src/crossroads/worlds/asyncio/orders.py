"""In which order sets iterate that hold tasks, or objects of the program's own classes: a choice for each kind, once in a run.

Other classes' objects are in sets as well; what order these have follows from the seed, and isn't told.
"""

import asyncio
import sys
from asyncio import events
from collections.abc import Iterator
from functools import wraps
from typing import Any, Final
from weakref import ref

from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.places import is_own
from crossroads.worlds.asyncio.sayings import Said
from crossroads.worlds.asyncio.waiting import awaiting_place
from crossroads.worlds.hashes import CALM_FACTOR
from crossroads.worlds.patches import Patches

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

    __slots__ = ("_factors", "asking", "chooser")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Be as new."""
        self.chooser: LiveRun | None = None
        self.asking: asyncio.Task[Any] | None = None
        """The task whose group iterates over its tasks now."""
        self._factors: dict[str, int] = {}

    def of_tasks(self) -> int:
        """The factor of tasks."""
        return self._factor_of("tasks")

    def of_kind(self, kind: type) -> int | None:
        """The factor of a class's objects; 0 where it isn't a choice, None where none can be made now."""
        if self.chooser is None or events._get_running_loop() is None:
            return None
        if issubclass(kind, asyncio.Task):
            return self._factor_of("tasks")
        module = sys.modules.get(kind.__module__)
        return self._factor_of(kind.__qualname__.rpartition(">.")[2]) if is_own(getattr(module, "__file__", None) or "") else 0

    def _factor_of(self, what: str) -> int:
        factor = self._factors.get(what)
        if factor is not None:
            return factor
        if self.chooser is None or events._get_running_loop() is None:
            return CALM_FACTOR
        locate = None if self.asking is None else self._locate
        factor = self._factors[what] = FACTORS[self.chooser.choose("schedule", f"order of sets of {what}", ORDERS, WEIGHTS, locate)]
        return factor

    def _locate(self) -> tuple[str, str]:
        return "" if self.asking is None else awaiting_place(self.asking), ""

    def exchange_groups(self, patches: Patches) -> None:
        """Let task groups hold their tasks without asking for their hashes."""
        begin, orders = asyncio.TaskGroup.__init__, self

        def __init__(self: Any) -> None:
            begin(self)
            self._tasks = GroupOfTasks(orders, self)

        patches.set(asyncio.TaskGroup, "__init__", wraps(begin)(__init__))


class GroupOfTasks:
    """What stands in for the set in which a task group holds its tasks: only where it iterates over several does an order matter."""

    __slots__ = ("_group", "_orders", "_tasks")

    def __init__(self, orders: SetOrders, group: asyncio.TaskGroup) -> None:
        self._orders, self._group = orders, ref(group)
        self._tasks: dict[int, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, task: object) -> bool:
        return id(task) in self._tasks

    def __iter__(self) -> Iterator["asyncio.Task[Any]"]:
        living = [task for task in self._tasks.values() if not task.done()]
        if len(living) < 2:
            return iter(living)
        self._orders.asking = getattr(self._group(), "_parent_task", None)
        try:
            return iter(set(living))
        finally:
            self._orders.asking = None

    def add(self, task: "asyncio.Task[Any]") -> None:
        """As of a set."""
        self._tasks[id(task)] = task

    def discard(self, task: "asyncio.Task[Any]") -> None:
        """As of a set."""
        self._tasks.pop(id(task), None)
