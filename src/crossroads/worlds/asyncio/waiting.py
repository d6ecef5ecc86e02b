"""Who waits for what: from a socket, a timer or a task to the line of the program that awaits it. For reports; never on the fast path."""

import asyncio
import logging
import re
from collections.abc import Iterable, Iterator
from functools import partial
from types import FrameType, MethodType, ModuleType
from typing import Any, Final

from crossroads.snapshots.places import describe_place, is_own, is_plumbing, library_place
from crossroads.worlds.asyncio.tasks import living_tasks

DEPTH_MAX: Final = 8
VISITS_MAX: Final = 200

AWAITERS_MAX: Final = 5
"""So many tasks, each of which waits for the one before, are asked for a line of the program's own."""

PREVIEW_BYTES: Final = 200
PREVIEW_CHARS: Final = 32

_FRAMING: Final = re.compile(rb"[*$]\d+")
"""What frames the words of a Redis command, and says nothing to a reader."""

ATTRIBUTES_MAX: Final = 40

_LEFT: Final = (type, ModuleType, asyncio.Future, asyncio.AbstractEventLoop, asyncio.AbstractServer, logging.Logger, logging.LoggerAdapter)
"""Objects that many have, and that say nothing about who waits at one of them."""

_SLOTS: Final = (
    "_waiter",
    "_callback",
    "_args",
    "_task",
    "_protocol",
    "_stream_reader",
    "_fut_waiter",
    "args",
    "cancel_scope",
    "_host_task",
)


def awaiting_place(task: "asyncio.Task[Any]") -> str:
    """ "file:line in function" of the innermost frame of the program's own in which the task waits.

    Of a library's task it is that of the task which waits for it, as far as there is one; else of the innermost frame that isn't one of
    asyncio's, and of the innermost of all where there is none.
    """
    frame = _telling_frame(task) or _innermost(task)
    return "" if frame is None else describe_place(frame.f_code, frame.f_lineno)


def _named(frame: FrameType | None) -> str:
    """A place within a text that has to be the same wherever libraries are installed."""
    if frame is None:
        return ""
    return describe_place(frame.f_code, frame.f_lineno) if is_own(frame.f_code.co_filename) else library_place(frame)


def _telling_frame(task: "asyncio.Task[Any]") -> FrameType | None:
    """The innermost frame of the program's own in which the task waits, or those who wait for it; else the first of a library's."""
    first = None
    waiting: asyncio.Task[Any] | None = task
    for _ in range(AWAITERS_MAX):
        if waiting is None:
            break
        for frame in reversed(list(_frames(waiting))):
            if is_own(frame.f_code.co_filename):
                return frame
            first = first or (None if is_plumbing(frame.f_code.co_filename) else frame)
        waiting = _awaiter_of(waiting)
    return first


def _innermost(task: "asyncio.Task[Any]") -> FrameType | None:
    return next(iter(reversed(list(_frames(task)))), None)


def _awaiter_of(task: "asyncio.Task[Any]") -> "asyncio.Task[Any] | None":
    """The task that is resumed, sooner or later, when this one is done; None where there is none."""
    loop = task.get_loop()
    behind = (task_behind(callback, loop, task) for callback, _ in getattr(task, "_callbacks", None) or ())
    return next((found for found in behind if found is not None), None)


def by_name(task: "asyncio.Task[Any]") -> tuple[int, str]:
    """Sorts Task-2 before Task-10."""
    name = task.get_name()
    return len(name), name


def ends_of_waiting(tasks: "Iterable[asyncio.Task[Any]]") -> "list[asyncio.Task[Any]]":
    """The same tasks, first those that wait for none of the others: there it is that something is missing."""
    known = list(tasks)
    waiting = {id(_awaiter_of(task)) for task in known}
    return sorted(known, key=lambda task: id(task) in waiting)


def own_frame(task: "asyncio.Task[Any]") -> FrameType | None:
    """The innermost frame of the program's own in which the task waits."""
    return next((frame for frame in reversed(list(_frames(task))) if is_own(frame.f_code.co_filename)), None)


def task_behind(thing: object, loop: Any, other_than: "asyncio.Task[Any] | None" = None) -> "asyncio.Task[Any] | None":
    """The task that is resumed, sooner or later, when this callback, handle or future is done; None where it can't be told.

    Of several the first one that stands in the program's own files, or that somebody waits for who does.
    """
    first = None
    for task in _tasks_behind(thing, loop, other_than):
        if own_frame(task) is not None or _awaiter_of(task) is not None:
            return task
        first = first or task
    return first


def _tasks_behind(thing: object, loop: Any, other_than: "asyncio.Task[Any] | None") -> "Iterator[asyncio.Task[Any]]":
    waiting = {id(future): task for task in living_tasks(loop) if (future := getattr(task, "_fut_waiter", None)) is not None}
    seen = {id(other_than)}
    layer: list[Any] = [thing]
    for _ in range(DEPTH_MAX):
        following: list[Any] = []
        for item in layer:
            if id(item) in seen or len(seen) > VISITS_MAX:
                continue
            seen.add(id(item))
            if isinstance(item, asyncio.Task) and not item.done():
                yield item
            elif id(item) in waiting:
                yield waiting[id(item)]
            else:
                following.extend(_related(item))
        layer = following


def describe_task(task: "asyncio.Task[Any]") -> str:
    """Its name, and where it waits."""
    place = _named(_telling_frame(task) or _innermost(task))
    return f"task {task.get_name()!r}" + (f" at {place}" if place else "")


def describe_timer(handle: Any, loop: Any) -> str:
    """What a timer is for, as far as it can be told from its callback."""
    callback = getattr(handle, "_callback", None)
    while isinstance(callback, partial):
        callback = callback.func
    name = getattr(callback, "__qualname__", "") or type(callback).__name__
    task = task_behind(handle, loop)
    what = "the timeout" if "imeout" in name or "release_waiter" in name else "the sleep" if "set_result" in name else f"the timer {name}"
    place = _named(_telling_frame(task)) if task is not None else ""
    if place:
        return f"{what} at {place}"
    return what if _is_of_asyncio(callback) else f"the timer {name}"


def _is_of_asyncio(callback: Any) -> bool:
    """Whether a callback is one of asyncio's, whose name says nothing of the program."""
    module = getattr(callback, "__module__", None) or type(getattr(callback, "__self__", None)).__module__
    return module.partition(".")[0] in ("asyncio", "_asyncio")


def preview(flight: Any) -> str:
    """The beginning of the text that a flight carries, in brackets; "" where it carries none, or bytes that aren't text."""
    carried = (argument for argument in getattr(flight.arrive, "args", ()) if isinstance(argument, bytes | bytearray | memoryview))
    return preview_of(bytes(next(carried, b"")[:PREVIEW_BYTES]))


def preview_of(data: bytes) -> str:
    """The like, of bytes."""
    words = data.split()
    text = b" ".join(word for word in words if not _FRAMING.fullmatch(word)) or b" ".join(words)
    if not text or any(not 32 <= byte < 127 for byte in text):
        return ""
    return f"[{text[:PREVIEW_CHARS].decode()}{'…' if len(text) > PREVIEW_CHARS else ''}]"


def what_came(socket: Any) -> str:
    """What has made a socket ready, as far as it can be told: "client 1 -> redis:6379 [GET alice-2]"."""
    name, data = socket.endpoint.news(PREVIEW_BYTES)
    return " ".join(filter(None, (name, preview_of(data))))


def _related(item: Any) -> Iterator[Any]:
    if isinstance(item, MethodType):
        yield item.__self__
        yield from _enclosed(item.__func__)
        return
    owner = getattr(item, "__self__", None)
    if owner is not None:
        yield owner
    if isinstance(item, asyncio.Future):
        yield from (callback for callback, _ in getattr(item, "_callbacks", None) or ())
        return
    if isinstance(item, tuple | list):
        yield from item
        return
    for name in _SLOTS:
        value = getattr(item, name, None)
        if value is not None:
            yield value
    values = list(getattr(item, "__dict__", {}).values())[:ATTRIBUTES_MAX]
    yield from (value for value in values if isinstance(value, asyncio.Future))
    yield from (value for value in values if hasattr(value, "__dict__") and not isinstance(value, _LEFT))
    yield from _enclosed(item)


def _enclosed(function: Any) -> Iterator[Any]:
    """The variables of enclosing functions that a function uses."""
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            pass


def _frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    awaited: Any = task.get_coro()
    for _ in range(100):
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None) or getattr(awaited, "ag_frame", None)
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None) or getattr(awaited, "ag_await", None)
