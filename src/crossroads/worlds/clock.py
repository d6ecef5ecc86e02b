"""A clock of the run's own in place of the machine's: it starts at a fixed instant and moves by sleeping and by being read.

Each reading moves it by a microsecond, so that loops that wait for a deadline end. It shows the same in every future that did the same.
Names that other modules bound before `install` stay real: `threading`, `queue` and `subprocess` keep the machine's clock on purpose, as
they wait for real threads and processes (and such waits don't move this clock). Which time zone is local is the machine's business (TZ).
"""

import queue
import subprocess
import threading
import time
from collections.abc import Callable
from math import isnan
from operator import index
from typing import Any, Final

from crossroads.worlds.dates import exchange_methods
from crossroads.worlds.elapsed import Elapsed
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches
from crossroads.worlds.waits import make_selectors

WALL_START_NS: Final = 1_577_836_800 * 10**9
"""2020-01-01T00:00:00Z, in nanoseconds since 1970."""

MONOTONIC_START_NS: Final = 1000 * 10**9
"""Where clocks without a meaning start: at 0 a program that takes 0 for "never" would go astray."""

READING_NS: Final = 1000
"""What one reading takes."""

SLEEP_MAX_S: Final = 2**63 // 10**9
"""Stock Python's own limit: what 64 bits hold in nanoseconds, 292 years."""

KEEP_REAL_TIME: Final = (queue, subprocess, threading)
"""Imported here so that they have bound the machine's clock before `install`."""

_localtime: Final = time.localtime
_gmtime: Final = time.gmtime
_asctime: Final = time.asctime
_strftime: Final = time.strftime

_STARTS: Final = {
    "time": WALL_START_NS,
    "monotonic": MONOTONIC_START_NS,
    "perf_counter": MONOTONIC_START_NS,
    "process_time": 0,
    "thread_time": 0,
}


class Clock(Elapsed):
    """Time as the program sees it, from `install` to `uninstall`; `skew_ns` says how much the calendar is ahead, where it may be."""

    __slots__ = ("_cancel_waits", "_patches", "_undo_dates", "skew_ns", "sleeper")

    def __init__(self) -> None:
        super().__init__()
        self.skew_ns: Callable[[], int] | None = None
        self._patches = Patches()
        self.sleeper: Callable[[float], bool] | None = None
        """Lets others go on while the caller of `time.sleep` waits; False where it can't, and time is to move at once."""
        self._undo_dates: Callable[[], None] | None = None
        self._cancel_waits: Callable[[], None] | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of the run's time since the start; looking at it takes none."""
        return self.elapsed_ns / 1e9

    def keep(self) -> Callable[[], None]:
        """Keep the present time; what is returned puts the clock back to it."""
        elapsed_ns = self.elapsed_ns

        def rewind() -> None:
            self.elapsed_ns = elapsed_ns

        return rewind

    def advance(self, seconds: float) -> None:
        """Move the clock by 0 <= seconds, rounded to nanoseconds, but not beyond what 64 bits hold."""
        assert seconds >= 0, f"seconds={seconds} would move the clock back"
        self.elapsed_ns = min(self.elapsed_ns + round(seconds * 1e9), SLEEP_MAX_S * 10**9)

    def install(self) -> None:
        """Replace the readers of `time` and `datetime`, and `time.sleep`."""
        for name, start in _STARTS.items():
            self._put(name, self._seconds(start))
            self._put(f"{name}_ns", self._nanoseconds(start))
        self._put_sleep()
        self._put_clock_gettime()
        self._put_calendar()
        self._undo_dates = exchange_methods(self._wall_seconds)
        self._cancel_waits = on_import("asyncio.selector_events", self._patch_asyncio)

    def uninstall(self) -> None:
        """Put the machine's clock back."""
        if self._cancel_waits is not None:
            self._cancel_waits()
            self._cancel_waits = None
        self._patches.undo()
        if self._undo_dates is not None:
            self._undo_dates()
            self._undo_dates = None

    def _patch_asyncio(self, selector_events: Any) -> None:
        self._patches.set(selector_events, "selectors", make_selectors(selector_events.selectors, self.advance))

    def _put(self, name: str, function: Callable[..., Any]) -> None:
        if not hasattr(time, name):
            return
        stock = getattr(time, name)
        function.__module__, function.__name__, function.__qualname__, function.__doc__ = "time", name, name, stock.__doc__
        self._patches.set(time, name, function)

    def _read(self) -> int:
        """Nanoseconds since the start."""
        now = self.elapsed_ns
        self.elapsed_ns = now + READING_NS
        return now

    def _wall_ns(self) -> int:
        now = WALL_START_NS + self._read()
        return now if self.skew_ns is None else now + self.skew_ns()

    def _wall_seconds(self) -> float:
        return self._wall_ns() / 1e9

    def _seconds(self, start_ns: int) -> Callable[..., Any]:
        return (lambda: self._wall_ns() / 1e9) if start_ns == WALL_START_NS else lambda: (start_ns + self._read()) / 1e9

    def _nanoseconds(self, start_ns: int) -> Callable[..., Any]:
        return (lambda: self._wall_ns()) if start_ns == WALL_START_NS else lambda: start_ns + self._read()

    def _put_clock_gettime(self) -> None:
        wall = {getattr(time, name) for name in ("CLOCK_REALTIME", "CLOCK_TAI") if hasattr(time, name)}
        used = {getattr(time, name) for name in ("CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID") if hasattr(time, name)}

        def clock_gettime_ns(clk_id: int, /) -> int:
            if clk_id in wall:
                return self._wall_ns()
            return (0 if clk_id in used else MONOTONIC_START_NS) + self._read()

        def clock_gettime(clk_id: int, /) -> float:
            return clock_gettime_ns(clk_id) / 1e9

        self._put("clock_gettime", clock_gettime)
        self._put("clock_gettime_ns", clock_gettime_ns)

    def _put_calendar(self) -> None:
        def now(seconds: float | None) -> float:
            return self._wall_seconds() if seconds is None else seconds

        def ctime(seconds: float | None = None, /) -> str:
            return _asctime(_localtime(now(seconds)))

        def asctime(moment: Any = None, /) -> str:
            return _asctime(_localtime(now(None)) if moment is None else moment)

        def strftime(format: str, moment: Any = None, /) -> str:
            return _strftime(format, _localtime(now(None)) if moment is None else moment)

        self._put("localtime", lambda seconds=None, /: _localtime(now(seconds)))
        self._put("gmtime", lambda seconds=None, /: _gmtime(now(seconds)))
        self._put("ctime", ctime)
        self._put("asctime", asctime)
        self._put("strftime", strftime)

    def _put_sleep(self) -> None:
        def sleep(seconds: float, /) -> None:
            if isinstance(seconds, float) and isnan(seconds):
                raise ValueError("Invalid value NaN (not a number)")
            duration = seconds if isinstance(seconds, float) else index(seconds)
            if duration < 0:
                raise ValueError("sleep length must be non-negative")
            if duration > SLEEP_MAX_S:
                raise OverflowError("timestamp too large to convert to C PyTime_t")
            if self.sleeper is None or not self.sleeper(duration):
                self.advance(duration)

        self._put("sleep", sleep)
