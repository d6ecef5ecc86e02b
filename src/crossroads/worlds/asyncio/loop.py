"""The world's event loop: the stock selector loop of the interpreter at hand, on a virtual clock, simulated sockets and sequenced timers.

All of asyncio's own code runs as it is: transports, streams, servers, TLS, `call_soon`, tasks and futures. What is ours is below it, and
what a real machine leaves open: when things arrive and how long they take. Two orders that stock asyncio leaves to chance are fixed here:
timers with equal deadlines fire in the order in which they were scheduled, and sets of tasks iterate in an order of their own.
"""

import asyncio
import signal
from asyncio import events
from collections.abc import Callable
from contextvars import Context, copy_context
from heapq import heappush
from math import ceil, inf, ulp
from typing import Any, Final

from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.lives import PLACE, Visit, life_here
from crossroads.worlds.asyncio.passes import QuickLoop
from crossroads.worlds.asyncio.refusals import refuse_descriptor
from crossroads.worlds.asyncio.selector import FIRST_DESCRIPTOR, WorldSelector
from crossroads.worlds.asyncio.tasks import TaskNumbers

RESOLUTION_S: Final = 1e-9

_StockTimer: Any = events.TimerHandle
_StockLoop: Any = asyncio.SelectorEventLoop


@named_as(events.TimerHandle)
class SequencedTimer(_StockTimer):  # type: ignore[misc]
    """A timer that comes after those with the same deadline that were scheduled before it."""

    __slots__ = ("order",)

    def __lt__(self, other: Any) -> bool:
        if self._when == other._when:
            return bool(self.order < other.order)
        return bool(self._when < other._when)


@named_as(asyncio.SelectorEventLoop)
class WorldLoop(QuickLoop):
    """An event loop of a world.

    Args:
        clock: has `elapsed_ns`.
        start_s: what `time()` shows at the start of the run.
        selector: polls the world.
        numbers: hashes for its tasks.
        jobs: of executors, where these are simulated.
    """

    def __init__(
        self,
        clock: Any,
        start_s: float,
        selector: WorldSelector,
        numbers: TaskNumbers,
        jobs: Jobs | None = None,
    ) -> None:
        self._world_clock, self._world_start, self._numbers, self._jobs = clock, start_s, numbers, jobs
        self._timers_made = 0
        self._making_pipe = self._is_filtered = False
        super().__init__(selector)
        selector.timers = self
        self.selector = selector
        self._clock_resolution = RESOLUTION_S

    def _make_self_pipe(self) -> None:
        """In a run, a loop's socket to itself is made when it is first written to: most programs never do."""
        if self._jobs is not None and not self._making_pipe:
            self._ssock = self._csock = None
            return
        super()._make_self_pipe()
        own: Any = self._ssock
        self._selector.own = own.fileno()

    def _close_self_pipe(self) -> None:
        if self._ssock is not None:
            super()._close_self_pipe()

    def _write_to_self(self) -> None:
        if self._csock is None and not self.is_closed():
            self._making_pipe = True
            self._make_self_pipe()
        super()._write_to_self()

    def set_debug(self, enabled: bool) -> None:
        super().set_debug(enabled)
        self._quick = self._jobs is not None and not enabled and not self._is_filtered

    def filter_callbacks(self, call_soon: Callable[..., Any]) -> None:
        """From now on `call_soon` decides what becomes of each callback that is to run soon."""
        self._call_soon = call_soon
        self._is_filtered = True
        self._quick = False

    def run_until_complete(self, future: Any) -> Any:
        # By identity: the hash of a code object is that of all its instructions.
        flag = _SHUTDOWNS.get(id(getattr(future, "cr_code", None)))
        if flag is not None and self._has_nothing_to_shut():
            return self._shut(future, flag)
        return super().run_until_complete(future)

    def _has_nothing_to_shut(self) -> bool:
        """Whether to run until asynchronous generators and the default executor are shut would change nothing."""
        return (
            self._quick
            and self._task_factory is None
            and self._default_executor is None
            and not (self._ready or self._scheduled or len(self._asyncgens) or self._closed or self.is_running())
            and events._get_running_loop() is None
            and self._selector.is_idle
        )

    def _shut(self, shutdown: Any, flag: str) -> None:
        """What is left of that for whom nothing happens in it: a task that is counted, two passes that take their time, and a flag."""
        shutdown.close()
        self._numbers.count()
        for _ in range(2):
            self._selector.select(0)
        setattr(self, flag, True)

    def time(self) -> float:
        now: float = self._world_start + self._world_clock.elapsed_ns / 1e9
        return now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        if when is None:
            raise TypeError("when cannot be None")
        self._check_closed()
        if self._debug:
            self._check_thread()
            self._check_callback(callback, "call_at")
        timer = SequencedTimer(when, callback, args, self, context)
        if timer._source_traceback:
            del timer._source_traceback[-1]
        self._timers_made = timer.order = self._timers_made + 1
        heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        if self._jobs is None or self._jobs.errands.current is None:
            handle = super().call_soon_threadsafe(callback, *args, context=context)
            if handle._source_traceback:
                del handle._source_traceback[-1]
            return handle
        self._check_closed()
        return self._jobs.errands.call(self, callback, args, context)

    def create_task(self, coro: Any, **settings: Any) -> Any:
        if type(PLACE.get()) is Visit and settings.get("context") is None:
            settings["context"] = _context_there()
        if self._task_factory is not None:
            return super().create_task(coro, **settings)
        self._check_closed()
        settings["loop"] = self
        task: Any = self._numbers.make(coro, settings)
        if task._source_traceback:
            del task._source_traceback[-1]
        return task

    def _asyncgen_firstiter_hook(self, agen: Any) -> None:
        super()._asyncgen_firstiter_hook(agen)
        place = PLACE.get()
        if place is not None and place.home is not None:
            place.home.generators.add(agen)

    def next_timers(self) -> tuple[int, int, object]:
        """When the next timer falls due and when the one after it, in nanoseconds (NEVER: none), and the next one."""
        scheduled = self._scheduled
        if not scheduled:
            return NEVER, NEVER, None
        head = scheduled[0]
        following = min((self._due(timer) for timer in scheduled[1:3] if not timer._cancelled), default=NEVER)
        return self._due(head), following, head

    def _due(self, timer: Any) -> int:
        when = float(timer._when)
        if when == inf:
            return NEVER
        if when + RESOLUTION_S == when:
            # After some months a float can't hold the resolution any more, and the loop, which waits until it's over, would wait for ever.
            when += 2 * ulp(when)
        return min(ceil((when - self._world_start) * 1e9), NEVER - 1)

    async def connect_read_pipe(self, protocol_factory: Callable[[], Any], pipe: Any) -> Any:
        self._check_pipe(pipe)
        return await super().connect_read_pipe(protocol_factory, pipe)

    async def connect_write_pipe(self, protocol_factory: Callable[[], Any], pipe: Any) -> Any:
        self._check_pipe(pipe)
        return await super().connect_write_pipe(protocol_factory, pipe)

    def _check_pipe(self, pipe: Any) -> None:
        """The transport would find out in a callback of its own, where the program doesn't see it."""
        if self._jobs is not None and pipe.fileno() < FIRST_DESCRIPTOR:
            refuse_descriptor(pipe.fileno())

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        if self._jobs is None:
            await (super().shutdown_default_executor() if timeout is None else super().shutdown_default_executor(timeout))
            return
        self._executor_shutdown_called = True
        executor = self._default_executor
        if executor is None:
            return
        executor.shutdown(wait=False)
        jobs = [asyncio.wrap_future(job) for job in self._jobs.unfinished(executor)]
        if jobs:
            await asyncio.wait(jobs, timeout=timeout)

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        if self._jobs is None and (self._csock is None or self._csock.fileno() < FIRST_DESCRIPTOR):
            super().add_signal_handler(sig, callback, *args)
            return
        if asyncio.iscoroutine(callback) or asyncio.iscoroutinefunction(callback):
            raise TypeError("coroutines cannot be used with add_signal_handler()")
        self._check_signal(sig)
        self._check_closed()
        handle = events.Handle(callback, args, self, None)
        signal.signal(sig, lambda number, frame: self._handle_signal(number))
        self._signal_handlers[sig] = handle


def _context_there() -> Context:
    """The present context, but at home on the host that is visited."""
    context = copy_context()
    context.run(PLACE.set, life_here())
    return context


_SHUTDOWNS: Final = {
    id(_StockLoop.shutdown_asyncgens.__code__): "_asyncgens_shutdown_called",
    id(WorldLoop.shutdown_default_executor.__code__): "_executor_shutdown_called",
}
"""The coroutines that `asyncio.run` runs at the end of each program, and what they note."""
