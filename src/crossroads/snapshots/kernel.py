"""The operating system's part: calls that Python lacks or that differ between systems. Each says whether it worked; none raises.

Linux has all of them. Elsewhere orphans are found by process group only and waiting falls back to polling.
"""

import ctypes
import os
import resource
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ADDR_NO_RANDOMIZE = 0x0040000
_PERSONALITY_QUERY = 0xFFFFFFFF

# Taken before any program under test could replace them.
_getpid, _open, _read, _close, _listdir = os.getpid, os.open, os.read, os.close, os.listdir
_kill, _waitpid, _sysconf = os.kill, os.waitpid, os.sysconf
_setrlimit, _getrlimit = resource.setrlimit, resource.getrlimit
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(yes: bool = True) -> bool:
    """Have this process killed when the thread that started it ends, or (yes=False) no longer."""
    return _libc is not None and _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL) if yes else 0, 0, 0, 0) == 0


def adopt_orphans() -> bool:
    """Become the parent of every process below this one whose own parent ends."""
    return _libc is not None and _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


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
    """Process ids of this process's children, the dead and unreaped ones included; [] where the system doesn't tell."""
    pid = _getpid()
    try:
        tasks = sorted(_listdir(f"/proc/{pid}/task"))
        return [int(child) for task in tasks for child in _contents(f"/proc/{pid}/task/{task}/children").split()]
    except (OSError, ValueError):
        return []


def thread_names() -> list[str]:
    """Threads of this process other than the calling one: by name where Python knows them, else by their number."""
    known = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    try:
        unknown = len(_listdir("/proc/self/task")) - 1 - len(known)
    except OSError:
        unknown = 0
    return known + ([f"{unknown} started outside of Python"] if unknown > 0 else [])


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


def kill_group(pid: int) -> None:
    """Kill every process of the group that `pid` leads, if it leads one."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def kill(pid: int) -> None:
    """Kill one process, if it is there."""
    try:
        _kill(pid, signal.SIGKILL)
    except OSError:
        pass


def _contents(path: str) -> str:
    descriptor = _open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := _read(descriptor, 65_536):
            parts.append(part)
    finally:
        _close(descriptor)
    return b"".join(parts).decode("ascii", "replace")
