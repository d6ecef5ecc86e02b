"""Which simulated sockets are ready, and one poll of the world: the inside of its selectors, without the interface of `selectors`."""

import gc
import selectors
from collections.abc import Callable
from typing import Any, Final

from crossroads.worlds.asyncio.course import READ, WRITE
from crossroads.worlds.asyncio.endpoints import Descriptor
from crossroads.worlds.asyncio.traffic import Traffic

POLLS_A_LOOK: Final = 128
"""Every so many polls cyclic garbage is collected. CPython's own collector is off in a life: it would run wherever our own allocations,
which differ from life to life, let it."""

YOUNG_MAX: Final = 100_000
"""So many more containers made than freed, and garbage is collected sooner."""

COUNTED_EVERY: Final = 8
"""Every so many idle polls they are counted."""

OLDER_EVERY: Final = 10
"""Every so many-th collection includes the survivors of earlier ones, and so many times less often all there is, as in CPython."""

_count, _collect = gc.get_count, gc.collect

Found = list[tuple[selectors.SelectorKey, int]]


class Watched:
    """One registered descriptor: what the selector's owner wants to know, of which events, and what answers."""

    __slots__ = ("descriptor", "events", "key")

    def __init__(self, key: selectors.SelectorKey, descriptor: Descriptor) -> None:
        self.key, self.descriptor, self.events = key, descriptor, key.events

    def ready(self) -> int:
        """Which of the events have come about."""
        events, descriptor = self.events, self.descriptor
        mask = READ if events & READ and descriptor.is_readable() else 0
        if events & WRITE and descriptor.is_writable():
            mask |= WRITE
        return mask


class Readiness:
    """What is registered with a selector, by descriptor, and what of it may be ready.

    Args:
        traffic: what is on its way.
        stuck: called when nothing is left to happen; doesn't return.

    Attributes:
        keys: what the selector's owner wants to know of each descriptor.
        perhaps: those whose readiness may have changed since they were looked at, in the order in which it did.
        paused: descriptors that are never ready.
        timers: the loop's; it tells them before the first poll.
        own: descriptor of the loop's socket to itself; -1: none.
    """

    __slots__ = ("_collections", "_polls", "_stuck", "_traffic", "_watched", "keys", "own", "paused", "perhaps", "timers")

    def __init__(self, traffic: Traffic, stuck: Callable[[], None]) -> None:
        self._traffic, self._stuck = traffic, stuck
        self.timers: Any = None
        self.own = -1
        self.paused: set[int] = set()
        self.keys: dict[int, selectors.SelectorKey] = {}
        self.perhaps: dict[int, Watched] = {}
        self._watched: dict[int, Watched] = {}
        self._polls = self._collections = 0

    def touch(self, descriptor: Descriptor) -> None:
        """This descriptor's readiness may have changed."""
        number = descriptor.number
        watched = self._watched.get(number)
        if watched is not None:
            self.perhaps[number] = watched

    def put(self, key: selectors.SelectorKey, descriptor: Descriptor | None = None) -> None:
        """Register a descriptor, or want to know other things of the one that has this number."""
        number = key.fd
        watched = Watched(key, self._watched[number].descriptor if descriptor is None else descriptor)
        self._watched[number] = self.perhaps[number] = watched
        self.keys[number] = key

    def remove(self, number: int) -> selectors.SelectorKey:
        """Forget a descriptor."""
        self.perhaps.pop(number, None)
        self._watched.pop(number, None)
        return self.keys.pop(number)

    def clear(self) -> None:
        """Forget all of them, and the loop."""
        self.keys.clear()
        self._watched.clear()
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
        if polls % POLLS_A_LOOK == 0 or (idle and polls % COUNTED_EVERY == 0 and _count()[0] > YOUNG_MAX):
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
        paused = self.paused
        for number, watched in self.perhaps.items():
            mask = watched.ready()
            if mask and not (paused and number in paused):
                found.append((watched.key, mask))
            else:
                idle.append(number)
        for number in idle:
            del self.perhaps[number]
        return found

    def _others(self, ready: Found) -> list[Descriptor]:
        """Their descriptors but for the loop's own."""
        return [self._watched[key.fd].descriptor for key, _ in ready if key.fd != self.own]

    def _look_for_garbage(self) -> None:
        """Collect garbage, mostly what is young."""
        number = self._collections = self._collections + 1
        _collect(0 if number % OLDER_EVERY else 1 if number % OLDER_EVERY**2 else 2)

    @property
    def is_idle(self) -> bool:
        """Whether a poll would find nothing, and nothing is on its way."""
        return not self.perhaps and self._traffic.is_quiet
