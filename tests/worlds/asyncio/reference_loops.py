"""Stock asyncio to compare with: the interpreter's own selector loop, with nothing changed but its clock, its selector, and two orders.

The two are those that stock asyncio leaves to chance: the hash of a task, which decides the order of sets of tasks, and timers whose
deadlines are exactly equal, which on a real clock hardly happens: here such a deadline lies a little behind those scheduled before it.
"""

import asyncio
import selectors
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crossroads.timeline.keys import Units
from crossroads.timeline.weights import pick
from crossroads.worlds.asyncio.orders import FACTORS, ORDERS, WEIGHTS, SetOrders
from crossroads.worlds.asyncio.tasks import TaskNumbers, WorldTask, exchange_register
from crossroads.worlds.patches import Patches

TICK_S = 1 / 64
LATER_S = 1e-9
RESOLUTION_S = 1e-4
"""Far more than all of the added nanoseconds together, and far less than a tick."""


@contextmanager
def numbers_of(seed: int) -> Iterator[TaskNumbers]:
    """The hashes that tasks have in a run of this seed; meanwhile asyncio's register of tasks doesn't ask for them."""

    def choose() -> int:
        return FACTORS[pick(Units(seed).draw("schedule", "order of sets of tasks", 0), len(ORDERS), WEIGHTS)]

    numbers, patches = TaskNumbers(choose), Patches()
    numbers.begin_epoch(seed)
    exchange_register(patches)
    SetOrders().exchange_groups(patches)
    yield numbers
    patches.undo()


class JumpingSelector(selectors.SelectSelector):
    """Nothing is ever ready: time passes by whole ticks."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "nothing is left to happen"
        self.now_s = round((self.now_s + timeout) / TICK_S) * TICK_S
        return []


class ReferenceLoop(asyncio.SelectorEventLoop):
    """Stock asyncio on a clock that jumps.

    Args:
        numbers: hashes of tasks.
        selector: has `now_s`.
        later_s: how far a deadline lies behind an equal one that was scheduled before it.
        resolution_s: of the clock.
    """

    def __init__(
        self, numbers: TaskNumbers | None = None, selector: Any = None, later_s: float = LATER_S, resolution_s: float = RESOLUTION_S
    ) -> None:
        self.virtual = selector or JumpingSelector()
        self.numbers = numbers or TaskNumbers()
        self.equal: Counter[float] = Counter()
        self.later_s = later_s
        super().__init__(self.virtual)
        self._clock_resolution = resolution_s

    def time(self) -> float:
        return float(self.virtual.now_s)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        self.equal[when] += 1
        return super().call_at(when + (self.equal[when] - 1) * self.later_s, callback, *args, context=context)

    def create_task(self, coro: Any, **settings: Any) -> Any:
        return WorldTask(coro, self.numbers, loop=self, **settings)
