"""Cancelling a coroutine at its awaits: where a program is swept, each of them is a point at which the world may call `Task.cancel`.

The loop is looked at once a pass, just before it polls. A cancellation there is what stock asyncio does where the last callback of that
pass calls `task.cancel()`: a timer that falls due in it, say, as a timeout's. Three moments of an await are points:

    begins    its task has just suspended: cancelled at once
    lasts     it has waited for some passes, and the loop has callbacks to run: one of them may bring the result to a cancelled waiter
    is over   what it waits for is done, but the task runs only in the next pass: the result arrives together with the cancellation

Nothing is cancelled unless the timeline says so: the points are there, numbered the same, in every future of a swept program. Tasks are
followed through `_call_soon`, by which every step of a task is scheduled; loops of programs that aren't swept have none of this.

Left alone are tasks that haven't begun, those that are being cancelled already, and those on hosts that are paused or dead.
"""

import asyncio
import gc
import inspect
import selectors
from asyncio import events
from collections.abc import Iterator
from contextvars import Context
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, Final, Protocol

from crossroads.snapshots.live import Locate
from crossroads.snapshots.places import describe_place, is_ours
from crossroads.timeline.points import PointKind
from crossroads.worlds.asyncio.awaits import CANCELLED, EVERY, OPTIONS, Moment, name_of, note_of
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.lives import home_of
from crossroads.worlds.asyncio.loop import WorldLoop
from crossroads.worlds.asyncio.sayings import Said
from crossroads.worlds.asyncio.selector import WorldSelector
from crossroads.worlds.asyncio.tasks import context_of

DEPTH_MAX: Final = 100
"""Coroutines below one task that are looked at."""

LASTS_MAX: Final = 2_000
"""Points of awaits that last, in one run: a trace has room for ten times as many, and long waits in busy programs would fill it."""

_SAID: Final = tuple(Said(option) for option in OPTIONS)
_TASKS: Final = (asyncio.Task, asyncio.tasks._PyTask)  # type: ignore[attr-defined]
_LIBRARY: Final = asyncio.__file__.rpartition("/asyncio/")[0] + "/"
_OPAQUE: Final = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")
"""Types of CPython's that hold what they await where only the garbage collector sees it."""


class Offering(Protocol):
    """Who says where something is cancelled: a run of crossroads."""

    def offer(self, kind: PointKind, name: str, options: Any, locate: Locate | None = None) -> int: ...


class Await:
    """A task that waits somewhere below the coroutine of the name.

    Args:
        task: it.
        waiter: the future that it waits for; None where it only lets others run (`sleep(0)`).
        number: of the await among those of its name.
        name: of the coroutine.
        frames: from the coroutine of the name to the innermost one.
    """

    __slots__ = ("lasts", "name", "number", "place", "task", "waiter", "within")

    def __init__(self, task: Any, waiter: Any, number: int, name: str, frames: list[FrameType]) -> None:
        self.task, self.waiter, self.number, self.name = task, waiter, number, name
        self.place, *within = [describe_place(frame.f_code, frame.f_lineno) for frame in frames]
        library = [_is_library(frame.f_code.co_filename) for frame in frames[1:]]
        self.within = tuple(place for place, is_library in zip(within, library, strict=True) if not is_library)
        self.lasts = name_of(number, name, "lasts")


class Cancelling:
    """The awaits of one coroutine, on all loops of a world.

    Args:
        wanted: name of a function ("worker"), the end of its qualified name ("Pool.acquire"), or name of a task.
    """

    def __init__(self, wanted: str) -> None:
        self._wanted, self._ending = wanted, f".{wanted}"
        self.chooser: Offering | None = None
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._counts: dict[str, int] = {}
        self._lasted = 0

    def begun(self, task: Any) -> Await | None:
        """The await in which a task has just suspended, if it is one of the wanted coroutine's."""
        if task.done() or task._must_cancel or task.cancelling() or is_stopped(task):
            return None
        waiter = task._fut_waiter
        if waiter is not None and waiter.done() and waiter.cancelled():
            return None
        if not getattr(task.get_coro(), "cr_suspended", True):
            return None
        frames = list(awaiting_frames(task))
        first = self._find(task, frames)
        if first is None:
            return None
        name = frames[0].f_code.co_qualname if self._wanted == EVERY else self._wanted
        number = self._counts[name] = self._counts.get(name, 0) + 1
        return Await(task, waiter, number, name, frames[first:])

    def is_taken(self, one: Await, moment: Moment) -> bool:
        """Meet the point of a moment of an await: whether its task is to be cancelled there."""
        if moment == "lasts":
            self._lasted += 1
            if self._lasted > LASTS_MAX:
                return False
        assert self.chooser is not None
        name = one.lasts if moment == "lasts" else name_of(one.number, one.name, moment)
        return self.chooser.offer("fault", name, _SAID, lambda: (one.place, note_of(one.within))) == CANCELLED

    def _find(self, task: Any, frames: list[FrameType]) -> int | None:
        """Index of the outermost frame of the wanted coroutine."""
        if not frames:
            return None
        if self._wanted in (EVERY, task.get_name()):
            return 0
        return next((at for at, frame in enumerate(frames) if self._is_wanted(frame)), None)

    def _is_wanted(self, frame: FrameType) -> bool:
        code = frame.f_code
        return code.co_name == self._wanted or code.co_qualname == self._wanted or code.co_qualname.endswith(self._ending)


@named_as(asyncio.SelectorEventLoop)
class SweptLoop(WorldLoop):
    """A loop that knows which of its tasks have made a step since it was last looked at."""

    def __init__(self, cancelling: Cancelling, *settings: Any) -> None:
        self._cancelling = cancelling
        # Tasks by their identity: whoever asks for their hashes settles an order of sets.
        self._soon: dict[int, Any] = {}
        self._stepped: dict[int, Any] = {}
        self._waiting: dict[int, Await] = {}
        super().__init__(*settings)
        self.filter_callbacks(self._call_soon)

    def _call_soon(self, callback: Any, args: Any, context: Any) -> Any:
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, _TASKS):
            self._soon[id(owner)] = owner
        handle = super()._call_soon(callback, args, context)
        if handle._source_traceback:
            del handle._source_traceback[-1]
        return handle

    def create_task(self, coro: Any, **settings: Any) -> Any:
        task = super().create_task(coro, **settings)
        if isinstance(task, _TASKS) and id(task) not in self._soon:
            # An eager one has made its first step by now.
            self._stepped[id(task)] = task
        return task

    def look(self) -> None:
        """Between two passes: meet the points of the awaits that have begun, last or are over, and cancel where it is wanted."""
        begun = self._begun()
        for one in list(self._waiting.values()):
            if one.task.done() or one.task._fut_waiter is not one.waiter:
                del self._waiting[id(one.task)]
            elif is_stopped(one.task):
                continue
            elif one.waiter.done():
                del self._waiting[id(one.task)]
                if not one.waiter.cancelled():
                    self._meet(one, "is over")
            elif self._ready:
                self._meet(one, "lasts")
        for one in begun:
            if one.waiter is not None and one.waiter.done():
                self._meet(one, "is over")
                continue
            if one.waiter is not None:
                self._waiting[id(one.task)] = one
            self._meet(one, "begins")
        self._stepped, self._soon = self._soon, {}

    def _begun(self) -> list[Await]:
        found = []
        for task in self._stepped.values():
            known = self._waiting.get(id(task))
            if known is None or known.waiter is not task._fut_waiter:
                self._waiting.pop(id(task), None)
                one = self._cancelling.begun(task)
                if one is not None:
                    found.append(one)
        return found

    def _meet(self, one: Await, moment: Moment) -> None:
        if self._cancelling.is_taken(one, moment):
            # As the loop itself would run it: an error of a task of the program's own kind goes to its exception handler.
            events.Handle(one.task.cancel, (), self, Context())._run()


@named_as(selectors.DefaultSelector)
class SweptSelector(WorldSelector):
    """The selector of such a loop, which has it looked at before each poll."""

    def select(self, timeout: float | None = None) -> list[Any]:
        loop: Any = self.timers
        loop.look()
        return super().select(0 if loop._ready else timeout)


def is_stopped(task: Any) -> bool:
    """Whether the task's host is paused or dead."""
    home = home_of(context_of(task))
    return home is not None and home.stopped


def awaiting_frames(task: Any) -> Iterator[FrameType]:
    """The frames in which a suspended task waits, outermost first, through generators and awaitables of classes."""
    awaited: Any = task.get_coro()
    for _ in range(DEPTH_MAX):
        if type(awaited).__name__ in _OPAQUE:
            kinds = (CoroutineType, GeneratorType, AsyncGeneratorType)
            awaited = next((held for held in gc.get_referents(awaited) if isinstance(held, kinds)), None)
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None) or getattr(awaited, "ag_frame", None)
        if frame is None or not inspect.isframe(frame):
            return
        yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None) or getattr(awaited, "ag_await", None)


def _is_library(filename: str) -> bool:
    """Whether a file is Python's own or ours."""
    return is_ours(filename) or (filename.startswith(_LIBRARY) and "/site-packages/" not in filename)
