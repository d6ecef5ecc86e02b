"""Locks of `threading` where jobs have no thread: who has to wait for one is set aside, or lets the others go on.

A lock isn't handed over: who waits for it is woken, and takes it if it is free by then, as with the stock ones. `threading`'s conditions,
events, semaphores, barriers and `queue`'s queues are built on locks, and work on these. Locks made before `install` stay the stock ones;
outsiders are given stock ones later, too.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NoReturn

from crossroads.worlds import outsiders
from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.patches import Patches

TIMEOUT_MAX: Final = threading.TIMEOUT_MAX

_stock_lock, _stock_time = threading.Lock, time.monotonic
_stock_rlock: Any = threading._CRLock  # type: ignore[attr-defined]
"""`threading.RLock` itself asks for this one, by its name in `threading`."""


def install(jobs: Jobs, patches: Patches) -> None:
    """Replace `threading.Lock` and `RLock`, the queue that is written in C, and the clock by which `threading` and `queue` wait.

    Args:
        jobs: lets time pass until a lock is free.
        patches: where to put the replacements.
    """
    lock: Any = type("lock", (_Lock,), {"__slots__": (), "__module__": "_thread", "_jobs": jobs, "_stock": staticmethod(_stock_lock)})
    rlock: Any = type("RLock", (_RLock,), {"__slots__": (), "__module__": "_thread", "_jobs": jobs, "_stock": staticmethod(_stock_rlock)})
    for name in ("Lock", "_allocate_lock"):
        patches.set(threading, name, lock)
    for name in ("RLock", "_CRLock"):
        patches.set(threading, name, rlock)
    patches.set(queue, "SimpleQueue", queue._PySimpleQueue)  # type: ignore[attr-defined]

    def now() -> float:
        return _stock_time() if outsiders.is_asking(__name__) else jobs.now()

    patches.set(threading, "_time", now)
    patches.set(queue, "time", now)


class _Lock:
    """What `threading.Lock` makes."""

    __slots__ = ("__weakref__", "_held", "_waiting")

    _jobs: Jobs
    _stock: Callable[[], Any]
    _held: bool
    _waiting: deque[Future[None]]

    def __new__(cls) -> Any:
        return cls._stock() if outsiders.is_asking(__name__) else super().__new__(cls)

    def __init__(self) -> None:
        self._at_fork_reinit()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        deadline = self._deadline(blocking, timeout)
        while self._held:
            if deadline is None or not self._wait(deadline):
                return False
        self._held = True
        return True

    def release(self) -> None:
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False
        self._wake()

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *raised: object) -> None:
        self.release()

    def __repr__(self) -> str:
        kind = type(self)
        return f"<{'locked' if self._held else 'unlocked'} {kind.__module__}.{kind.__qualname__} object{self._more()} at {id(self):#x}>"

    def _more(self) -> str:
        return ""

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle '_thread.{type(self).__name__}' object")

    def _at_fork_reinit(self) -> None:
        self._held = False
        self._waiting = deque()

    def _deadline(self, blocking: bool, timeout: float) -> int | None:
        """When to give up, on the world's clock; None for at once."""
        if timeout != -1:
            if not blocking:
                raise ValueError("can't specify a timeout for a non-blocking call")
            if timeout < 0:
                raise ValueError("timeout value must be a non-negative number")
            if timeout > TIMEOUT_MAX:
                raise OverflowError("timeout value is too large")
        if not blocking or timeout == 0:
            return None
        return NEVER if timeout == -1 else self._jobs.deadline(timeout)

    def _wait(self, deadline: int) -> bool:
        """Let the others go on until somebody has released it; False: it is `deadline` before that."""
        waiter: Future[None] = Future()
        self._waiting.append(waiter)
        if self._jobs.advance([waiter], deadline):
            return True
        self._waiting.remove(waiter)
        return False

    def _wake(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)


class _RLock(_Lock):
    """What `threading.RLock` makes; its owner is a job, or None for the thread of the loop."""

    __slots__ = ("_count", "_owner")

    _count: int
    _owner: object

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._is_owned():
            self._deadline(blocking, timeout)
        elif super().acquire(blocking, timeout):
            self._owner = self._jobs.errands.current
        else:
            return False
        self._count += 1
        return True

    def release(self) -> None:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._let_go()

    def _at_fork_reinit(self) -> None:
        super()._at_fork_reinit()
        self._count = 0
        self._owner = None

    def _more(self) -> str:
        return f" count={self._count}"

    def _let_go(self) -> None:
        self._owner = None
        super().release()

    # What threading.Condition asks of a lock that may be held several times.

    def _is_owned(self) -> bool:
        return self._held and self._owner is self._jobs.errands.current

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> int:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        count, self._count = self._count, 0
        self._let_go()
        return count

    def _acquire_restore(self, count: int) -> None:
        self.acquire()
        self._count = count
