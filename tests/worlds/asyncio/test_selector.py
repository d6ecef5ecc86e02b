from selectors import EVENT_READ, EVENT_WRITE

import pytest
from test_traffic import Scene

from crossroads.worlds.asyncio.endpoints import GONE, Descriptor
from crossroads.worlds.asyncio.selector import FIRST_DESCRIPTOR, WorldSelector, descriptor_of


class End(Descriptor):
    """A simulated socket, ready as it is told."""

    def __init__(self, number: int) -> None:
        super().__init__(GONE, FIRST_DESCRIPTOR + number)
        self.readable = self.writable = False

    def is_readable(self) -> bool:
        return self.readable

    def is_writable(self) -> bool:
        return self.writable


class Stuck(Exception):
    pass


class RealDescriptor(Exception):
    pass


def refuse(descriptor: int) -> None:
    raise RealDescriptor(descriptor)


def stuck() -> None:
    raise Stuck


class Stage:
    def __init__(self, count: int = 3, **forced: int) -> None:
        self.scene = Scene(1, **forced)
        self.ends = [End(number) for number in range(count)]
        self.selector = WorldSelector(self.scene.traffic, {end.number: end for end in self.ends}.__getitem__, refuse, stuck)
        self.selector.timers = self.scene.alarms

    def ready(self, timeout: float | None = 0) -> list[tuple[int, int]]:
        return [(key.fd - FIRST_DESCRIPTOR, mask) for key, mask in self.selector.select(timeout)]

    def become(self, number: int, *, readable: bool = False, writable: bool = False) -> None:
        end = self.ends[number]
        end.readable, end.writable = readable, writable
        self.selector.touch(end)


def test_only_what_was_asked_for_is_reported() -> None:
    stage = Stage()
    stage.selector.register(stage.ends[0], EVENT_READ)
    stage.selector.register(stage.ends[1], EVENT_READ | EVENT_WRITE)
    stage.become(0, writable=True)
    stage.become(1, readable=True, writable=True)
    stage.become(2, readable=True)
    assert stage.ready() == [(1, EVENT_READ | EVENT_WRITE)]
    stage.selector.modify(stage.ends[0], EVENT_WRITE)
    assert sorted(stage.ready()) == [(0, EVENT_WRITE), (1, EVENT_READ | EVENT_WRITE)]


@pytest.mark.parametrize("order", [0, 1])
def test_order_of_becoming_ready_or_its_reverse(order: int) -> None:
    stage = Stage(order=order)
    for end in stage.ends:
        stage.selector.register(end, EVENT_READ)
    assert stage.ready() == []
    for number in (2, 0, 1):
        stage.become(number, readable=True)
    assert [number for number, _ in stage.ready()] == ([2, 0, 1] if not order else [1, 0, 2])


def test_readiness_stays_until_it_is_gone() -> None:
    stage = Stage()
    stage.selector.register(stage.ends[0], EVENT_READ)
    stage.become(0, readable=True)
    assert stage.ready() == stage.ready() == [(0, EVENT_READ)]
    stage.become(0)
    assert stage.ready() == []


def test_an_arrival_ends_the_wait() -> None:
    stage = Stage()
    stage.selector.register(stage.ends[0], EVENT_READ)
    stage.scene.traffic.launch("message", lambda: stage.become(0, readable=True))
    assert stage.ready(None) == [(0, EVENT_READ)]


def test_nothing_left_to_happen() -> None:
    stage = Stage()
    stage.selector.register(stage.ends[0], EVENT_READ)
    with pytest.raises(Stuck):
        stage.ready(None)


def test_the_register() -> None:
    stage = Stage()
    selector, end = stage.selector, stage.ends[0]
    key = selector.register(end, EVENT_READ, "data")
    assert selector.get_key(end) == key
    assert selector.get_map()[end] == key
    assert len(selector.get_map()) == 1
    with pytest.raises(KeyError):
        selector.register(end.number, EVENT_READ)
    with pytest.raises(ValueError, match="events"):
        selector.register(stage.ends[1], 0)
    with pytest.raises(RealDescriptor):
        selector.register(0, EVENT_READ)
    with pytest.raises(KeyError):
        selector.modify(stage.ends[2], EVENT_READ)
    end.number = -1
    assert selector.unregister(end) == key
    with pytest.raises(KeyError):
        selector.unregister(FIRST_DESCRIPTOR)
    selector.close()
    with pytest.raises(RuntimeError):
        selector.get_key(stage.ends[1])


def test_descriptors() -> None:
    assert descriptor_of(5) == descriptor_of(type("File", (), {"fileno": lambda self: 5})()) == 5
    for wrong in (-1, None, "file", object()):
        with pytest.raises(ValueError, match="file"):
            descriptor_of(wrong)


class File:
    """An object with a descriptor, as long as it is open."""

    def __init__(self, number: int) -> None:
        self.number = number

    def fileno(self) -> int:
        return self.number


def test_a_closed_file_is_found_by_identity() -> None:
    stage = Stage()
    file = File(FIRST_DESCRIPTOR)
    key = stage.selector.register(file, EVENT_READ)
    file.number = -1
    assert stage.selector.get_map()[file] == stage.selector.get_map().get(file) == stage.selector.get_key(file) == key
    with pytest.raises(ValueError, match="-1"):
        stage.selector.get_map().get(File(-1))
    assert stage.selector.unregister(file) == key
