"""What belongs to a process and isn't memory: directory, mask, timers, signals. A fork keeps most of it; timers it doesn't."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crossroads.rings.findings import Finding

__all__ = ["Surroundings", "elapsed_words"]

_TIMERS: Final = {"ITIMER_REAL": signal.ITIMER_REAL, "ITIMER_VIRTUAL": signal.ITIMER_VIRTUAL, "ITIMER_PROF": signal.ITIMER_PROF}
_CLOCK_SECONDS_MIN: Final = 60.0
"""By how much the clock may have moved on without being worth a word."""
_UNITS: Final = (("year", 31_556_952), ("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60))
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it at one moment; made by `now`.

    Attributes:
        time_s: of the wall clock, as the program sees it.
        directory: where the process is, "" if that is gone.
        umask: as `os.umask` has it.
        environment: variables.
        blocked: signals.
        timers: by name, (seconds left, seconds between), those that run.
    """

    time_s: float
    directory: str
    umask: int
    environment: dict[str, str]
    blocked: frozenset[Any]
    timers: dict[str, tuple[float, float]]

    @classmethod
    def now(cls) -> "Surroundings":
        """As they are."""
        timers = {name: signal.getitimer(which) for name, which in _TIMERS.items()}
        running = {name: left for name, left in timers.items() if any(left)}
        blocked = frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        return cls(time.time(), _directory(), _umask(), dict(os.environ), blocked, running)

    def restore(self) -> list[Finding]:
        """Make the surroundings as they were; what differed."""
        present = Surroundings.now()
        findings = []
        if self.environment != present.environment:
            os.environ.clear()
            os.environ.update(self.environment)
            findings.append(Finding("environment", "os.environ", "environment variables had changed since the mark", True))
        if self.umask != present.umask:
            os.umask(self.umask)
            findings.append(
                Finding("umask", f"{self.umask:03o}", f"the umask was {present.umask:03o}, and is {self.umask:03o} again", True)
            )
        if self.directory != present.directory:
            findings.append(self._go_home())
        for name, (left, interval) in self.timers.items():
            if name not in present.timers:
                signal.setitimer(_TIMERS[name], left, interval)
                findings.append(Finding("timer", name, f"the timer {name} runs again, with {left:.3g} s left as at the mark", True))
        if self.blocked != present.blocked:
            signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)
            findings.append(Finding("signals", "mask", "the signals that are blocked had changed since the mark", True))
        return findings + self._clock(present.time_s)

    def _go_home(self) -> Finding:
        where = self.directory or "the working directory"
        try:
            os.chdir(self.directory)
        except OSError as error:
            return Finding("directory", where, f"{where}, the working directory at the mark, is gone ({error.strerror})", False)
        return Finding("directory", where, f"the working directory is {where} again", True)

    def _clock(self, present_s: float) -> list[Finding]:
        passed_s = present_s - self.time_s
        if abs(passed_s) <= _CLOCK_SECONDS_MIN:
            return []
        words, is_one = elapsed_words(abs(passed_s))
        date = datetime.fromtimestamp(present_s).isoformat(" ", "minutes")
        if passed_s < 0:
            return [Finding("clock", "wall clock", f"the clock was set back by {words} since the mark: it is {date}", False)]
        return [Finding("clock", "wall clock", f"{words} {'has' if is_one else 'have'} passed since the mark: it is {date}", False)]


def elapsed_words(seconds: float) -> tuple[str, bool]:
    """A length of time in words, rounded to its largest unit, and whether that is one of it.

    Args:
        seconds: at least 60.

    Example:
        >>> elapsed_words(1_900_000)
        ('three weeks', False)
    """
    for unit, length in _UNITS:
        if seconds >= length:
            count = round(seconds / length)
            number = _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"
            return f"{number} {unit}{'' if count == 1 else 's'}", count == 1
    return "less than a minute", True


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _umask() -> int:
    present = os.umask(0o077)
    os.umask(present)
    return present
