"""The selector of the world's loops: descriptors of simulated sockets, readiness as of now, and time that jumps when nothing is ready."""

import gc
import selectors
from collections.abc import Callable, Mapping
from typing import Any, Final

from crossroads.worlds.asyncio.course import Touched
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.traffic import Timers, Traffic

FIRST_DESCRIPTOR: Final = 1_000_000
"""Numbers from here on are simulated sockets."""

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

POLLS_A_LOOK: Final = 128
"""Every so many polls cyclic garbage is collected. CPython's own collector is off in a life: it would run wherever our own allocations,
which differ from life to life, let it."""

YOUNG_MAX: Final = 100_000
"""So many more containers made than freed, and garbage is collected sooner."""

OLDER_EVERY: Final = 10
"""Every so many-th collection includes the survivors of earlier ones, and so many times less often all there is, as in CPython."""

_count, _collect = gc.get_count, gc.collect


@named_as(selectors.DefaultSelector)
class WorldSelector(selectors.BaseSelector):
    """Registered simulated sockets; `select` is one poll of the world.

    Args:
        traffic: what is on its way.
        socket_of: finds the simulated socket of a descriptor; KeyError where there is none.
        refuse: raises for a real descriptor.
        stuck: called when nothing is left to happen; doesn't return.
    """

    def __init__(
        self,
        traffic: Traffic,
        socket_of: Callable[[int], Touched],
        refuse: Callable[[int], None],
        stuck: Callable[[], None],
    ) -> None:
        self._traffic, self._socket_of, self._refuse, self._stuck = traffic, socket_of, refuse, stuck
        self.timers: Timers | None = None
        self.own = -1
        self.paused: set[int] = set()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._sockets: dict[int, Touched] = {}
        self._perhaps: dict[int, None] = {}
        self._closed = False
        self._polls = self._collections = 0

    def touch(self, socket: Touched) -> None:
        """This socket's readiness may have changed."""
        descriptor = socket.fileno()
        if descriptor in self._keys:
            self._perhaps[descriptor] = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = descriptor_of(fileobj)
        if descriptor in self._keys:
            raise KeyError(f"{fileobj!r} (FD {descriptor}) is already registered")
        if descriptor < FIRST_DESCRIPTOR:
            self._refuse(descriptor)
        self._sockets[descriptor] = self._socket_of(descriptor)
        return self._put(fileobj, descriptor, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        descriptor = self._lookup(fileobj)
        self._perhaps.pop(descriptor, None)
        self._sockets.pop(descriptor, None)
        return self._keys.pop(descriptor)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._put(fileobj, self._lookup(fileobj), events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        perhaps, traffic = self._perhaps, self._traffic
        idle = timeout != 0
        polls = self._polls = self._polls + 1
        if not polls % POLLS_A_LOOK or (idle and _count()[0] > YOUNG_MAX):
            self._collect()
        if not idle and not perhaps and traffic.tick():
            return []
        assert self.timers is not None
        ready = self._ready() if perhaps else []
        if not traffic.poll(self.timers, idle and not ready) and not ready:
            self._stuck()
        if perhaps:
            ready = self._ready()
            if len(ready) > 1 and traffic.is_reversed(sum(key.fd != self.own for key, _ in ready)):
                ready.reverse()
        return ready

    def _collect(self) -> None:
        """Collect garbage, mostly what is young."""
        number = self._collections = self._collections + 1
        _collect(0 if number % OLDER_EVERY else 1 if number % OLDER_EVERY**2 else 2)

    @property
    def is_idle(self) -> bool:
        """Whether a poll would find nothing, and nothing is on its way."""
        return not self._perhaps and self._traffic.is_quiet

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return _Map(self) if not self._closed else None  # type: ignore[return-value]

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        if self._closed:
            raise RuntimeError("Selector is closed")
        try:
            return self._keys[self._lookup(fileobj)]
        except KeyError:
            raise KeyError(f"{fileobj!r} is not registered") from None

    def close(self) -> None:
        self._keys.clear()
        self._sockets.clear()
        self._perhaps.clear()
        self._closed = True

    def _put(self, fileobj: Any, descriptor: int, events: int, data: Any) -> selectors.SelectorKey:
        if not events or events & ~(READ | WRITE):
            raise ValueError(f"Invalid events: {events!r}")
        key = selectors.SelectorKey(fileobj, descriptor, events, data)
        self._keys[descriptor] = key
        self._perhaps[descriptor] = None
        return key

    def _lookup(self, fileobj: Any) -> int:
        descriptor = self.find(fileobj)
        if descriptor not in self._keys:
            raise KeyError(f"{fileobj!r} is not registered")
        return descriptor

    def find(self, fileobj: Any) -> int:
        """The descriptor of a file object, by identity where it was closed before; ValueError where there is none."""
        try:
            return descriptor_of(fileobj)
        except ValueError:
            for key in self._keys.values():
                if key.fileobj is fileobj:
                    return key.fd
            raise

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now, in the order in which it became so, or the reverse; the rest is looked at again when it's touched."""
        found: list[tuple[selectors.SelectorKey, int]] = []
        idle: list[int] = []
        keys, sockets, paused = self._keys, self._sockets, self.paused
        for descriptor in self._perhaps:
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
            del self._perhaps[descriptor]
        return found


class _Map(Mapping[Any, selectors.SelectorKey]):
    def __init__(self, selector: WorldSelector) -> None:
        self._selector = selector

    def __len__(self) -> int:
        return len(self._selector._keys)

    def get(self, fileobj: Any, default: Any = None) -> Any:
        return self._selector._keys.get(self._selector.find(fileobj), default)

    def __getitem__(self, fileobj: Any) -> selectors.SelectorKey:
        return self._selector._keys[self._selector.find(fileobj)]

    def __iter__(self) -> Any:
        return iter(self._selector._keys)


def descriptor_of(fileobj: Any) -> int:
    """The number of what a selector was given: itself, or that of its `fileno()`; ValueError where there is none."""
    if isinstance(fileobj, int):
        number = fileobj
    else:
        try:
            number = int(fileobj.fileno())
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"Invalid file object: {fileobj!r}") from None
    if number < 0:
        raise ValueError(f"Invalid file descriptor: {number}")
    return number
