"""Callbacks that are to run soon, and the running of those of one pass. `handles.pyx` is the same in C.

What it does is what the stock loop does. Source: Handle.__init__, Handle._run and BaseEventLoop._run_once of CPython 3.11 to 3.13.
"""

from asyncio import events
from collections import deque
from contextvars import copy_context
from typing import Any

from crossroads.worlds.asyncio.guises import named_as

# Much of what is used of it is private, and the same in all versions that run here.
_StockHandle: Any = events.Handle


@named_as(events.Handle)
class QuickHandle(_StockHandle):  # type: ignore[misc]
    """A handle made while its loop isn't in debug mode."""

    __slots__ = ()

    def __init__(self: Any, callback: Any, args: Any, loop: Any, context: Any) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


make_handle = QuickHandle


def run_ready(ready: deque[Any]) -> None:
    """Run what is ready now, in order; what is added meanwhile stays for the next pass."""
    for _ in range(len(ready)):
        handle = ready.popleft()
        if not handle._cancelled:
            handle._run()
    # Else an exception's traceback, by way of this frame, would hold what the stock loop lets go.
    handle = None
