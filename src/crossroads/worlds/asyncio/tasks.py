"""Tasks whose hash is a number of the run's rather than their address, so that sets of them iterate in an order that a timeline fixes.

asyncio keeps tasks in sets: `wait`, `TaskGroup`, `all_tasks`. On stock asyncio the order of such a set follows the tasks' addresses, so
that any order can happen; here it follows from the epoch's seed.
"""

import asyncio
from contextvars import Context, copy_context
from typing import Any, Final

from crossroads.worlds.hashes import CALM_FACTOR, factor_of, scattered

HAS_CONTEXTS: Final = hasattr(asyncio.Task, "get_context")
"""Whether stock tasks tell their context: from Python 3.12 on."""


class WorldTask(asyncio.Task[Any]):
    """A stock task with a hash of its own; equality stays identity."""

    __slots__ = ("_number", "_own_context")

    def __init__(self, coro: Any, number: int, **settings: Any) -> None:
        self._number = number
        if not HAS_CONTEXTS:
            given = settings.get("context")
            self._own_context = settings["context"] = copy_context() if given is None else given
        super().__init__(coro, **settings)

    def __hash__(self) -> int:
        return self._number


# What a program prints of its tasks is what it prints elsewhere.
WorldTask.__name__, WorldTask.__qualname__, WorldTask.__module__ = asyncio.Task.__name__, asyncio.Task.__qualname__, asyncio.Task.__module__


def context_of(task: Any) -> Context:
    """The context in which a task runs; before Python 3.12 an empty one for tasks that a factory of the program's own made."""
    return task.get_context() if HAS_CONTEXTS else getattr(task, "_own_context", None) or Context()


class TaskNumbers:
    """Hashes for tasks: one after the other in a calm world, scattered by a factor of the epoch's otherwise."""

    __slots__ = ("_factor", "made")

    def __init__(self) -> None:
        self.made, self._factor = 0, CALM_FACTOR

    def reset(self) -> None:
        """Begin anew."""
        self.made, self._factor = 0, CALM_FACTOR

    def begin_epoch(self, seed: int) -> None:
        """Scatter the tasks made from now on by this seed."""
        self._factor = factor_of(seed)

    def next(self) -> int:
        """The hash of the next task; `made` is its number."""
        self.made += 1
        return scattered(self.made, self._factor)
