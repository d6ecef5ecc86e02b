"""The world's event loop: the stock selector loop of the interpreter at hand, on a virtual clock, simulated sockets and sequenced timers.

All of asyncio's own code runs as it is: transports, streams, servers, TLS, `call_soon`, tasks and futures. What is ours is below it, and
what a real machine leaves open: when things arrive and how long they take. Two orders that stock asyncio leaves to chance are fixed here:
timers with equal deadlines fire in the order in which they were scheduled, and sets of tasks iterate in an order of their own.
"""

import asyncio
import concurrent.futures
import signal
from asyncio import events
from collections.abc import Callable
from heapq import heappush
from math import ceil, ulp
from typing import Any, Final

from crossroads.worlds.asyncio.selector import FIRST_DESCRIPTOR, WorldSelector
from crossroads.worlds.asyncio.tasks import TaskNumbers, WorldTask
from crossroads.worlds.asyncio.traffic import NEVER

RESOLUTION_S: Final = 1e-9


class SequencedTimer(events.TimerHandle):
    """A timer that comes after those with the same deadline that were scheduled before it."""

    __slots__ = ("order",)

    def __lt__(self, other: Any) -> Any:
        if self._when == other._when:  # type: ignore[attr-defined]
            return self.order < other.order
        return self._when < other._when  # type: ignore[attr-defined]


class WorldLoop(asyncio.SelectorEventLoop):
    """An event loop of a world.

    Args:
        clock: has `elapsed_ns`.
        start_s: what `time()` shows at the start of the run.
        selector: polls the world.
        numbers: hashes for its tasks.
        unfinished: the jobs of an executor that aren't done, where executors are simulated.
    """

    def __init__(
        self,
        clock: Any,
        start_s: float,
        selector: WorldSelector,
        numbers: TaskNumbers,
        unfinished: Callable[[Any], list[concurrent.futures.Future[Any]]] | None = None,
    ) -> None:
        self._world_clock, self._world_start, self._numbers, self._unfinished = clock, start_s, numbers, unfinished
        self._timers_made = 0
        super().__init__(selector)
        selector.timers = self
        selector.own = self._ssock.fileno()  # type: ignore[attr-defined]
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        return float(self._world_start + self._world_clock.elapsed_ns / 1e9)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        if when is None:
            raise TypeError("when cannot be None")
        self._check_closed()  # type: ignore[attr-defined]
        if self._debug:  # type: ignore[attr-defined]
            self._check_thread()  # type: ignore[attr-defined]
            self._check_callback(callback, "call_at")  # type: ignore[attr-defined]
        timer = SequencedTimer(when, callback, args, self, context)
        if timer._source_traceback:  # type: ignore[attr-defined]
            del timer._source_traceback[-1]  # type: ignore[attr-defined]
        self._timers_made = timer.order = self._timers_made + 1
        heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def create_task(self, coro: Any, **settings: Any) -> Any:
        if self._task_factory is not None:  # type: ignore[attr-defined]
            return super().create_task(coro, **settings)
        self._check_closed()  # type: ignore[attr-defined]
        task = WorldTask(coro, self._numbers.next(), loop=self, **settings)
        if task._source_traceback:  # type: ignore[attr-defined]
            del task._source_traceback[-1]  # type: ignore[attr-defined]
        return task

    def next_timers(self) -> tuple[int, int, object]:
        """When the next timer falls due and when the one after it, in nanoseconds (NEVER: none), and the next one."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if not scheduled:
            return NEVER, NEVER, None
        head = scheduled[0]
        following = min((self._due(timer) for timer in scheduled[1:3] if not timer._cancelled), default=NEVER)
        return self._due(head), following, head

    def _due(self, timer: Any) -> int:
        when = timer._when
        if when + RESOLUTION_S == when:
            # After some months a float can't hold the resolution any more, and the loop, which waits until it's over, would wait for ever.
            when += 2 * ulp(when)
        return min(ceil((when - self._world_start) * 1e9), NEVER - 1)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        if self._unfinished is None:
            await (super().shutdown_default_executor() if timeout is None else super().shutdown_default_executor(timeout))
            return
        self._executor_shutdown_called = True
        executor = self._default_executor  # type: ignore[attr-defined]
        if executor is None:
            return
        executor.shutdown(wait=False)
        jobs = [asyncio.wrap_future(job) for job in self._unfinished(executor)]
        if jobs:
            await asyncio.wait(jobs, timeout=timeout)

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        pipe = self._csock  # type: ignore[attr-defined]
        if pipe is None or pipe.fileno() < FIRST_DESCRIPTOR:
            return super().add_signal_handler(sig, callback, *args)
        if asyncio.iscoroutine(callback) or asyncio.iscoroutinefunction(callback):
            raise TypeError("coroutines cannot be used with add_signal_handler()")
        self._check_signal(sig)  # type: ignore[attr-defined]
        self._check_closed()  # type: ignore[attr-defined]
        handle = events.Handle(callback, args, self, None)
        signal.signal(sig, lambda number, frame: self._handle_signal(number))  # type: ignore[attr-defined]
        self._signal_handlers[sig] = handle  # type: ignore[attr-defined]
        return None
