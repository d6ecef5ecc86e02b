"""The process at the bottom of a debugged replay: it keeps the snapshots that were laid on the way, and lets one life at a time be lived.

It lives nothing of the program itself, so nothing the program does can reach it. A life tells it what it lays, what the controller is to
know, and where the user wants to go; then that life ends, and another one is begun from the nearest snapshot, or anew from here. When the
keeper ends, sleeping snapshots see the ends of their channels, and the life is killed by the system.
"""

import os
import select
import socket
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from crossroads.runners.traveller import channel_at, channel_pair
from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import sudden_end

# Taken before the world is installed, whose process numbers are its own.
_getpid, _getppid = os.getpid, os.getppid

SLEEPERS_MAX: Final = 40
"""Snapshots kept at a time. One journey lays about log2 of its length; those of older journeys are given up first."""

LAST_WORDS: Final = ("result", "refused", "stopped")
"""What a life says last."""


@dataclass(eq=False, slots=True)
class Sleeper:
    """One snapshot: where it sleeps, the way to it, its process, and on which journey it was laid."""

    point: int
    channel: socket.socket
    pid: int
    journey: int


class Keeper:
    """Keeps snapshots and has lives begun from them.

    Args:
        controller: the way to the process that asked for the replay.
    """

    def __init__(self, controller: socket.socket) -> None:
        self._controller = controller
        self._sleepers: list[Sleeper] = []
        self._journey = 0
        self._furthest = -1
        self._life: tuple[socket.socket, int] | None = None

    def keep(self, order: wire.Message) -> tuple[socket.socket, wire.Message]:
        """Be the keeper until the last life has ended.

        Args:
            order: of the first life: `to`, `watch`, `breaks`, as `runners.traveller` has them.

        Returns:
            In the process of each life that begins anew, and there alone: the channel to the keeper, and the life's order.
        """
        kernel.adopt_orphans()
        restore_signals = kernel.block_signals()
        while True:
            self._journey += 1
            order = {**order, "held": [sleeper.point for sleeper in self._sleepers], "loud": self._furthest}
            if not self._wake(order):
                ours, theirs = channel_pair()
                keeper = _getpid()
                pid = kernel.fork()
                if pid == 0:
                    kernel.die_with_parent()
                    if _getppid() != keeper:
                        os._exit(1)
                    self._forget()
                    ours.close()
                    restore_signals()
                    return theirs, order
                theirs.close()
                self._life = (ours, pid)
            try:
                following = self._attend()
            except wire.Closed:
                following = None
            if following is None:
                self._leave()
            order = following

    # Lives.

    def _wake(self, order: wire.Message) -> bool:
        """Begin a life from the nearest snapshot at or before the place that is wanted; False where there is none."""
        to = order["to"]
        while fitting := [sleeper for sleeper in self._sleepers if to is None or sleeper.point <= to]:
            nearest = max(fitting, key=lambda sleeper: sleeper.point)
            ours, theirs = channel_pair()
            try:
                wire.send(nearest.channel, order, (theirs.fileno(),))
                theirs.close()
                self._life = (ours, 0)
                self._life = (ours, int(wire.receive(ours)[0]["pid"]))
                return True
            except wire.Closed:
                theirs.close()
                ours.close()
                self._drop(nearest)
        return False

    def _attend(self) -> wire.Message | None:
        """Serve the life until it ends; the order for the next one, None where there is to be none."""
        assert self._life is not None
        channel, pid = self._life
        said_last = False
        going: wire.Message | None = None
        for message, descriptors in self._messages(channel, pid):
            if "laid" in message:
                self._take_in(int(message["laid"]), descriptors[0])
            elif "go" in message:
                going = message
                break
            else:
                wire.send(self._controller, message)
                if said_last := any(word in message for word in LAST_WORDS):
                    break
        channel.close()
        status = self._end_life(pid)
        if going is not None:
            self._furthest = max(self._furthest, int(going["at"]))
            return {"to": going["go"], "watch": going["watch"], "breaks": going["breaks"]}
        if not said_last:
            wire.send(self._controller, {"result": {"outcome": sudden_end(status)}})
        return None

    def _messages(self, channel: socket.socket, pid: int) -> Any:
        """What the life says, until it ends; in between, what the controller says is passed on to it."""
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        poll.register(self._controller, select.POLLIN)
        ending = _ending_of(pid)
        if ending >= 0:
            poll.register(ending, select.POLLIN)
        try:
            while True:
                found = {descriptor for descriptor, _ in poll.poll()}
                if self._controller.fileno() in found:
                    self._pass_on(channel)
                if channel.fileno() in found:
                    yield wire.receive(channel)
                elif ending in found:
                    return
        except wire.Closed:
            return
        finally:
            if ending >= 0:
                os.close(ending)

    def _pass_on(self, channel: socket.socket) -> None:
        try:
            message, _ = wire.receive(self._controller)
        except wire.Closed:
            self._leave()
        wire.send(channel, message)

    def _end_life(self, pid: int) -> int:
        """End a life that has nothing more to say, if it hasn't yet, and all that it has left; its wait status."""
        self._life = None
        kernel.kill(pid)
        try:
            _, status = os.waitpid(pid, 0)
        except ChildProcessError:
            status = 0
        kept = {sleeper.pid for sleeper in self._sleepers}
        while strays := [child for child in kernel.children() if child not in kept]:
            for stray in strays:
                kernel.kill(stray)
                kernel.reap(stray)
        return status

    # Snapshots.

    def _take_in(self, point: int, descriptor: int) -> None:
        channel = channel_at(descriptor)
        try:
            pid = int(wire.receive(channel)[0]["pid"])
        except wire.Closed:
            channel.close()
            return
        self._sleepers.append(Sleeper(point, channel, pid, self._journey))
        self._sleepers.sort(key=lambda sleeper: sleeper.point)
        if len(self._sleepers) > SLEEPERS_MAX:
            self._evict()

    def _evict(self) -> None:
        """Give up the snapshot of an older journey that is nearest to the one before it."""
        pairs = zip(self._sleepers, self._sleepers[1:], strict=False)
        gaps = [(later.point - earlier.point, later) for earlier, later in pairs if later.journey < self._journey]
        if gaps:
            self._drop(min(gaps, key=lambda gap: gap[0])[1])

    def _drop(self, sleeper: Sleeper) -> None:
        self._sleepers.remove(sleeper)
        sleeper.channel.close()
        kernel.kill(sleeper.pid)
        kernel.reap(sleeper.pid)

    def _forget(self) -> None:
        """In a life's own process: close what is the keeper's."""
        self._controller.close()
        for sleeper in self._sleepers:
            sleeper.channel.close()
        self._sleepers = []

    def _leave(self) -> NoReturn:
        """End everything."""
        if self._life is not None and self._life[1]:
            self._end_life(self._life[1])
        for sleeper in list(self._sleepers):
            self._drop(sleeper)
        os._exit(0)


def _ending_of(pid: int) -> int:
    """A descriptor that is readable once the process has ended; -1 where the system has none."""
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return -1
