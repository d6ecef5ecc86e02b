"""The line between a process of a ring and the one that supervises it: short letters, each of which arrives whole or not at all.

A life has one line, to the snapshot that it was forked from; a letter that is meant for an older snapshot is passed up from one to the
next. What is remembered travels as a descriptor of anonymous memory, so that a letter about it is complete whatever becomes of its sender.
"""

import _socket as _system_sockets
import array
import os
import socket
import struct
from dataclasses import dataclass
from typing import Final

from crossroads.snapshots import kernel

GO: Final = b"g"
"""Down: the supervisor is ready, live."""

BACK: Final = b"b"
"""Up, to the mark of this number: go back; the descriptor has what to remember, `value` is a sum of FLAGS."""

FORGET: Final = b"f"
"""Up, to the mark of this number: it isn't needed any more."""

NO_SUCH: Final = b"n"
"""Down, to the life: there is no snapshot of this mark."""

MOVE: Final = b"m"
"""Down, one step: the snapshot of this mark leaves; the descriptor is the line to its supervisor, whose process id is `value`."""

MOVING: Final = b"a"
"""Up, one step: the answer to MOVE."""

MOVED: Final = b"r"
"""Up, one step, the sender's last letter: process `value` takes its place."""

FORGOTTEN: Final = b"o"
"""Down, to the life and everything on the way: the mark of this number has been given up."""

REDRAW, REMEMBERS = 1, 2
"""Flags of BACK: new draws in the next life; there is something to remember."""

_LETTER: Final = struct.Struct("<cqq")
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(4)
_close = os.close
_socket, _pair = socket.socket, _system_sockets.socketpair
_array = array.array


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: its kind, the mark that it is about, another number, and a descriptor or -1."""

    kind: bytes
    mark: int = 0
    value: int = 0
    descriptor: int = -1


class Cut(Exception):
    """The other end is gone, or this end was closed by the program."""


class Line:
    """One end of a line; it takes the descriptor over."""

    __slots__ = ("_socket", "number")

    def __init__(self, descriptor: int) -> None:
        self.number = descriptor
        self._socket = _socket(fileno=descriptor)
        # The program may have set a default timeout.
        self._socket.setblocking(True)

    def send(self, letter: Letter) -> None:
        """Send a letter, and close its descriptor here; raises Cut."""
        data = [_LETTER.pack(letter.kind, letter.mark, letter.value)]
        try:
            if letter.descriptor >= 0:
                self._socket.sendmsg(data, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _array("i", [letter.descriptor]))])
                _close(letter.descriptor)
            else:
                self._socket.sendmsg(data)
        except OSError as error:
            raise Cut(str(error)) from None

    def receive(self, wait: bool = True) -> Letter | None:
        """The next letter, None if wait=False and there is none; raises Cut."""
        flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_LETTER.size, _ANCILLARY_BYTES, flags)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Cut(str(error)) from None
        if len(data) != _LETTER.size:
            raise Cut("the other end has gone")
        numbers = _array("i", b"".join(payload for _, _, payload in ancillary))
        descriptor = kernel.move_up(numbers[0]) if numbers else -1
        kind, mark, value = _LETTER.unpack(data)
        return Letter(kind, mark, value, descriptor)

    def close(self) -> None:
        """Give this end up."""
        self._socket.close()


def pair() -> tuple[Line, Line]:
    """Both ends of a new line."""
    one, other = _pair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Line(kernel.move_up(one.detach())), Line(kernel.move_up(other.detach()))


def parcel(content: bytes) -> int:
    """A descriptor of anonymous memory with this content."""
    descriptor = kernel.move_up(os.memfd_create("remembered"))
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written : written + (1 << 30)])
    return descriptor


def unpack(descriptor: int) -> bytes:
    """The content of a parcel, whose descriptor is closed."""
    size, parts, at = os.fstat(descriptor).st_size, [], 0
    while at < size:
        parts.append(os.pread(descriptor, min(size - at, 1 << 30), at))
        at += len(parts[-1])
    _close(descriptor)
    return b"".join(parts)
