"""The threads that jobs believe to run on: what `threading` tells them of themselves, and thread-locals of their own.

Jobs run on the loop's thread. Each is given one of its pool's workers, which has a name, an identity and thread-locals, as a thread has.
"""

import _threading_local
import threading
from typing import TYPE_CHECKING, Any, Final

from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.patches import Patches

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.errands import Errands

FIRST_IDENT: Final = 0x7F00_0000_0000
"""Identities of threads are addresses on Linux; the workers' lie where the system's own may, and don't change from run to run."""

IDENT_STEP: Final = 0x0100_0000

_stock_ident, _stock_native, _stock_current = threading.get_ident, threading.get_native_id, threading.current_thread


@named_as(threading.Thread)
class WorkerThread(threading.Thread):
    """A thread that is never started and always runs."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(name=name, daemon=False)
        self._number = number
        self._ident = FIRST_IDENT + number * IDENT_STEP
        self._started.set()  # type: ignore[attr-defined]

    @property
    def native_id(self) -> int:
        """Behind the process id of the world."""
        return 100_000 + self._number

    def is_alive(self) -> bool:
        """As long as it is known."""
        return True


class Worker:
    """One worker of a pool.

    Args:
        number: in its pool.
        thread: what it is to `threading`.
    """

    __slots__ = ("is_prepared", "number", "policy", "thread")

    def __init__(self, number: int, thread: WorkerThread) -> None:
        self.number, self.thread = number, thread
        self.is_prepared = False
        self.policy: Any = None
        """What asyncio's policy keeps for each thread: its loop."""


@named_as(threading.local)
class ThreadLocal(_threading_local.local):
    """The standard library's thread-locals in Python, which go by `current_thread`; these can be held weakly, as those in C."""

    __slots__ = ("__weakref__",)


def install(errands: "Errands", patches: Patches) -> None:
    """Have `threading` tell jobs of their workers, and `threading.local` keep their values apart."""

    def current_thread() -> threading.Thread:
        thread = errands.thread()
        return _stock_current() if thread is None else thread

    def get_ident() -> int | None:
        thread = errands.thread()
        return _stock_ident() if thread is None else thread.ident

    def get_native_id() -> int:
        thread = errands.thread()
        return _stock_native() if thread is None else thread.native_id

    for function in (current_thread, get_ident, get_native_id):
        _look_like(function, getattr(threading, function.__name__))
        patches.set(threading, function.__name__, function)
    patches.set(_threading_local, "current_thread", current_thread)
    patches.set(threading, "local", ThreadLocal)


def _look_like(function: Any, stock: Any) -> None:
    function.__module__, function.__qualname__, function.__doc__ = stock.__module__, stock.__qualname__, stock.__doc__
