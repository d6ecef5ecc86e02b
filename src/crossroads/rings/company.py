"""Child processes and threads, which a fork leaves behind."""

import os
from dataclasses import dataclass
from typing import Any, Final

from crossroads.snapshots import kernel

__all__ = ["Child", "children", "own_process"]

_open, _read, _close, _readlink = os.open, os.read, os.close, os.readlink
_LINE_BYTES: Final = 4096
_STATE_AT, _STARTED_AT = 0, 19  # in /proc/<pid>/stat, after the name


@dataclass(frozen=True, slots=True)
class Child:
    """A process, told from others that have its number later.

    Attributes:
        pid: its number.
        started: when, in ticks since the system started.
        name: of its program.
    """

    pid: int
    started: int
    name: str

    @property
    def is_running(self) -> bool:
        """Whether it hasn't ended."""
        return _found(self.pid) == self

    def as_json(self) -> list[Any]:
        """What `Child(*...)` takes."""
        return [self.pid, self.started, self.name]

    def __str__(self) -> str:
        return f"{self.pid} ({self.name})"


def children() -> list[Child]:
    """Child processes of this one that are running, by number."""
    found = (_found(pid) for pid in sorted(kernel.children()))
    return [child for child in found if child is not None]


def own_process() -> int:
    """This process's id, whatever a world tells the program."""
    try:
        return int(_readlink("/proc/self"))
    except OSError:
        return os.getpid()


def _found(pid: int) -> Child | None:
    """None if there is no such process, or it has ended and waits for its parent to notice."""
    try:
        descriptor = _open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # The name stands in parentheses, and may contain any.
        head, _, rest = os.fsdecode(_read(descriptor, _LINE_BYTES)).rpartition(")")
    except OSError:
        return None
    finally:
        _close(descriptor)
    fields = rest.split()
    if fields[_STATE_AT] in ("Z", "X"):
        return None
    return Child(pid, int(fields[_STARTED_AT]), head.partition("(")[2])
