"""The inside of the stock selector loop, written for speed: one pass, and how a callback gets into the next one.

What it does is what the stock loop does, in the same order, with nothing looked up twice; where anything is rare (debug mode, hosts that
are stopped, a crowd of timers) the stock loop does it. Source: BaseEventLoop._run_once, call_soon, _call_soon
and BaseSelectorEventLoop._process_events of CPython 3.11 to 3.13.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop
from itertools import islice
from typing import Any, Final

from crossroads.worlds.asyncio.course import READ, WRITE
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.handles import make_handle, run_ready
from crossroads.worlds.asyncio.waiting import describe_timer

TIMERS_MAX: Final = 100
"""With more of them the stock loop may clear up (base_events.py, _MIN_SCHEDULED_TIMER_HANDLES)."""

WAIT_S_MAX: Final = 24 * 3600
"""For so long the stock loop waits at a time (base_events.py, MAXIMUM_SELECT_TIMEOUT)."""

RAN_OUT_MAX: Final = 100
"""So many timers that run out are noted between two points; a program that does nothing but wait may have thousands."""

# Much of what is used of them is private, and the same in all versions that run here.
_StockLoop: Any = asyncio.SelectorEventLoop


@named_as(asyncio.SelectorEventLoop)
class QuickLoop(_StockLoop):  # type: ignore[misc]
    """The stock loop, and quicker while `_quick` is true.

    Attributes:
        ran_out: where the timers are noted that run out, "" for all that weren't seen or are too many; None: nowhere.
    """

    _quick = False
    ran_out: list[str] | None = None

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        if not self._quick or len(scheduled) > TIMERS_MAX:
            super()._run_once()
            if self.ran_out is not None and len(self.ran_out) <= RAN_OUT_MAX:
                self.ran_out.append("")
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
            before = len(ready)
            while scheduled and scheduled[0]._when < end_time:
                handle = heappop(scheduled)
                handle._scheduled = False
                ready.append(handle)
            handle = None
            if self.ran_out is not None and len(ready) > before and len(self.ran_out) <= RAN_OUT_MAX:
                self._run_watched(ready, before)
                return
        run_ready(ready)

    def _run_watched(self, ready: Any, before: int) -> None:
        """Run what is ready, timers from the place given on, and note those that nothing cancels before their turn."""
        due = [(timer, describe_timer(timer, self)) for timer in islice(ready, before, None)]
        run_ready(ready)
        if self.ran_out is not None:
            self.ran_out += [text for timer, text in due if not timer._cancelled]
            if len(self.ran_out) >= RAN_OUT_MAX:
                self.ran_out[RAN_OUT_MAX:] = [""]

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
            handle = make_handle(callback, args, self, context)
            self._ready.append(handle)
            return handle
        handle = super().call_soon(callback, *args, context=context)
        if handle._source_traceback:
            del handle._source_traceback[-1]
        return handle
