import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs_tools import Drawn

from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.sayings import POSITIONS
from crossroads.worlds.asyncio.traffic import PASSES_BESIDE, RACES_MAX, SPINS, Traffic
from crossroads.worlds.asyncio.weather import Style, beyond
from crossroads.worlds.elapsed import Elapsed

PASS_NS = 20_000
BARE = Style("without coincidence", 1.0, coincidence=0.0, late=0.0)


class Dice(Drawn):
    """Chooses by chance, or the options given by label."""

    def __init__(self, seed: int, **forced: int) -> None:
        super().__init__(seed)
        self.forced = forced
        self.asked: list[tuple[str, list[str]]] = []
        self.weights: list[Sequence[float] | None] = []

    def choose(
        self, kind: Any, label: object, options: Sequence[Any], weights: Sequence[float] | None, locate: Any = None, u: float | None = None
    ) -> int:
        self.asked.append((str(label), [repr(option) for option in options]))
        self.weights.append(weights)
        name = str(label).partition(" ")[0]
        return self.forced[name] if name in self.forced else super().choose(kind, label, options, weights)


class Alarms:
    """A loop's timers, in nanoseconds; those that are due go off after each poll."""

    def __init__(self, *due: int) -> None:
        self.due = sorted(due)
        self.rival: object = "the timer"

    @property
    def _scheduled(self) -> list[int]:
        return self.due

    def next_timers(self) -> tuple[int, int, object]:
        first, second = [*self.due[:2], NEVER, NEVER][:2]
        return first, second, self.rival if self.due else None

    def go_off(self, now: int) -> None:
        self.due = [due for due in self.due if due > now]


class Scene:
    """Traffic with its clock, its timers, and what has arrived when."""

    def __init__(self, seed: int = 1, *timers: int, pass_ns: int = PASS_NS, style: Style | None = BARE, **forced: int) -> None:
        self.clock, self.dice, self.alarms = Elapsed(), Dice(seed, **forced), Alarms(*timers)
        self.traffic = Traffic(self.clock, pass_ns)
        self.traffic.chooser = self.dice
        self.traffic._style = style
        self.arrived: list[tuple[str, int]] = []
        self.fired: list[int] = []

    def launch(self, label: str, behind: Any = None) -> Any:
        return self.traffic.launch(label, lambda: self.arrived.append((label, self.clock.elapsed_ns)), behind)

    def poll(self, idle: bool = True) -> bool:
        before = self.clock.elapsed_ns
        going = self.traffic.poll(self.alarms, idle)
        assert self.clock.elapsed_ns >= before
        self.fired += [self.clock.elapsed_ns for due in self.alarms.due if due <= self.clock.elapsed_ns]
        self.alarms.go_off(self.clock.elapsed_ns)
        return going

    def play(self, polls: int = 50) -> None:
        while polls and self.poll():
            polls -= 1


@pytest.mark.slow
def test_races_one_by_one_have_the_distribution_of_one_latency() -> None:
    """Of 20,000 latencies, a share differs from its probability by more than 0.016 in one of 100,000 tests."""
    landed = []
    for seed in range(20_000):
        scene = Scene(seed, 100_000, 500_000, 2_000_000, 2_100_000, 7_000_000, 30_000_000, pass_ns=0)
        scene.launch("a")
        scene.play()
        landed.append(scene.arrived[0][1] / 1e9)
    for time in (0.00005, 0.0002, 0.0006, 0.0015, 0.002, 0.003, 0.01, 0.05):
        assert sum(one > time for one in landed) / len(landed) == pytest.approx(beyond(time), abs=0.016)


@pytest.mark.slow
def test_what_is_behind_another_comes_with_it_unless_it_takes_longer_itself() -> None:
    """Both latencies are independent: the second arrival is at the later of the two, and half of the time at the first. Bounds as above."""
    times = []
    for seed in range(20_000):
        scene = Scene(seed, 100_000, 2_000_000, 30_000_000, pass_ns=0)
        scene.launch("b", scene.launch("a"))
        scene.play()
        (_, first), (_, second) = scene.arrived
        times.append((first, second))
    for time in (0.0002, 0.0006, 0.002, 0.01, 0.05):
        later = 1.0 - (1.0 - beyond(time)) ** 2
        assert sum(second / 1e9 > time for _, second in times) / len(times) == pytest.approx(later, abs=0.016)
    assert sum(first == second for first, second in times) / len(times) == pytest.approx(0.5, abs=0.016)


def test_a_stream_of_messages_keeps_up() -> None:
    """Each of 200 is behind the one before; what has caught up lands together."""
    scene = Scene(3)
    last = None
    for number in range(200):
        last = scene.launch(f"tick {number}", last)
        scene.clock.elapsed_ns += 5_000_000
        scene.poll(idle=False)
    scene.play(1000)
    assert [label for label, _ in scene.arrived] == [f"tick {number}" for number in range(200)]
    assert scene.arrived[-1][1] < 2_000_000_000


def near_share(timer_ns: int) -> float:
    """How likely an arrival is placed beside a timer."""
    scene = Scene(1, timer_ns, style=Style("plain", 1.0, coincidence=0.03, late=0.0))
    scene.launch("a")
    scene.poll()
    weights = scene.dice.weights[0]
    assert weights is not None
    return sum(weights[1:4])


def test_a_rival_that_is_far_is_met_by_coincidence_as_seldom_as_by_a_late_arrival() -> None:
    assert near_share(20_000_000) == pytest.approx(0.03)
    far = near_share(250_000_000)
    assert 0.0 < far < 0.006
    assert far == pytest.approx(0.03 * beyond(0.25) / 0.01, rel=0.01)


@pytest.mark.parametrize("place", range(len(POSITIONS)), ids=POSITIONS)
def test_positions(place: int) -> None:
    rival = 3_000_000
    for seed in range(50):
        scene = Scene(seed, rival, client=place)
        scene.launch("client 1 -> server:80, message 1")
        scene.play()
        (_, time), (fired,) = scene.arrived[0], scene.fired
        assert scene.dice.asked[0][1] == [f"{position} the timer" for position in POSITIONS]
        beside = (PASSES_BESIDE + 1) * PASS_NS
        checks = (time < rival, rival - beside <= time < rival, time == fired, rival < time <= rival + beside, time > rival)
        assert checks[place], (time, fired)


def test_what_is_behind_never_arrives_before() -> None:
    for seed in range(200):
        scene = Scene(seed, 1_000_000, 2_000_000, style=None)
        last = None
        for number in range(5):
            last = scene.launch(f"client 1 -> server:80, message {number}", last)
        scene.play()
        assert [label[-1] for label, _ in scene.arrived] == list("01234")
        times = [time for _, time in scene.arrived]
        assert times == sorted(times)


def test_what_is_dropped_never_arrives() -> None:
    scene = Scene()
    flights = [scene.launch(f"line {number}") for number in range(4)]
    scene.traffic.drop(flights[1])
    scene.poll()
    scene.traffic.drop(flights[2])
    scene.play()
    assert {label for label, _ in scene.arrived} <= {"line 0", "line 2", "line 3"}
    assert "line 1" not in dict(scene.arrived)
    assert not scene.poll()


def test_when_nothing_is_left_the_poll_says_so() -> None:
    scene = Scene()
    assert not scene.poll()
    scene.traffic.drop(scene.launch("a"))
    assert not scene.poll()
    scene.alarms.due = [10**9]
    assert scene.poll()
    assert scene.clock.elapsed_ns == 10**9


def test_a_busy_poll_takes_one_pass_and_soon_is_the_next_one() -> None:
    scene = Scene()
    scene.traffic.soon("a", lambda: scene.arrived.append(("a", scene.clock.elapsed_ns)))
    assert scene.poll(idle=False)
    assert scene.arrived == [("a", PASS_NS)]


def test_spinning_reaches_the_limit() -> None:
    scene = Scene()
    scene.traffic.limit_ns = 3_600 * 10**9
    overdue: list[int] = []
    scene.traffic.overdue = lambda: overdue.append(scene.clock.elapsed_ns)
    polls = 0
    while not overdue:
        scene.traffic.tick()
        polls += 1
    assert SPINS < polls < 40 * SPINS


def test_a_flight_that_loses_to_a_timer_arrives_after_it_and_for_certain() -> None:
    timers = [1_000_000 + number * 100_000 for number in range(60)]
    scene = Scene(1, *timers, client=4)
    scene.launch("client 1 -> server:80, message 1")
    scene.play(200)
    assert 1 <= sum(label.startswith("client") for label, _ in scene.dice.asked) <= RACES_MAX
    assert [time > timers[0] for _, time in scene.arrived] == [True]


def test_the_loop_wakes_late_for_what_follows_soon() -> None:
    for late, fired in ((0, [1_000_000, 2_000_000]), (1, [2_000_000, 2_000_000])):
        scene = Scene(1, 1_000_000, 2_000_000, 50_000_000, **{"wake-up": late})
        scene.poll()
        scene.poll()
        assert scene.fired[:2] == fired


@pytest.mark.parametrize("style", [BARE, None])
def test_timers_within_a_millisecond_mostly_go_off_in_one_pass(style: Style | None) -> None:
    timers = (1_000_000, 1_100_000, 1_300_000, 1_900_000, 50_000_000)
    together = 0
    for seed in range(400):
        scene = Scene(seed, *timers, style=style)
        for _ in range(20):
            scene.poll()
        assert {label for label, _ in scene.dice.asked} == {"wake-up of the loop"}
        assert scene.fired[0] in (1_000_000, 1_550_000)
        together += scene.fired[:3] == [1_550_000] * 3
        assert len(scene.fired) == len(timers)
    assert 340 <= together <= 380


def test_a_timer_a_millisecond_later_is_alone_without_a_network() -> None:
    scene = Scene(1, 1_000_000, 2_000_000, style=None)
    scene.poll()
    assert (scene.fired, scene.dice.asked) == ([1_000_000], [])


def test_without_a_chooser_everything_arrives_at_once_and_in_order() -> None:
    scene = Scene(1, 10**9)
    scene.traffic.chooser = None
    for number in range(3):
        scene.launch(str(number))
    scene.poll(idle=False)
    assert [label for label, _ in scene.arrived] == ["0", "1", "2"]
    assert scene.traffic.split("a", 100) == 100
    assert not scene.traffic.is_reversed([object()] * 5)


@given(st.integers(0, 10**6), st.integers(0, 1000))
@settings(derandomize=True, database=None)
def test_segments(size: int, seed: int) -> None:
    assert min(size, 1) <= Scene(seed).traffic.split("a", size) <= size


def test_one_ready_socket_has_one_order() -> None:
    scene = Scene(1, order=1)
    assert not scene.traffic.is_reversed([object()])
    assert scene.traffic.is_reversed([object(), object()])
    assert [label for label, _ in scene.dice.asked] == ["order of 2 ready sockets"]


def test_nothing_is_held_that_has_happened() -> None:
    class Thing:
        def arrive(self) -> None:
            pass

    scene, timer, messages = Scene(3, 10_000_000, 20_000_000), Thing(), [Thing() for _ in range(20)]
    scene.alarms.rival = timer
    for number, message in enumerate(messages):
        scene.traffic.launch(str(number), message.arrive)
    scene.play()
    gone = [weakref.ref(thing) for thing in (timer, *messages)]
    scene.alarms.rival = "another timer"
    del timer, message, messages
    assert [thing() for thing in gone] == [None] * 21
