"""What is open: files whose position and locks the lives of a ring share, and sockets and pipes with somebody else at the other end.

A fork copies descriptors and shares what is behind them. Positions, flags and flocks of a file can be put back. What was read from a pipe
or said to a server can't.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from crossroads.rings.descriptors import Descriptor, Lock, descriptors
from crossroads.rings.findings import Finding
from crossroads.rings.sockets import OpenSocket, open_sockets, unread_bytes

__all__ = ["Openings", "Protected"]

_STANDARD: Final = (0, 1, 2)
"""Input, output and errors: what is at their other end, by whatever number, belongs to whoever gives the ring its face."""
_SETTABLE: Final = os.O_APPEND | os.O_NONBLOCK | getattr(os, "O_ASYNC", 0) | getattr(os, "O_DIRECT", 0) | getattr(os, "O_NOATIME", 0)
_REOPENING: Final = ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC)
_DELETED: Final = " (deleted)"
_SQLITE_SHARED: Final = 0x40000002
_SQLITE_OPEN: Final = 128
_FLOCKS: Final = {"READ": fcntl.LOCK_SH, "WRITE": fcntl.LOCK_EX}
_open, _close, _dup2, _lseek, _stat = os.open, os.close, os.dup2, os.lseek, os.stat


class Protected(Protocol):
    """Knows which files a return puts back."""

    def covered_at(self, path: str, mark: int) -> bool: ...

    def inode_at(self, path: str, mark: int) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Openings:
    """All of it at one moment; made by `now`.

    Attributes:
        descriptors: by number.
        sockets: by number.
        unread: of each pipe, by number: how many bytes wait in it.
    """

    descriptors: dict[int, Descriptor]
    sockets: dict[int, OpenSocket]
    unread: dict[int, int]

    @classmethod
    def now(cls, own_processes: Collection[int]) -> "Openings":
        """As they are; see `open_sockets` for `own_processes`."""
        found = descriptors()
        sockets = {one.number: one for one in open_sockets(found, own_processes)}
        return cls(
            {one.number: one for one in found}, sockets, {one.number: unread_bytes(one.number) for one in found if one.kind == "pipe"}
        )

    def restore(
        self, protected: Protected, mark: int, own_processes: Collection[int], face: Collection[tuple[int, int]] = ()
    ) -> list[Finding]:
        """Make them as they were, as far as that can be; what differed or is shared. What `standard` has found before is left alone."""
        present = Openings.now(own_processes)
        found = {number: before for number, before in self.descriptors.items() if before.identity not in face}
        return [finding for number, before in found.items() for finding in self._restore(before, present, protected, mark, number)]

    def _restore(self, before: Descriptor, present: "Openings", protected: Protected, mark: int, number: int) -> list[Finding]:
        now = present.descriptors.get(number)
        if number in _STANDARD and (number != 0 or before.kind != "file"):
            return []
        if now is None or (now.identity, now.kind) != (before.identity, before.kind):
            return [Finding("file", before.target, f"descriptor {number} ({before.target}) isn't open any more", False)]
        if before.kind == "file":
            return _File(before, now, protected, mark).restore()
        if before.kind == "socket":
            return _socket(self.sockets[number], present.sockets[number])
        if before.kind == "pipe":
            return self._pipe(before, present)
        if before.kind == "other" and before.details != now.details:
            kind = "timer" if "timerfd" in before.target else "descriptor"
            text = f"{before.target} (descriptor {number}) was changed since the mark, and both lives share it"
            return [Finding(kind, f"descriptor {number}", text, False)]
        return []

    def standard(self) -> set[tuple[int, int]]:
        """What the standard streams are of, except for a file that input comes from."""
        found = (self.descriptors.get(number) for number in _STANDARD)
        return {one.identity for one in found if one is not None and (one.number or one.kind != "file")}

    def _pipe(self, before: Descriptor, present: "Openings") -> list[Finding]:
        number = before.number
        is_whole = {one.flags & os.O_ACCMODE for one in self.descriptors.values() if one.identity == before.identity} > {os.O_RDONLY}
        if os.get_inheritable(number):
            # Whoever started the program has left it open; Python's own pipes aren't passed on.
            return []
        if not is_whole or not before.target.startswith("pipe:"):
            text = f"the {before.target} (descriptor {number}) leads outside, and both lives share it"
        elif self.unread[number] != present.unread[number] and before.flags & os.O_ACCMODE == os.O_RDONLY:
            text = f"{self.unread[number]} bytes waited in {before.target} (descriptor {number}) at the mark, now {present.unread[number]}"
        else:
            return []
        return [Finding("pipe", before.target, text, False)]


def _socket(before: OpenSocket, now: OpenSocket) -> list[Finding]:
    name, where = before.name, f"descriptor {before.number}"
    if before.is_listening:
        text = f"connections to {name} ({where}) that were taken since the mark are lost"
    elif before.is_outside:
        said = None if before.sent_bytes is None or now.sent_bytes is None else now.sent_bytes - before.sent_bytes
        known = "" if said is None else f", which has been sent {said:,} bytes since the mark"
        text = f"the connection to {name} ({where}) leads outside, and both lives share it{known}"
    elif before.unread_bytes != now.unread_bytes:
        text = f"{before.unread_bytes} bytes waited in {name} ({where}) at the mark, now {now.unread_bytes}"
    else:
        return []
    return [Finding("socket", name, text, False)]


class _File:
    """One descriptor of a file, and how it is put back."""

    def __init__(self, before: Descriptor, now: Descriptor, protected: Protected, mark: int) -> None:
        self._before, self._now = before, now
        self._path = before.target.removesuffix(_DELETED)
        self._protected, self._mark = protected, mark
        self._name = f"{self._path} (descriptor {before.number})"

    def restore(self) -> list[Finding]:
        was_reopened = self._reopened()
        position = 0 if was_reopened else self._now.position
        findings = was_reopened or self._contents()
        if position != self._before.position:
            _lseek(self._before.number, self._before.position, os.SEEK_SET)
        if position != self._before.position and not was_reopened:
            findings.append(self._mended("file", f"the position in {self._name} was {position}, and is {self._before.position} again"))
        flags = self._before.flags & _SETTABLE
        if self._now.flags & _SETTABLE != flags and not was_reopened:
            fcntl.fcntl(self._before.number, fcntl.F_SETFL, self._before.flags)
            findings.append(self._mended("file", f"how {self._name} is written is as it was again"))
        return findings + self._locks()

    def _reopened(self) -> list[Finding]:
        """Where a protected file was put back as another one: a descriptor of that."""
        if self._protected.inode_at(self._path, self._mark) != self._before.about.st_ino:
            return []
        about = _about(self._path)
        if about is None or (about.st_dev, about.st_ino) == self._before.identity:
            return []
        number = self._before.number
        try:
            new = _open(self._path, self._before.flags & _REOPENING | os.O_CLOEXEC)
        except OSError as error:
            return [Finding("file", self._path, f"{self._name} was put back, but can't be opened ({error.strerror})", False)]
        inheritable = not fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        _dup2(new, number, inheritable)
        _close(new)
        return [self._mended("file", f"{self._name} was made anew, and is open again where it was")]

    def _contents(self) -> list[Finding]:
        if self._protected.covered_at(self._path, self._mark) or self._before.target.startswith(("/memfd:", "/dev/zero")):
            return []
        before, now, there = self._before.about, self._now.about, _about(self._path)
        if before.st_nlink and not now.st_nlink:
            text = "was deleted since the mark"
        elif before.st_nlink and there is not None and stat.S_ISREG(there.st_mode) and there.st_ino != now.st_ino:
            text = "was replaced by another file since the mark"
        elif before.st_size != now.st_size:
            text = f"had {before.st_size:,} bytes at the mark, now {now.st_size:,}"
        elif before.st_mtime_ns != now.st_mtime_ns:
            text = "was written to since the mark"
        else:
            return []
        return [Finding("file", self._path, f"{self._name} {text}", False)]

    def _locks(self) -> list[Finding]:
        findings = []
        before, now = _flock_of(self._before), _flock_of(self._now)
        if before != now:
            findings.append(self._put_flock(before))
        if _of_kind(self._before, "OFDLCK") != _of_kind(self._now, "OFDLCK"):
            findings.append(Finding("lock", self._path, f"locks on {self._name} were changed since the mark", False))
        if any(not _is_idle_database(lock, self._path) for lock in _of_kind(self._before, "POSIX")):
            text = f"the lock on {self._name} stays with the process that took it before the mark: this life can't release it"
            findings.append(Finding("lock", self._path, text, False))
        return findings

    def _put_flock(self, access: str) -> Finding:
        try:
            fcntl.flock(self._before.number, _FLOCKS.get(access, fcntl.LOCK_UN) | fcntl.LOCK_NB)
        except OSError as error:
            reason = "somebody else has it" if error.errno == errno.EWOULDBLOCK else error.strerror
            return Finding("lock", self._path, f"the lock on {self._name} was lost since the mark ({reason})", False)
        return self._mended("lock", f"{self._name} is {'locked' if access else 'unlocked'} again")

    def _mended(self, kind: str, text: str) -> Finding:
        return Finding(kind, self._path, text, True)


def _flock_of(one: Descriptor) -> str:
    return next((lock.access for lock in one.locks if lock.kind == "FLOCK"), "")


def _of_kind(one: Descriptor, kind: str) -> list[Lock]:
    return sorted((lock for lock in one.locks if lock.kind == kind), key=lambda lock: (lock.start, lock.end, lock.access))


def _is_idle_database(lock: Lock, path: str) -> bool:
    """Whether an SQLite connection in WAL mode has this lock as long as it is open, which later lives do no harm to."""
    return lock.access == "READ" and (lock.start == _SQLITE_SHARED or (path.endswith("-shm") and lock.start == _SQLITE_OPEN))


def _about(path: str) -> os.stat_result | None:
    try:
        return _stat(path)
    except OSError:
        return None
