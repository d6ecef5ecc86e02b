"""The open descriptors of this process, and what the system tells about each."""

import fcntl
import os
import stat
from dataclasses import dataclass
from typing import Final, Literal

from crossroads.snapshots import kernel

__all__ = ["Descriptor", "Kind", "Lock", "descriptors", "writable_mappings"]

Kind = Literal["file", "directory", "socket", "pipe", "terminal", "device", "other"]

_listdir, _readlink, _fstat, _lseek, _isatty, _fcntl = os.listdir, os.readlink, os.fstat, os.lseek, os.isatty, fcntl.fcntl
_open, _read, _close = os.open, os.read, os.close
_CHUNK_BYTES: Final = 1 << 16
_EVERYWHERE: Final = ("pos", "flags", "mnt_id", "ino", "lock")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a file.

    Attributes:
        kind: "FLOCK" (flock), "POSIX" (fcntl, lockf; the process holds it) or "OFDLCK" (the open file holds it).
        access: "READ" or "WRITE".
        start: of the range in bytes.
        end: the last byte of it, or "EOF".
    """

    kind: str
    access: str
    start: int
    end: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One open descriptor.

    Attributes:
        number: as the program knows it.
        kind: what it is of.
        target: a path, or what the system calls it.
        about: of the thing itself.
        position: in bytes, of a file; 0 otherwise.
        flags: as F_GETFL has them.
        locks: of a file, that are held through it.
        details: all else that the system tells about this kind, one line each.
    """

    number: int
    kind: Kind
    target: str
    about: os.stat_result
    position: int
    flags: int
    locks: tuple[Lock, ...]
    details: tuple[str, ...]

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.about.st_dev, self.about.st_ino


def descriptors() -> list[Descriptor]:
    """All that are the program's, by number; [] where the system doesn't tell."""
    found = (_descriptor(number) for number in _numbers() if number < kernel.HIGH_DESCRIPTOR)
    return [one for one in found if one is not None]


def writable_mappings() -> frozenset[int]:
    """Inodes of the files that this process can change through its memory, without the file's times telling."""
    found = []
    for line in _lines("/proc/self/maps"):
        fields = line.split(maxsplit=5)
        if len(fields) > 4 and fields[1][1] == "w" and fields[1][3] == "s":
            found.append(int(fields[4]))
    return frozenset(found)


def _numbers() -> list[int]:
    try:
        return sorted(int(name) for name in _listdir("/proc/self/fd"))
    except OSError:
        return []


def _descriptor(number: int) -> Descriptor | None:
    """None if it isn't open; the one that listed the others no longer is."""
    try:
        about = _fstat(number)
        target = _readlink(f"/proc/self/fd/{number}")
        flags = _fcntl(number, fcntl.F_GETFL)
        lines = _lines(f"/proc/self/fdinfo/{number}")
    except OSError:
        return None
    kind = _kind(number, about.st_mode)
    locks = tuple(_lock(line) for line in lines if line.startswith("lock:"))
    details = tuple(line for line in lines if line.partition(":")[0] not in _EVERYWHERE) if kind == "other" else ()
    return Descriptor(number, kind, target, about, _position(number) if kind == "file" else 0, flags, locks, details)


def _position(number: int) -> int:
    try:
        return _lseek(number, 0, os.SEEK_CUR)
    except OSError:
        return 0


def _kind(number: int, mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISFIFO(mode):
        return "pipe"
    if stat.S_ISCHR(mode) and _isatty(number):
        return "terminal"
    return "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "other"


def _lock(line: str) -> Lock:
    """Of a line such as "lock: 1: POSIX  ADVISORY  WRITE 4291 fe:00:2998369 0 EOF"."""
    _, _, kind, _, access, _, _, start, end = line.split()
    return Lock(kind, access, int(start), end)


def _lines(path: str) -> list[str]:
    parts = []
    descriptor = _open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while part := _read(descriptor, _CHUNK_BYTES):
            parts.append(part)
    except OSError:
        pass
    finally:
        _close(descriptor)
    return os.fsdecode(b"".join(parts)).splitlines()
