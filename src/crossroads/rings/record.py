"""Notes that outlive the life that made them: an append-only log without a name, shared by all processes of a ring.

What a life keeps in memory is gone once it has gone back. A line here stays. A line that a death cut short is left out when read, and
spoils no other. Reading never moves a position, which the processes would share.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zlib import crc32

from crossroads.snapshots import kernel

__all__ = ["Record", "lived"]

_write, _pread, _fstat, _close, _dup = os.write, os.pread, os.fstat, os.close, os.dup
_fcntl = fcntl.fcntl
_CHUNK_BYTES = 1 << 20
_CHECK_CHARS = 8


class Record:
    """A log of JSON values, each with a name.

    It is lost, and then empty, when the program closes descriptors that aren't its own.
    """

    def __init__(self) -> None:
        self._descriptor = kernel.move_up(_unnamed_file())
        about = _fstat(self._descriptor)
        self._identity = (about.st_dev, about.st_ino)

    def add(self, name: str, value: Any = None) -> None:
        """Append one entry; `value` is anything that JSON can hold."""
        if not self._is_open():
            return
        text = json.dumps([name, value], ensure_ascii=True, separators=(",", ":")).encode()
        # It begins with a line break, too: what stands there may have been cut short.
        _write(self._descriptor, b"\n%08x%s\n" % (crc32(text), text))

    def entries(self) -> Sequence[tuple[str, Any]]:
        """All (name, value) so far, oldest first."""
        return [(name, value) for name, value in map(_decoded, self._contents().split(b"\n")) if name]

    def lived_since(self, mark: int) -> list[tuple[str, Any]]:
        """`lived(self.entries(), mark)`, without reading what the lives before this one have added, however many there were."""
        found: list[tuple[str, Any]] = []
        for entry in self._latest_first():
            found.append(entry)
            name, value = entry
            if mark and ((name == MARKED and value == mark) or (name == RETURNED and value <= mark)):
                break
        return lived(found[::-1], mark)

    def close(self) -> None:
        """Give it up in this process; the others still have it."""
        if self._is_open():
            _close(self._descriptor)
        self._descriptor = -1

    def _latest_first(self) -> Iterator[tuple[str, Any]]:
        text = self._contents()
        end = len(text)
        while end > 0:
            begin = text.rfind(b"\n", 0, end) + 1
            name, value = _decoded(text[begin:end])
            if name:
                yield name, value
            end = begin - 1

    def _is_open(self) -> bool:
        if self._descriptor < 0:
            return False
        try:
            about = _fstat(self._descriptor)
        except OSError:
            return False
        return (about.st_dev, about.st_ino) == self._identity

    def _contents(self) -> bytes:
        parts: list[bytes] = []
        if self._is_open():
            at = 0
            while part := _pread(self._descriptor, _CHUNK_BYTES, at):
                parts.append(part)
                at += len(part)
        return b"".join(parts)


MARKED: Final = "marked"
RETURNED: Final = "returned"


def lived(entries: Sequence[tuple[str, Any]], mark: int) -> list[tuple[str, Any]]:
    """What was added since a mark, in the lives that no return has discarded yet.

    Args:
        entries: of a record to which `MARKED` and `RETURNED` were added with the number of the mark, at each mark and return.
        mark: one of the present past.
    """
    past: list[tuple[str, Any]] = []
    places: dict[int, int] = {}
    for name, value in entries:
        if name == MARKED:
            places[value] = len(past)
        elif name == RETURNED:
            del past[places.get(value, 0) :]
        else:
            past.append((name, value))
    return past[places.get(mark, 0) :]


def _decoded(line: bytes) -> tuple[str, Any]:
    """The entry of a line; ("", None) for one that isn't whole."""
    text = line[_CHECK_CHARS:]
    try:
        if int(line[:_CHECK_CHARS], 16) != crc32(text):
            return "", None
        name, value = json.loads(text)
    except ValueError:
        return "", None
    return name, value


def _unnamed_file() -> int:
    """A descriptor whose writes always go to the end."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("crossroads", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = _dup(file.fileno())
    _fcntl(descriptor, fcntl.F_SETFL, _fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return descriptor
