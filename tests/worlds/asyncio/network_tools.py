"""A world so small that it has nothing but a network: flights land when the test says so, or when a loop has nothing else to do."""

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.patch import install


class Flown:
    """Something on its way in a Course of tests."""

    def __init__(self, label: str, arrive: Callable[[], None], behind: "Flown | None") -> None:
        self.label = label
        self.arrive = arrive
        self.behind = behind
        self.landed = False
        self.socket: Any = None


class HandCourse:
    """Flights land in order of launching, or as asked."""

    def __init__(self) -> None:
        self.flights: list[Flown] = []
        self.timed: list[tuple[float, Flown]] = []
        self.labels: list[str] = []
        self.touched: list[Any] = []
        self.first_bytes: int | None = None

    def now(self) -> float:
        return 0.0

    def launch(self, label: str, arrive: Callable[[], None], behind: Any = None, least: float = 0.0) -> Flown:
        assert behind is None or not behind.landed
        flight = Flown(label, arrive, behind)
        self.flights.append(flight)
        self.labels.append(label)
        return flight

    def soon(self, label: str, arrive: Callable[[], None], seconds: float = 0.0) -> Flown:
        """Noted, and left to the test: no time passes here."""
        flight = Flown(label, arrive, None)
        self.timed.append((seconds, flight))
        return flight

    def drop(self, flight: Any) -> None:
        self.flights.remove(flight)

    def force(self, flight: Any) -> None:
        self.flights.remove(flight)
        flight.landed = True
        flight.arrive()

    def split(self, label: str, size: int) -> int:
        return min(self.first_bytes or size, size)

    def touch(self, socket: Any) -> None:
        assert socket.fileno() >= 1_000_000
        self.touched.append(socket)

    def land(self, index: int = 0) -> str:
        """Let one flight arrive, if nothing has to arrive before it."""
        flight = self.flights[index]
        assert flight.behind is None or flight.behind.landed
        del self.flights[index]
        flight.landed = True
        flight.arrive()
        return flight.label

    def land_all(self) -> None:
        while self.flights:
            self.land()


class NetworkSelector(selectors.BaseSelector):
    """A selector of a network's descriptors; when nothing is ready, the next flight lands, then time passes."""

    def __init__(self, network: Network, course: HandCourse) -> None:
        self.network = network
        self.course = course
        self.time = 0.0
        self.keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        if number in self.keys:
            raise KeyError(number)
        self.keys[number] = key = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self.keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def get_map(self) -> Any:
        return self.keys

    def close(self) -> None:
        self.keys.clear()

    def ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        found = []
        for number, key in self.keys.items():
            descriptor = self.network.descriptors[number]
            events = (selectors.EVENT_READ * descriptor.is_readable() | selectors.EVENT_WRITE * descriptor.is_writable()) & key.events
            if events:
                found.append((key, events))
        return found

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        while True:
            found = self.ready()
            if found or timeout == 0:
                return found
            if self.course.flights:
                self.course.land()
            else:
                assert timeout is not None, "nothing is left to happen"
                self.time += timeout
                return []


class Loop(asyncio.SelectorEventLoop):
    """Stock asyncio on a network."""

    def __init__(self, network: Network, course: HandCourse) -> None:
        self._hand = NetworkSelector(network, course)
        super().__init__(self._hand)

    def time(self) -> float:
        return self._hand.time

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def world(**options: Any) -> Iterator[tuple[Network, HandCourse]]:
    """A network whose sockets are those of the module socket."""
    course = HandCourse()
    network = Network(course, **options)
    patches = install(network)
    try:
        yield network, course
    finally:
        patches.undo()


def run(main: Callable[[], Any], **options: Any) -> Any:
    """Run a coroutine function on stock asyncio, in a world."""
    with world(**options) as (network, course), asyncio.Runner(loop_factory=lambda: Loop(network, course)) as runner:
        return runner.run(main())
