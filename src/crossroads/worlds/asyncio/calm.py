"""A loop to use on its own, without a run of crossroads: virtual time, everything in its calmest order, real descriptors allowed.

Time jumps to the next timer when nothing else can happen: five minutes of sleep cost nothing. Where something outside of the loop may
happen (a job in an executor, another thread, a process, a socket whose other end isn't on this loop) the loop waits for it in real time, so
that no timer overtakes it.
"""

import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures.thread import _threads_queues
from concurrent.futures.thread import _worker as _pool_worker
from typing import Any, Final

from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.loop import WorldLoop
from crossroads.worlds.asyncio.selector import FIRST_DESCRIPTOR, WorldSelector, descriptor_of
from crossroads.worlds.asyncio.tasks import TaskNumbers
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.elapsed import Elapsed

GRACE_S: Final = 0.0005
"""Real time for the machine's own loopback to pass bytes on, before virtual time jumps."""

SLICE_S: Final = 0.001
"""How long a real wait may last before simulated sockets are looked at again."""

LONGEST_SLICE_S: Final = 0.02
"""The like before it is asked again whether there is anything to wait for: a thread may end without a word to the loop."""

HANDOVER_S: Final = 0.0001
"""How long a thread that could run usually has to wait for the interpreter, where this one waits, too."""

LAST_LOOK_S: Final = 0.05
"""The like before it is said that nothing is left to happen."""

_monotonic: Final = time.monotonic
_sleep: Final = time.sleep


class CalmSelector(WorldSelector):
    """Simulated and real descriptors together."""

    def __init__(self, traffic: Traffic, clock: Elapsed, descriptor_at: Callable[[int], Any]) -> None:
        super().__init__(traffic, descriptor_at, lambda descriptor: None, _stuck)
        self._real = selectors.DefaultSelector()
        self._clock = clock
        self._ends: dict[int, tuple[Any, Any] | None] = {}
        self.jobs = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = descriptor_of(fileobj)
        if descriptor >= FIRST_DESCRIPTOR:
            return super().register(fileobj, events, data)
        key = self._real.register(fileobj, events, data)
        self._ends[descriptor] = _ends_of(descriptor)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        if self._is_simulated(fileobj):
            return super().unregister(fileobj)
        key = self._real.unregister(fileobj)
        self._ends.pop(key.fd, None)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return super().modify(fileobj, events, data) if self._is_simulated(fileobj) else self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return _BothMaps(super().get_map(), self._real.get_map(), self._is_simulated) if not self._closed else None  # type: ignore[return-value]

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return super().get_key(fileobj) if self._is_simulated(fileobj) else self._real.get_key(fileobj)

    def close(self) -> None:
        super().close()
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert self.timers is not None
        found = self._poll(0)
        if found or timeout == 0 or self._loop_has_work():
            return found
        if self._must_wait(timeout):
            return self._wait(timeout)
        if self._keys and not self._traffic.is_quiet:
            self._traffic.poll(self.timers, idle=True)
            return self._sockets.ready()
        if len(self._ends) > 1 and (found := self._poll(GRACE_S)):
            return found
        due, _, _ = self.timers.next_timers()
        if due == NEVER:
            if threading.active_count() > 1 and _threads_work(LAST_LOOK_S):
                return self._wait(timeout)
            self._stuck()
        self._clock.elapsed_ns = max(self._clock.elapsed_ns, due)
        return self._poll(0)

    def _poll(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        if self._keys or not self._traffic.is_quiet:
            assert self.timers is not None
            self._traffic.poll(self.timers, idle=False)
        else:
            self._traffic.tick()
        return (self._sockets.ready() if self._sockets.perhaps else []) + self._real.select(seconds)

    def _loop_has_work(self) -> bool:
        return bool(getattr(self.timers, "_ready", False))

    def _must_wait(self, timeout: float | None) -> bool:
        """Whether something outside of the loop may still happen before its next timer."""
        if self.jobs or (threading.active_count() > 1 and _threads_work(HANDOVER_S)):
            return True
        if signal.getitimer(signal.ITIMER_REAL)[0]:
            return True
        if timeout is None and getattr(self.timers, "_signal_handlers", None):
            return True
        if len(self._ends) < 2:
            return False
        here = {ends[0] for ends in self._ends.values() if ends is not None}
        return any(
            descriptor != self.own and (ends is None or (ends[1] is not None and ends[1] not in here))
            for descriptor, ends in self._ends.items()
        )

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let real time pass until something has happened, the next timer is due, or nothing outside can happen any more."""
        began = _monotonic()
        slice_s = SLICE_S
        while True:
            left = slice_s if timeout is None else max(0.0, timeout - (_monotonic() - began))
            found = self._poll(min(slice_s, left))
            if found or not left or self._loop_has_work() or not self._must_wait(timeout):
                break
            if not self._keys:
                slice_s = min(2 * slice_s, LONGEST_SLICE_S)
        self._clock.elapsed_ns += int((_monotonic() - began) * 1e9)
        return found

    def _is_simulated(self, fileobj: Any) -> bool:
        try:
            return descriptor_of(fileobj) >= FIRST_DESCRIPTOR
        except ValueError:
            return any(key.fileobj is fileobj for key in self._keys.values())


def _threads_work(patience_s: float) -> bool:
    """Whether another thread may still do something for the loop; one that has just taken a job may take so long to show it."""
    if any(map(_is_busy, threading.enumerate())):
        return True
    _sleep(patience_s)
    return any(map(_is_busy, threading.enumerate()))


def _is_busy(thread: threading.Thread) -> bool:
    """Whether it is another thread, and not one of a pool's between two jobs."""
    if thread is threading.current_thread():
        return False
    if thread not in _threads_queues:
        return True
    # The arguments of `_worker` are there until it has ended. The semaphore counts the threads that wait and haven't been promised a job,
    # but for jobs that were given just as another ended.
    arguments = getattr(thread, "_args", None)
    executor = arguments[0]() if arguments else None
    if executor is None:
        return False
    frame = sys._current_frames().get(thread.ident or 0)
    waits = frame is not None and frame.f_code is _pool_worker.__code__ and _threads_queues[thread].empty()
    return not waits or bool(executor._idle_semaphore._value < len(executor._threads))


class CalmLoop(WorldLoop):
    """A loop on its own."""

    def __init__(self, clock: Elapsed, selector: CalmSelector) -> None:
        self._calm = selector
        super().__init__(clock, 0.0, selector, TaskNumbers())

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self._calm.jobs += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, future: Any) -> None:
        self._calm.jobs -= 1


class _BothMaps(Mapping[Any, selectors.SelectorKey]):
    def __init__(
        self,
        one: Mapping[Any, selectors.SelectorKey],
        other: Mapping[Any, selectors.SelectorKey],
        is_in_one: Callable[[Any], bool],
    ) -> None:
        self._one, self._other, self._is_in_one = one, other, is_in_one

    def __len__(self) -> int:
        return len(self._one) + len(self._other)

    def get(self, fileobj: Any, default: Any = None) -> Any:
        try:
            return self[fileobj]
        except KeyError:
            return default

    def __getitem__(self, fileobj: Any) -> selectors.SelectorKey:
        return self._one[fileobj] if self._is_in_one(fileobj) else self._other[fileobj]

    def __iter__(self) -> Any:
        yield from self._one
        yield from self._other


def new_event_loop() -> CalmLoop:
    """A deterministic event loop on virtual time, for programs and fast tests: `asyncio.Runner(loop_factory=new_event_loop)`."""
    clock = Elapsed()
    traffic = Traffic(clock, 0)
    return CalmLoop(clock, CalmSelector(traffic, clock, _no_socket))


def _no_socket(descriptor: int) -> Any:
    raise KeyError(descriptor)


def _stuck() -> None:
    raise RuntimeError("nothing is left to happen on this event loop, and its tasks would wait for ever")


def _ends_of(descriptor: int) -> tuple[Any, Any] | None:
    """Both names of a connected socket, (name, None) of a listening one, None of anything else."""
    try:
        number = os.dup(descriptor)
    except OSError:
        return None
    try:
        copy = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        return None
    with copy:
        try:
            if copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return copy.getsockname(), None
            if copy.family not in (socket.AF_INET, socket.AF_INET6):
                return None
            return copy.getsockname(), copy.getpeername()
        except OSError:
            return None
