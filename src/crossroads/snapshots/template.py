"""The process that a snapshot's futures are forked from: it waits for an order of one byte, forks, and tells how that ended.

It does nothing else, and gives back what it takes in the reverse order: each child finds the same heap, whatever the others were, and
little is written in it, so that little has to be copied. What children are to do, their limits, their output and their results are the
business of its supervisor, the process that has started it (`server`).
"""

import os
import struct
from _socket import socketpair as _pair
from typing import Final

from crossroads.snapshots import kernel

FUTURE: Final = b"f"
"""Order for a child whose end is waited for and told."""

WALKER: Final = b"w"
"""Order for a child that may outlive the next order."""

EXPECT: Final = b"e"
"""Order to wait for a walker, whose process id follows, and to tell its end."""

_NUMBER: Final = struct.Struct("<q")
_pack, _unpack, _NUMBER_BYTES = _NUMBER.pack, _NUMBER.unpack, _NUMBER.size

# Taken before any program under test could replace them.
_read, _write, _exit, _waitpid, _close, _getpid = os.read, os.write, os._exit, os.waitpid, os.close, os.getpid
_fork, _reap_ended = kernel.fork, kernel.reap_ended


class Gone(Exception):
    """The template has ended: only the program under test can have killed it."""


class Template:
    """A template as its supervisor sees it. `parcels` is the line to walkers, which need descriptors.

    Args:
        memory_bytes: private memory that each of its children may add to what is there.
    """

    def __init__(self, memory_bytes: int) -> None:
        self.pid = -1
        self.line = -1
        self.parcels = -1
        self._memory_bytes = memory_bytes

    def start(self, supervisor_ends: tuple[int, ...]) -> bytes | None:
        """Fork the template: returns None in this process, and the order in every child that the template forks.

        Args:
            supervisor_ends: descriptors that neither the template nor its children may have.
        """
        line, far_line = _socketpair()
        parcels, far_parcels = _socketpair()
        pid = _fork()
        if pid:
            _close(far_line)
            _close(far_parcels)
            self.pid, self.line, self.parcels = pid, line, parcels
            return None
        kernel.die_with_parent()
        for descriptor in (line, parcels, *supervisor_ends):
            _close(descriptor)
        self.pid, self.line, self.parcels = _getpid(), far_line, far_parcels
        data_bytes = kernel.data_bytes()
        if data_bytes:
            kernel.limit_memory(data_bytes + self._memory_bytes)
        return _fork_on_orders(far_line)

    def fork(self, order: bytes) -> int:
        """Have a child forked, by FUTURE or WALKER: its process id.

        Raises:
            Gone: the template has ended.
        """
        try:
            _write(self.line, order)
        except OSError:
            raise Gone from None
        return self.answer()

    def answer(self) -> int:
        """The next number that the template tells: after a child's process id the wait status of its end, if it is a future.

        Raises:
            Gone: the template has ended.
        """
        data = b""
        while len(data) < _NUMBER_BYTES:
            try:
                part = _read(self.line, _NUMBER_BYTES - len(data))
            except OSError:
                part = b""
            if not part:
                raise Gone
            data += part
        number: int = _unpack(data)[0]
        return number

    def end_of_walker(self, pid: int) -> int:
        """The wait status of a walker that has ended or is about to.

        Raises:
            Gone: the template has ended.
        """
        try:
            _write(self.line, EXPECT + _pack(pid))
        except OSError:
            raise Gone from None
        return self.answer()

    def leave(self) -> None:
        """Let go of the lines between supervisor and template."""
        for descriptor in (self.line, self.parcels):
            if descriptor >= 0:
                _close(descriptor)
        self.pid = self.line = self.parcels = -1


def _fork_on_orders(line: int) -> bytes:
    """Fork a child for each order; returns in the children only."""
    while True:
        order = _read(line, 1)
        if order == EXPECT:
            _tell_end(line, _unpack(_read(line, _NUMBER_BYTES))[0])
            continue
        if not order:
            _exit(0)
        if order == WALKER:
            _reap_ended()
        pid = _fork()
        if not pid:
            return order
        _write(line, _pack(pid))
        if order == FUTURE:
            _tell_end(line, pid)
        # In this order, so that the next round takes the same blocks of memory.
        del pid
        del order


def _tell_end(line: int, pid: int) -> None:
    _write(line, _pack(_waitpid(pid, 0)[1]))


def _socketpair() -> tuple[int, int]:
    one, other = _pair()
    return kernel.move_up(one.detach()), kernel.move_up(other.detach())
