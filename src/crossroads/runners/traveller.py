"""One life of a debugged replay: it lays snapshots on its way to where the user wants to be, and stops there.

A snapshot is a fork of the life that sleeps on a channel to the keeper; woken, it forks a new life and sleeps on. Both are forked twice,
so that they are the keeper's children and not the program's. Between two stops nothing but these few points is looked at.
"""

import _socket
import os
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

from crossroads.snapshots import kernel, wire
from crossroads.snapshots.live import LiveRun

# Taken before any program under test could replace them.
_exit, _getpid, _getppid, _waitpid, _lseek = os._exit, os.getpid, os.getppid, os.waitpid, os.lseek
_dup2, _open, _close, _fstat, _yield = os.dup2, os.open, os.close, os.fstat, os.sched_yield
_signal, _getsignal, _real_socketpair, _real_socket = signal.signal, signal.getsignal, _socket.socketpair, socket.socket

STANDARD: Final = (0, 1, 2)
"""Descriptors whose files all lives share with the user: what was read stays read, and what was written stays written."""


class Traveller:
    """What a life does at the points of its way.

    Args:
        channel: to the keeper.
        order: `to`, the point to stop at, None for the end; `held`, points that have a snapshot; `loud`, the furthest point at which
            the user has been, up to which the program's output is known; `watch` and `breaks`, which are the debugger's.
        woke: called where this process has been forked.
    """

    def __init__(self, channel: socket.socket, order: wire.Message, woke: Callable[[], None]) -> None:
        self.channel, self.order, self._woke = channel, order, woke
        self.stop: Callable[[], None] = lambda: None
        self._voice = Voice()
        self._laying: frozenset[int] = frozenset()
        self._shared = [_file(descriptor) for descriptor in STANDARD]

    def set_out(self, live: LiveRun, here: int = -1) -> None:
        """Be on the way to where the order says, from the point `here`."""
        to, loud, held = self.order["to"], int(self.order["loud"]), self.order["held"]
        self._laying = frozenset(snapshots_on_the_way(here, to)) - frozenset(held)
        stops = {point for point in (to, loud) if point is not None and point > here}
        live.pause, live.pauses = self.at_point, tuple(sorted(self._laying | stops))
        if loud > here:
            self._voice.mute()

    def at_point(self, live: LiveRun) -> None:
        """At one of the points of the way: lay a snapshot, be heard again, or stop."""
        if live.index in self._laying and self._lay(live.index):
            # Here is another process, perhaps much later.
            self._woke()
            self.set_out(live, live.index)
        if live.index == self.order["to"]:
            live.pauses = ()
            self.speak()
            self._woke()
            self.stop()
        elif live.index >= self.order["loud"]:
            self.speak()

    def speak(self) -> None:
        """From now on the program's output is seen."""
        self._voice.unmute()

    def go(self, message: wire.Message) -> NoReturn:
        """End this life, and have another one begun."""
        kernel.flush_stdio()
        try:
            wire.send(self.channel, message)
        finally:
            _exit(0)

    def ask(self, message: wire.Message) -> wire.Message:
        """Ask the controller, and wait for its answer, whatever keys are pressed."""
        restore = kernel.block_signals()
        try:
            wire.send(self.channel, message)
            return wire.receive(self.channel)[0]
        finally:
            restore()

    # Snapshots.

    def _lay(self, point: int) -> bool:
        """Leave a snapshot here; True in a life that begins from it."""
        if kernel.thread_names() or kernel.children():
            return False
        kernel.flush_stdio()
        ours, theirs = channel_pair()
        restore = kernel.block_signals()
        offsets = [(descriptor, offset) for descriptor, offset in kernel.file_offsets() if _file(descriptor) not in self._shared]
        if _fork_away():
            ours.close()
            self.channel.close()
            life = _sleep(theirs)
            if life is None:
                _exit(0)
            self.channel, self.order = life
            for descriptor, offset in offsets:
                _lseek(descriptor, offset, os.SEEK_SET)
            restore()
            return True
        restore()
        theirs.close()
        try:
            wire.send(self.channel, {"laid": point}, (ours.fileno(),))
        except wire.Closed:
            _exit(1)
        ours.close()
        return False


class Voice:
    """The program's output, and that of its life before: one that is lived again isn't printed again."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, int]] = []

    def mute(self) -> None:
        """Send output nowhere."""
        if self._kept:
            return
        kernel.flush_stdio()
        self._kept = [(descriptor, kernel.move_up(os.dup(descriptor))) for descriptor in (1, 2) if kernel.is_open(descriptor)]
        nowhere = _open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        for descriptor, _ in self._kept:
            _dup2(nowhere, descriptor)
        _close(nowhere)

    def unmute(self) -> None:
        """Send it where it went before."""
        if self._kept:
            kernel.flush_stdio()
        for descriptor, kept in self._kept:
            _dup2(kept, descriptor)
            _close(kept)
        self._kept = []


def snapshots_on_the_way(here: int, to: int | None) -> Iterable[int]:
    """Points at which snapshots are laid between two points: the start and the end of the way, and those 1, 2, 4, ... before its end.

    A step back is then instant, and n steps back cost no more than living n points.
    """
    if here < 0:
        yield 0
    if to is not None:
        yield to
        step = 1
        while to - step > max(here, 0):
            yield to - step
            step *= 2


def _sleep(channel: socket.socket) -> tuple[socket.socket, dict[str, Any]] | None:
    """Sleep in the snapshot. Returns in each life that is begun from it, with its channel and order; and at its end, with None."""
    try:
        wire.send(channel, {"pid": _getpid()})
        while True:
            order, descriptors = wire.receive(channel)
            life = channel_at(descriptors[0])
            if _fork_away():
                channel.close()
                kernel.die_with_parent()
                wire.send(life, {"pid": _getpid()})
                return life, order
            life.close()
    except BaseException:
        # Below on the stack is the program: nothing may surface there.
        return None


def _file(descriptor: int) -> tuple[int, int] | None:
    try:
        found = _fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _fork_away() -> bool:
    """Fork, so that the child isn't this process's but belongs to whoever adopts orphans; True in the child."""
    handler = _getsignal(signal.SIGCHLD)
    is_handled = handler not in (None, signal.SIG_DFL)
    if is_handled:
        _signal(signal.SIGCHLD, signal.SIG_DFL)
    between = kernel.fork()
    if between == 0:
        middle = _getpid()
        if kernel.fork() != 0:
            _exit(0)
        while _getppid() == middle:
            _yield()
    elif between > 0:
        _waitpid(between, 0)
    if is_handled:
        _signal(signal.SIGCHLD, handler)
    return between == 0


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, real ones in any world."""
    one, other = (channel_at(end.detach()) for end in _real_socketpair())
    return one, other


def channel_at(descriptor: int) -> socket.socket:
    """The real socket of this descriptor, moved out of the way of the program's own."""
    return _real_socket(fileno=kernel.move_up(descriptor))
