"""What the ring asks of the operating system beyond what snapshots do: signals as messages, ending as another has ended, what is alive.

Linux only; `missing` says what isn't there elsewhere.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from crossroads.snapshots import kernel

SENT_BY_PROCESS: Final = 0
"""Codes up to this one mean that a process has sent the signal; those above, that the kernel has, as for Ctrl-C."""

JOB_CONTROL: Final = frozenset((signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT))
UNBLOCKABLE: Final = frozenset((signal.SIGKILL, signal.SIGSTOP))
_RECORD: Final = struct.Struct("<IiiI112x")
_NONBLOCK_CLOEXEC: Final = 0o4000 | 0o2000000

# Taken before any program under test could replace them.
_exit, _kill, _getpid, _read, _close = os._exit, os.kill, os.getpid, os.read, os.close
_waitpid, _poll, _monotonic = os.waitpid, select.poll, time.monotonic
_signal, _sigmask, _setrlimit = signal.signal, signal.pthread_sigmask, resource.setrlimit
_pidfd_open: Final[Callable[[int], int] | None] = getattr(os, "pidfd_open", None)


def missing() -> str:
    """What this system lacks for a ring; "" for nothing."""
    return "" if sys.platform == "linux" and _pidfd_open is not None and hasattr(os, "memfd_create") else "processes as Linux has them"


@dataclass(frozen=True, slots=True)
class Sent:
    """A signal that has arrived: its number, whether a process has sent it and not the kernel, and which."""

    number: int
    by_process: bool
    pid: int


def signal_descriptor() -> int:
    """A descriptor from which all signals can be read that don't belong to job control, which keep their usual effect."""
    wanted = signal.valid_signals() - JOB_CONTROL - UNBLOCKABLE
    mask = (ctypes.c_ulong * 16)()
    for number in wanted:
        mask[(number - 1) // 64] |= 1 << ((number - 1) % 64)
    for number in JOB_CONTROL:
        _signal(number, signal.SIG_DFL)
    _signal(signal.SIGCHLD, signal.SIG_DFL)
    _sigmask(signal.SIG_SETMASK, wanted)
    descriptor: int = ctypes.CDLL(None, use_errno=True).signalfd(-1, mask, _NONBLOCK_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "signalfd")
    return kernel.move_up(descriptor)


def read_signals(descriptor: int) -> list[Sent]:
    """All signals that have arrived since."""
    found: list[Sent] = []
    while True:
        try:
            data = _read(descriptor, _RECORD.size)
        except BlockingIOError:
            return found
        number, _, code, pid = _RECORD.unpack(data)
        found.append(Sent(number, code <= SENT_BY_PROCESS, pid))


def pending(pid: int) -> list[int]:
    """The signals that a process with one thread has been sent and not yet taken; [] where it isn't there any more."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            masks = [int(line.split()[1], 16) for line in file if line.startswith((b"SigPnd", b"ShdPnd"))]
    except (OSError, ValueError):
        return []
    return [number for number in range(1, signal.NSIG) if any(mask >> (number - 1) & 1 for mask in masks) and number != signal.SIGCHLD]


def watch(pid: int) -> int:
    """A descriptor that becomes readable when the process has ended and its children have another parent."""
    assert _pidfd_open is not None
    return kernel.move_up(_pidfd_open(pid))


def wait_for_end(pid: int, timeout_s: float | None) -> None:
    """Wait until a process has ended, whoever's child it is."""
    try:
        ending = watch(pid)
    except OSError:
        return
    poll = _poll()
    poll.register(ending, select.POLLIN)
    poll.poll(None if timeout_s is None else timeout_s * 1000)
    _close(ending)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped, as by Ctrl-Z or a debugger."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):
        return False


def end_children() -> None:
    """Kill and reap everything below this process, which adopts orphans."""
    while True:
        ended = [child for child in kernel.children() if _has_been_killed(child)]
        if not ended:
            return
        for child in ended:
            kernel.reap(child)


def _has_been_killed(pid: int) -> bool:
    """False for what this user may not kill."""
    try:
        _kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except OSError:
        return False
    return True


def end_like(status: int) -> NoReturn:
    """End this process as another has ended, by its wait status: by the same signal, without a second core file, or with the same code."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        _setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        try:
            if number not in UNBLOCKABLE:
                _signal(number, signal.SIG_DFL)
                _sigmask(signal.SIG_UNBLOCK, [number])
            _kill(_getpid(), number)
        finally:
            _exit(128 + number)
    _exit(os.WEXITSTATUS(status))


def limit_memory(bytes_max: int) -> None:
    """Bound this process's private memory; RLIM_INFINITY lifts the bound up to what the system allows."""
    kernel.limit_memory(None if bytes_max == resource.RLIM_INFINITY else bytes_max)


def signal_name(number: int) -> str:
    """Its usual name."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


class Timers:
    """The interval timers of this process, which a fork doesn't inherit."""

    KINDS: Final = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)

    def __init__(self) -> None:
        self._left = [(kind, *signal.getitimer(kind)) for kind in self.KINDS]

    def wind(self) -> None:
        """In a child: let them run on from where they were."""
        for kind, left, interval in self._left:
            if left:
                signal.setitimer(kind, left, interval)


class Stillness:
    """Keeps a process that only sleeps from running what belongs to the program: its finalizers, and its wish not to reap children."""

    def __init__(self) -> None:
        self._collects = gc.isenabled()
        self._child_handler = signal.getsignal(signal.SIGCHLD)

    def keep(self) -> None:
        """In the sleeping process."""
        gc.disable()
        _signal(signal.SIGCHLD, signal.SIG_DFL)

    def leave(self) -> None:
        """In a life that is forked from it."""
        if self._collects:
            gc.enable()
        if self._child_handler is not None:
            _signal(signal.SIGCHLD, self._child_handler)
