"""Which simulated sockets are ready, and one poll of the world: the inside of its selectors, without the interface of `selectors`."""

import gc
import selectors
from collections.abc import Callable
from typing import Any, Final

from crossroads.worlds.asyncio.course import Touched
from crossroads.worlds.asyncio.traffic import Traffic

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

POLLS_A_LOOK: Final = 128
"""Every so many polls cyclic garbage is collected. CPython's own collector is off in a life: it would run wherever our own allocations,
which differ from life to life, let it."""

YOUNG_MAX: Final = 100_000
"""So many more containers made than freed, and garbage is collected sooner."""

OLDER_EVERY: Final = 10
"""Every so many-th collection includes the survivors of earlier ones, and so many times less often all there is, as in CPython."""

_count, _collect = gc.get_count, gc.collect

Found = list[tuple[selectors.SelectorKey, int]]


class Readiness:
    """What is registered with a selector, by descriptor, and what of it may be ready.

    Args:
        traffic: what is on its way.
        stuck: called when nothing is left to happen; doesn't return.

    Attributes:
        keys: what the selector's owner wants to know of each descriptor.
        perhaps: descriptors whose readiness may have changed since they were looked at, in the order in which it did.
        paused: descriptors that are never ready.
        timers: the loop's; it tells them before the first poll.
        own: descriptor of the loop's socket to itself; -1: none.
    """

    __slots__ = ("_collections", "_polls", "_sockets", "_stuck", "_traffic", "keys", "own", "paused", "perhaps", "timers")

    def __init__(self, traffic: Traffic, stuck: Callable[[], None]) -> None:
        self._traffic, self._stuck = traffic, stuck
        self.timers: Any = None
        self.own = -1
        self.paused: set[int] = set()
        self.keys: dict[int, selectors.SelectorKey] = {}
        self.perhaps: dict[int, None] = {}
        self._sockets: dict[int, Touched] = {}
        self._polls = self._collections = 0

    def touch(self, socket: Touched) -> None:
        """This socket's readiness may have changed."""
        descriptor = socket.fileno()
        if descriptor in self.keys:
            self.perhaps[descriptor] = None

    def put(self, key: selectors.SelectorKey, socket: Touched | None = None) -> None:
        """Register a descriptor with its socket, or want to know other things of it."""
        descriptor = key.fd
        if socket is not None:
            self._sockets[descriptor] = socket
        self.keys[descriptor] = key
        self.perhaps[descriptor] = None

    def remove(self, descriptor: int) -> selectors.SelectorKey:
        """Forget a descriptor."""
        self.perhaps.pop(descriptor, None)
        self._sockets.pop(descriptor, None)
        return self.keys.pop(descriptor)

    def clear(self) -> None:
        """Forget all of them, and the loop."""
        self.keys.clear()
        self._sockets.clear()
        self.perhaps.clear()
        self.timers = None

    def select(self, timeout: float | None = None) -> Found:
        """A selector's `select`."""
        return self.poll(timeout != 0)

    def poll(self, idle: bool) -> Found:
        """One poll of the world; it waits for nothing that is ready.

        Args:
            idle: whether the loop has nothing else to do, so that time may jump.
        """
        perhaps, traffic = self.perhaps, self._traffic
        polls = self._polls = self._polls + 1
        if polls % POLLS_A_LOOK == 0 or (idle and _count()[0] > YOUNG_MAX):
            self._look_for_garbage()
        if not idle and not perhaps and traffic.tick():
            return []
        ready = self.ready() if perhaps else []
        if not traffic.poll(self.timers, idle and not ready) and not ready:
            self._stuck()
        if perhaps:
            ready = self.ready()
            if len(ready) > 1 and traffic.is_reversed(self._others(ready)):
                ready.reverse()
        return ready

    def ready(self) -> Found:
        """What is ready now, in the order in which it became so, or the reverse; the rest is looked at again when it's touched."""
        found: Found = []
        idle: list[int] = []
        keys, sockets, paused = self.keys, self._sockets, self.paused
        for descriptor in self.perhaps:
            key, socket = keys[descriptor], sockets[descriptor]
            events = key.events
            mask = READ if events & READ and socket.readable else 0
            if events & WRITE and socket.writable:
                mask |= WRITE
            if mask and descriptor not in paused:
                found.append((key, mask))
            else:
                idle.append(descriptor)
        for descriptor in idle:
            del self.perhaps[descriptor]
        return found

    def _others(self, ready: Found) -> list[Touched]:
        """Their sockets but for the loop's own."""
        return [self._sockets[key.fd] for key, _ in ready if key.fd != self.own]

    def _look_for_garbage(self) -> None:
        """Collect garbage, mostly what is young."""
        number = self._collections = self._collections + 1
        _collect(0 if number % OLDER_EVERY else 1 if number % OLDER_EVERY**2 else 2)

    @property
    def is_idle(self) -> bool:
        """Whether a poll would find nothing, and nothing is on its way."""
        return not self.perhaps and self._traffic.is_quiet
