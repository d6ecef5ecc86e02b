"""The inside of the stock selector loop, written for speed: one pass, and how a callback gets into the next one.

What it does is what the stock loop does, in the same order, with nothing looked up twice; where anything is rare (debug mode, hosts that
are stopped, a crowd of timers) the stock loop does it. Source: BaseEventLoop._run_once, call_soon and _call_soon,
BaseSelectorEventLoop._process_events and Handle.__init__ of CPython 3.11 to 3.13.
"""

import asyncio
from asyncio import events
from collections.abc import Callable
from contextvars import copy_context
from heapq import heappop
from typing import Any, Final

from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.selector import READ, WRITE

TIMERS_MAX: Final = 100
"""With more of them the stock loop may clear up (base_events.py, _MIN_SCHEDULED_TIMER_HANDLES)."""

WAIT_S_MAX: Final = 24 * 3600
"""For so long the stock loop waits at a time (base_events.py, MAXIMUM_SELECT_TIMEOUT)."""

# Much of what is used of them is private, and the same in all versions that run here.
_StockLoop: Any = asyncio.SelectorEventLoop
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


@named_as(asyncio.SelectorEventLoop)
class QuickLoop(_StockLoop):  # type: ignore[misc]
    """The stock loop, and quicker while `_quick` is true."""

    _quick = False

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        if not self._quick or len(scheduled) > TIMERS_MAX:
            super()._run_once()
            return
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heappop(scheduled)._scheduled = False
        timeout = None
        if ready or self._stopping:
            timeout = 0
        elif scheduled:
            timeout = min(max(0, scheduled[0]._when - self.time()), WAIT_S_MAX)
        found = self._selector.select(timeout)
        if found:
            self._process_events(found)
            found = ()
        if scheduled:
            end_time = self.time() + self._clock_resolution
            while scheduled and scheduled[0]._when < end_time:
                handle = heappop(scheduled)
                handle._scheduled = False
                ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        # Else an exception's traceback, by way of this frame, would hold what the stock loop lets go.
        handle = None

    def _process_events(self, event_list: Any) -> None:
        for key, mask in event_list:
            reader, writer = key.data
            if mask & READ and reader is not None:
                if reader._cancelled:
                    self._remove_reader(key.fileobj)
                else:
                    self._ready.append(reader)
            if mask & WRITE and writer is not None:
                if writer._cancelled:
                    self._remove_writer(key.fileobj)
                else:
                    self._ready.append(writer)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        if self._quick and not self._closed:
            handle = QuickHandle(callback, args, self, context)
            self._ready.append(handle)
            return handle
        handle = super().call_soon(callback, *args, context=context)
        if handle._source_traceback:
            del handle._source_traceback[-1]
        return handle
