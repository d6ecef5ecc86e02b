"""The operating system's part: calls that Python lacks or that differ between systems. Each says whether it worked; none raises.

Linux has all of them. Elsewhere orphans are found by process group only and waiting falls back to polling.
"""

import _thread
import ctypes
import fcntl
import os
import resource
import select
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SIG_BLOCK, _SIG_SETMASK = int(signal.SIG_BLOCK), int(signal.SIG_SETMASK)
_SIGSET_BYTES = 128
_ADDR_NO_RANDOMIZE = 0x0040000
_PERSONALITY_QUERY = 0xFFFFFFFF

HIGH_DESCRIPTOR: Final = 700
"""Our descriptors lie above this, so that the ones a program opens have the same numbers in every process."""

MARKER: Final = "CROSSROADS_TRUNK"
"""Environment variable that all processes of one trunk were started with."""

# Taken before any program under test could replace them.
_getpid, _open, _read, _close, _listdir = os.getpid, os.open, os.read, os.close, os.listdir
_kill, _killpg, _sysconf, _fstat, _lseek = os.kill, os.killpg, os.sysconf, os.fstat, os.lseek
_fcntl, _waitpid = fcntl.fcntl, os.waitpid
_enumerate_threads, _current_thread = threading.enumerate, threading.current_thread
_count_threads, _getrusage = _thread._count, resource.getrusage
_sleep = time.sleep
_setrlimit, _getrlimit = resource.setrlimit, resource.getrlimit
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_prctl = None if _libc is None else _libc.prctl
_c_waitpid = None if _libc is None else _libc.waitpid
_c_fork = None if _libc is None else ctypes.PyDLL(None).fork
_c_sigmask = None if _libc is None else _libc.pthread_sigmask
_c_sigfillset = None if _libc is None else _libc.sigfillset
_python_fork = os.fork
_ENDING_LOOKS, _ENDING_S = 20, 0.001
_outside_python = 0
_KILL: Final = int(signal.SIGKILL)
_NO_HANG: Final = int(os.WNOHANG)


def fork() -> int:
    """Fork as a snapshot must: the child goes on as the same program, and nothing in it notices.

    Python's own fork prepares a child for being another program beside its parent: it reseeds, renews locks that threads may hold, makes
    asyncio forget its loop, calls what was registered with os.register_at_fork. None of that may happen to a future; and the pages that
    it writes are most of what a fork costs. Sound where this thread is the only one: then it holds the interpreter's lock, and no other
    lock is held by anybody else.
    """
    return _python_fork() if _c_fork is None else _c_fork()


def die_with_parent(yes: bool = True) -> bool:
    """Have this process killed when the thread that started it ends, or (yes=False) no longer."""
    return _prctl is not None and _prctl(_PR_SET_PDEATHSIG, _KILL if yes else 0, 0, 0, 0) == 0


def adopt_orphans() -> bool:
    """Become the parent of every process below this one whose own parent ends."""
    return _prctl is not None and _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def fix_addresses() -> bool | None:
    """Turn address randomisation off for the next exec: True if it is already off, False if exec is needed, None if it can't be."""
    if _libc is None:
        return None
    present: int = _libc.personality(_PERSONALITY_QUERY)
    if present == -1:
        return None
    if present & _ADDR_NO_RANDOMIZE:
        return True
    return None if _libc.personality(present | _ADDR_NO_RANDOMIZE) == -1 else False


def children() -> list[int]:
    """Process ids of this thread's children, the dead and unreaped ones included; [] where the system doesn't tell."""
    try:
        return [int(child) for child in _contents("/proc/thread-self/children").split()]
    except (OSError, ValueError):
        return []


def thread_names() -> list[str]:
    """Threads of this process other than the calling one: by name where Python knows them, else by their number.

    A thread that was joined is known to the system for a moment more; so those that Python doesn't know are given time to be gone, once.
    """
    global _outside_python
    for _ in range(_ENDING_LOOKS):
        known = [thread.name for thread in _enumerate_threads() if thread is not _current_thread()]
        try:
            unknown = max(len(_listdir("/proc/self/task")) - 1 - len(known), 0)
        except OSError:
            unknown = 0
        if unknown <= _outside_python:
            break
        _sleep(_ENDING_S)
    _outside_python = unknown
    return known + ([f"{unknown} started outside of Python"] if unknown else [])


def has_threads() -> bool:
    """Whether Python has started any that still run."""
    return bool(_count_threads())


def wait_for_threads() -> None:
    """Wait for the program's threads as the interpreter does at its end: those that aren't daemons have to finish."""
    if not _count_threads():
        return
    for thread in _enumerate_threads():
        if thread is not _current_thread() and not thread.daemon:
            thread.join()


def block_signals() -> Callable[[], None]:
    """Block all signals of this thread that can be; returns what puts back those that are blocked now."""
    if _c_sigmask is None or _c_sigfillset is None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        return partial(_set_mask, before)
    # Python's own function makes an object of each signal that was blocked.
    every, saved = (ctypes.create_string_buffer(_SIGSET_BYTES) for _ in range(2))
    _c_sigfillset(every)
    _c_sigmask(_SIG_BLOCK, every, saved)
    return partial(_c_sigmask, _SIG_SETMASK, saved, None)


def _set_mask(signals: set[int | signal.Signals]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, signals)


def file_offsets() -> list[tuple[int, int]]:
    """(descriptor, offset) of every regular file that this process has open; [] where the system doesn't tell."""
    found = []
    for descriptor in sorted(int(name) for name in _names("/proc/self/fd")):
        try:
            if stat.S_ISREG(_fstat(descriptor).st_mode):
                found.append((descriptor, _lseek(descriptor, 0, os.SEEK_CUR)))
        except OSError:
            pass
    return found


def flush_stdio() -> None:
    """Write out what the program has printed, as far as its streams can."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def private_bytes(pid: int) -> int:
    """What the process would give back if it ended: its proportional share of memory; 0 where the system doesn't tell."""
    try:
        for line in _contents(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def data_bytes() -> int:
    """Private writable memory of this process, as RLIMIT_DATA counts it; 0 where the system doesn't tell."""
    try:
        return int(_contents("/proc/self/statm").split()[5]) * _sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def limit_memory(bytes_max: int | None) -> None:
    """Bound this process's private memory, or (None) lift the bound again up to what the system allows."""
    _, hard = _getrlimit(resource.RLIMIT_DATA)
    soft = hard if bytes_max is None else bytes_max
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    _setrlimit(resource.RLIMIT_DATA, (soft, hard))


def memory_limit() -> int:
    """The bound that `limit_memory` has set, or what the system allows."""
    return _getrlimit(resource.RLIMIT_DATA)[0]


def memory_used_max() -> int:
    """The most memory that this process has had so far."""
    return _getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1)


def remains(memory_bytes_max: int) -> Literal["", "threads", "child processes", "memory"]:
    """What a future has left in this process that the next one may not meet; memory only if it was more than that at any time."""
    if _count_threads():
        return "threads"
    if has_children():
        return "child processes"
    return "memory" if memory_used_max() > memory_bytes_max else ""


def has_children() -> bool:
    """Whether this process has any; those that have ended are reaped."""
    try:
        return _c_waitpid(-1, None, _NO_HANG) != -1 if _c_waitpid is not None else bool(_waitpid(-1, _NO_HANG) or True)
    except ChildProcessError:
        return False


def kill_group(pid: int) -> None:
    """Kill every process of the group that `pid` leads, if it leads one."""
    try:
        _killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def kill(pid: int) -> None:
    """Kill one process, if it is there."""
    try:
        _kill(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_marked(marker: str) -> None:
    """Kill every process that was started with this "NAME=value" in its environment, or forked from one, wherever it went since."""
    found = True
    while found:
        found = False
        for pid in sorted(int(name) for name in _names("/proc") if name.isdigit()):
            if pid != _getpid() and _has_marker(pid, marker):
                kill(pid)
                found = True


def end_marked(pid: int, marker: str, timeout_s: float) -> None:
    """Kill a process, if it still is one with this marker, and wait until its children have a new parent."""
    if sys.platform != "linux":
        return
    try:
        ending = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _has_marker(pid, marker):
            kill(pid)
        poll = select.poll()
        poll.register(ending, select.POLLIN)
        poll.poll(timeout_s * 1000)
    finally:
        _close(ending)


def reap_ended() -> None:
    """Reap the children that have ended by now, as far as there are any."""
    if _c_waitpid is not None:
        while _c_waitpid(-1, None, _NO_HANG) > 0:
            pass


def reap(pid: int) -> None:
    """Wait for a child's end, if it is there."""
    try:
        _waitpid(pid, 0)
    except ChildProcessError:
        pass


def move_up(descriptor: int) -> int:
    """Move a descriptor out of the way of the program's own; where it is now."""
    try:
        moved = _fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR)
    except OSError:
        return descriptor
    _close(descriptor)
    return moved


def file_identity(descriptor: int) -> tuple[int, int] | None:
    """Which file a descriptor is, None where it is closed."""
    try:
        found = _fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_open(descriptor: int) -> bool:
    """Whether this process has a descriptor of this number."""
    try:
        _fcntl(descriptor, fcntl.F_GETFD)
    except OSError:
        return False
    return True


def _has_marker(pid: int, marker: str) -> bool:
    try:
        return marker in _contents(f"/proc/{pid}/environ").split("\0")
    except OSError:
        return False


def _names(folder: str) -> list[str]:
    try:
        return _listdir(folder)
    except OSError:
        return []


def _contents(path: str) -> str:
    descriptor = _open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := _read(descriptor, 65_536):
            parts.append(part)
    finally:
        _close(descriptor)
    return b"".join(parts).decode("ascii", "replace")
