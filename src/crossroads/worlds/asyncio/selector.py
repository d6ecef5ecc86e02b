"""The selector of the world's loops: descriptors of simulated sockets, readiness as of now, and time that jumps when nothing is ready."""

import selectors
from collections.abc import Callable, Mapping
from typing import Any, Final

from crossroads.worlds.asyncio.course import READ, WRITE
from crossroads.worlds.asyncio.endpoints import Descriptor
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.readiness import Found, Readiness
from crossroads.worlds.asyncio.traffic import Timers, Traffic

FIRST_DESCRIPTOR: Final = 1_000_000
"""Numbers from here on are simulated sockets."""


@named_as(selectors.DefaultSelector)
class WorldSelector(selectors.BaseSelector):
    """Registered simulated sockets; `select` is one poll of the world.

    Args:
        traffic: what is on its way.
        descriptor_at: finds what a number of the program stands for; KeyError where there is none.
        refuse: raises for a real descriptor.
        stuck: called when nothing is left to happen; doesn't return.
    """

    def __init__(
        self,
        traffic: Traffic,
        descriptor_at: Callable[[int], Descriptor],
        refuse: Callable[[int], None],
        stuck: Callable[[], None],
    ) -> None:
        self._traffic, self._descriptor_at, self._refuse, self._stuck = traffic, descriptor_at, refuse, stuck
        self._sockets = Readiness(traffic, stuck)
        self._keys = self._sockets.keys
        self.touch = self._sockets.touch
        self.paused = self._sockets.paused
        self._closed = False
        if type(self) is WorldSelector:
            # Called in each pass of the loop; this one has no frame.
            self.select = self._sockets.select  # type: ignore[method-assign]

    @property
    def timers(self) -> Any:
        """The loop's `Timers`; it tells them."""
        return self._sockets.timers

    @timers.setter
    def timers(self, timers: Timers) -> None:
        self._sockets.timers = timers

    @property
    def own(self) -> int:
        """The descriptor of the loop's socket to itself; -1: none. Its owner tells it."""
        return self._sockets.own

    @own.setter
    def own(self, descriptor: int) -> None:
        self._sockets.own = descriptor

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = descriptor_of(fileobj)
        if descriptor in self._keys:
            raise KeyError(f"{fileobj!r} (FD {descriptor}) is already registered")
        if descriptor < FIRST_DESCRIPTOR:
            self._refuse(descriptor)
        return self._put(fileobj, descriptor, events, data, self._descriptor_at(descriptor))

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._sockets.remove(self._lookup(fileobj))

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._put(fileobj, self._lookup(fileobj), events, data)

    def select(self, timeout: float | None = None) -> Found:
        return self._sockets.select(timeout)

    @property
    def is_idle(self) -> bool:
        """Whether a poll would find nothing, and nothing is on its way."""
        return self._sockets.is_idle

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
        self._sockets.clear()
        self._closed = True

    def _put(self, fileobj: Any, descriptor: int, events: int, data: Any, standing: Descriptor | None = None) -> selectors.SelectorKey:
        if not events or events & ~(READ | WRITE):
            raise ValueError(f"Invalid events: {events!r}")
        key = selectors.SelectorKey(fileobj, descriptor, events, data)
        self._sockets.put(key, standing)
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
