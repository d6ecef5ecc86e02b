"""What is on its way, and when it arrives: the world's choices in asyncio programs.

An arrival is settled as late as possible, against one *rival* at a time: the next timer, or the next settled arrival of another line. The
choice is where the flight falls: before the rival, in its pass of the loop (or one pass beside it), or after it; in the last case it stays
in the air and meets its next rival. The probabilities are those of one latency drawn at the start, so that nothing depends on how often
the world looks, but each choice says what matters: which came first. Times are whole nanoseconds since the start of the run.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol

from crossroads.snapshots.live import LiveRun
from crossroads.timeline.hashing import Four
from crossroads.worlds.asyncio.course import NEVER, Flight
from crossroads.worlds.asyncio.passage import Passage
from crossroads.worlds.asyncio.sayings import KEEPS, ORDERS, POSITIONS, WAKES
from crossroads.worlds.asyncio.weather import LAGGING, LATE_S, REVERSED, SPLIT, STYLES, Style, between, beyond
from crossroads.worlds.elapsed import Elapsed

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Descriptor

RACE_MIN: Final = 0.001
"""A race that one side wins with more than 1 - this probability isn't a choice."""

NEAR: Final = 0.01
"""An arrival that comes after its rival with a smaller probability is beside it by coincidence as much more seldom: that rival is far."""

RACES_MAX: Final = 8
"""A flight that has lost so many races is settled without further ones."""

SPINS: Final = 100_000
"""After so many passes without any event, passes take longer, so that a program that polls for a deadline gets there."""

SLOWER: Final = 10
"""So many times a pass may double."""

PASSES_BESIDE: Final = 6
"""An arrival just before or after its rival is so many passes of the loop away from it, at most."""

ROUNDED_NS: Final = 1_000_000
"""What a loop's wait for a timer is rounded up to."""

LATE_NS: Final = int(LATE_S * 1e9)


class Timers(Protocol):
    """The loop's timers as the traffic sees them."""

    _scheduled: list[Any]
    """Empty: there are none."""

    def next_timers(self) -> tuple[int, int, object]:
        """When the next timer falls due and when the one after it (NEVER: there is none), and what the next one is."""


class Position:
    """An option of a race: where an arrival falls beside its rival, whose text is made only when it is looked at."""

    __slots__ = ("_name", "_traffic")

    def __init__(self, name: str, traffic: "Traffic") -> None:
        self._name, self._traffic = name, traffic

    def __repr__(self) -> str:
        return f"{self._name} {self._traffic.rival_text}"


class Traffic:
    """All flights of a world, and its time.

    Args:
        clock: is read, and moved.
        pass_ns: what one pass of the loop takes.
    """

    def __init__(self, clock: Elapsed, pass_ns: int) -> None:
        self.describe: Callable[[object], str] = str
        self.locate: Callable[[object], tuple[str, str]] = lambda thing: ("", "")
        self.overdue: Callable[[], None] = lambda: None
        self.limit_ns = NEVER
        self._clock, self.pass_ns = clock, pass_ns
        self._positions = tuple(Position(name, self) for name in POSITIONS)
        self._locating = self._locate
        self.reset()

    def reset(self) -> None:
        """Be as new: nothing is on its way, the weather is open, and nobody is held who would have to be told of anything."""
        self.chooser: LiveRun | None = None
        self.touch: Callable[[Descriptor], None] = _ignore
        self.hidden = 0
        self._open: list[Passage] = []
        self._settled: list[Passage] = []
        self._settling: list[Passage] = []
        self._order = 0
        self._spins = 0
        self._style: Style | None = None
        self._paces: dict[str, float] = {}
        self._settles: object = None
        self.rival: object = None
        """What the flight that is being settled races against."""
        self._told = ""
        self._split_label = ""
        self._split_units: object = None
        self._split_numbers: Four | None = None

    # What the network calls (Course).

    def now(self) -> float:
        return float(self._clock.elapsed_ns / 1e9)

    def launch(self, label: str, arrive: Callable[[], None], behind: Flight | None = None, least: float = 0.0) -> Passage:
        """See `Course.launch`."""
        order = self._order = self._order + 1
        flight = _depart(label, arrive, self._clock.elapsed_ns, round(least * 1e9) if least else 0, order)
        if label is self._split_label:
            flight.units, flight.numbers = self._split_units, self._split_numbers  # type: ignore[assignment]
        if behind is None or behind.landed:
            self._open.append(flight)
        else:
            assert isinstance(behind, Passage), behind
            if behind.followers is None:
                behind.followers = []
            behind.followers.append(flight)
        return flight

    def soon(self, label: str, arrive: Callable[[], None], seconds: float = 0.0, at: int = 0) -> Passage:
        """A flight that lands so much later, or at the first poll from the time `at` on if that is later."""
        self._order += 1
        flight = _depart(label, arrive, self._clock.elapsed_ns, 0, self._order)
        flight.due = max(self._clock.elapsed_ns + round(seconds * 1e9), at)
        heappush(self._settled, flight)
        return flight

    def force(self, flight: Flight) -> None:
        """Let a flight that hasn't landed arrive at this moment; those behind it may follow."""
        assert isinstance(flight, Passage), flight
        flight.dropped = flight.landed = True
        if flight.followers is not None:
            self._open.extend(flight.followers)
            flight.followers = None
        flight.arrive()

    def drop(self, flight: Flight) -> None:
        assert isinstance(flight, Passage), flight
        flight.dropped = True

    def split(self, label: str, size: int) -> int:
        chooser = self.chooser
        if chooser is None or size < 2:
            return size
        self.hidden += 1
        numbers = chooser.four(label)
        # What is launched with this very label next goes on with its numbers.
        self._split_label, self._split_units, self._split_numbers = label, chooser.units, numbers
        u = numbers[0]
        return size if u >= SPLIT else 1 + int(u / SPLIT * (size - 1))

    # What the selector calls.

    def poll(self, timers: Timers, idle: bool) -> bool:
        """One poll of the loop: let time pass and land what is due. False when nothing is left to happen.

        Args:
            timers: of the loop.
            idle: whether the loop has nothing else to do, so that time may jump.
        """
        clock = self._clock
        now = clock.elapsed_ns + self.pass_ns
        due = following = NEVER
        rival = None
        if timers._scheduled:
            due, following, rival = timers.next_timers()
        if self._open:
            self._settle_open(now, due, rival)
        while idle and due > now and (head := self._next_due()) > now:
            floor = self._next_floor() if self._open else NEVER
            target = head if head < due else due
            if floor <= target:
                if floor == NEVER:
                    clock.elapsed_ns = now
                    return False
                now = max(now, floor)
            else:
                now = max(now, self._wake(target, head, due, following))
            if self._open:
                self._settle_open(now, due, rival)
        clock.elapsed_ns = now
        self._spins = 0
        if now > self.limit_ns:
            self.overdue()
        if self._settled:
            self._land(now, due, rival)
        return True

    def under_way(self) -> list[Passage]:
        """What has been sent and hasn't landed, in the order in which it was sent; for reports."""
        found: dict[int, Passage] = {}
        ahead = [*self._open, *self._settled, *self._settling]
        while ahead:
            flight = ahead.pop()
            ahead += flight.followers or ()
            if not flight.dropped and not flight.landed:
                found[flight.order] = flight
        return [found[order] for order in sorted(found)]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way."""
        return not self._open and not self._settled

    def tick(self) -> bool:
        """A pass of a loop that has work, if nothing lands in it and nothing is open: it takes its time, and more where a program spins for
        very long. False: it is one for `poll`."""
        if self._open:
            return False
        clock = self._clock
        now = clock.elapsed_ns + self.pass_ns
        if not self._settled:
            count = self._spins = self._spins + 1
            if count >= SPINS:
                now += (max(self.pass_ns, 1000) << min(count // SPINS, SLOWER)) - self.pass_ns
        elif self._next_due() <= now:
            return False
        else:
            self._spins = 0
        clock.elapsed_ns = now
        if now > self.limit_ns:
            self.overdue()
        return True

    def _next_due(self) -> int:
        settled = self._settled
        while settled:
            head = settled[0]
            if not head.dropped:
                return head.due
            heappop(settled)
        return NEVER

    def _next_floor(self) -> int:
        floor = NEVER
        for flight in self._open:
            if flight.floor < floor and not flight.dropped:
                floor = flight.floor
        return floor

    def _wake(self, target: int, head: int, due: int, following: int) -> int:
        """When the loop wakes for what falls due at `target`: then, or together with what follows soon.

        Source: EpollSelector.select of CPython rounds its wait up to whole milliseconds, so that a timer fires up to one late, at any
        phase, and with it what falls due until then; an arrival ends the wait at once.
        """
        if self.chooser is None or (target == head and due - head > LATE_NS):
            return target
        later = NEVER
        for time in (head, due, following):
            if target < time < later:
                later = time
        gap = later - target
        is_rounded = target == due and gap < ROUNDED_NS
        if gap > LATE_NS or (self._style is None and not is_rounded):
            return target
        late = 0.0 if self._style is None else self._style.late
        if is_rounded:
            late = max(late, 1.0 - gap / ROUNDED_NS)
        if not self.chooser.choose("schedule", "wake-up of the loop", WAKES, (1.0 - late, late)):
            return target
        return min(target + (gap + ROUNDED_NS) // 2, head) if is_rounded and target < head else later

    def _land(self, now: int, due: int, rival: object) -> None:
        settled = self._settled
        while settled:
            flight = settled[0]
            if flight.due > now:
                break
            heappop(settled)
            if flight.dropped:
                continue
            flight.landed = True
            if flight.followers is not None:
                for follower in flight.followers:
                    follower.floor = max(follower.floor, flight.due)
                    self._open.append(follower)
                flight.followers = None
            flight.arrive()
            if self._open:
                self._settle_open(now, due, rival)

    # Settling.

    def _settle_open(self, now: int, due: int, timer: object) -> None:
        """Settle what is in the air, as far as its next race can be told now."""
        still: list[Passage] = []
        flights, self._open = self._open, still
        self._settling = flights
        for flight in flights:
            if flight.dropped:
                continue
            if flight.floor > now or not self._settle(flight, now, due, timer):
                still.append(flight)
            else:
                heappush(self._settled, flight)
        self._settling = []

    def _settle(self, flight: Passage, now: int, due: int, timer: object) -> bool:
        """Decide when the flight arrives, or against its next rival; False: after that one, no more is known."""
        if self.chooser is None:
            flight.due = max(flight.floor, now)
            return True
        pace = self._pace(flight) * flight.pace
        since, known = flight.since, flight.known
        low, left = 0.0, 1.0
        if known != since:
            low = (known - since) / 1e9 / pace
            left = beyond(low)
        head = self._next_due()
        rival_time, rival = due, timer
        if now < head < due:
            rival_time, rival = head, self._settled[0]
        if rival_time == NEVER or flight.lost >= RACES_MAX:
            return self._alone(flight, low, left, pace)
        if rival_time <= now:
            # A timer that fires in this very pass: what comes after it is known in the next one.
            flight.lost += 1
            return False
        high = (rival_time - since) / 1e9 / pace
        left_then = beyond(high)
        after = left_then / left if left > 0.0 else 0.0
        if after < RACE_MIN:
            return self._alone(flight, low, left, pace)
        taken = 4 if 1.0 - after < RACE_MIN else self._race(flight, rival, after)
        if taken == 4:
            flight.floor = flight.known = rival_time
            flight.lost += 1
            return False
        if taken:
            flight.due = self._beside(flight, now, rival_time, taken - 2)
        else:
            seconds = between(low, high, left - left_then, self._numbers(flight)[2])
            flight.due = max(since + round(seconds * pace * 1e9), flight.floor)
            self.chooser.took((flight.due - since) / 1e9)
        return True

    def _race(self, flight: Passage, rival: object, after: float) -> int:
        """The position that the flight takes beside its rival, which it would come after with this probability, coincidence apart."""
        chooser, style = self.chooser, self._style
        assert chooser is not None
        assert style is not None
        near = style.coincidence * min(1.0, after / NEAR)
        weights = ((1.0 - after) * (1.0 - near), near * 0.25, near * 0.5, near * 0.25, after * (1.0 - near))
        u = None
        if not flight.lost:
            u = flight.numbers[1] if flight.units is chooser.units else self._draw(flight)[1]
        self.rival, self._settles, self._told = rival, flight, ""
        taken = chooser.choose("latency", flight.label, self._positions, weights, self._locating, u)
        self.rival = self._settles = None
        return taken

    @property
    def rival_text(self) -> str:
        """The rival as options name it; found out once for all options of a race."""
        self._told = self._told or self.describe(self.rival)
        return self._told

    def _alone(self, flight: Passage, low: float, left: float, pace: float) -> bool:
        """Settle a flight that has no rival: a point without options, from which its latency is drawn."""
        assert self.chooser is not None
        self._settles = flight
        self.chooser.event(flight.label, None, self._locating)
        self._settles = None
        seconds = between(low, inf, left, self._numbers(flight)[2])
        flight.due = max(flight.since + round(seconds * pace * 1e9), flight.floor)
        self.chooser.took((flight.due - flight.since) / 1e9)
        return True

    def _locate(self) -> tuple[str, str]:
        return self.locate(self._settles)

    def _beside(self, flight: Passage, now: int, rival_time: int, side: int) -> int:
        """A time some passes before the rival (side -1), in its own pass (0), or some passes after it (1)."""
        if not side:
            return rival_time
        distance = 1 + int(self._numbers(flight)[3] * PASSES_BESIDE) * self.pass_ns
        return max(rival_time + side * distance, min(now, rival_time - 1))

    def _numbers(self, flight: Passage) -> Four:
        """The numbers of a flight for something that is no choice."""
        assert self.chooser is not None
        self.hidden += 1
        return flight.numbers if flight.units is self.chooser.units else self._draw(flight)

    def _draw(self, flight: Passage) -> Four:
        """Numbers for a flight in the present epoch."""
        assert self.chooser is not None
        numbers = flight.numbers = self.chooser.four(flight.label)
        flight.units = self.chooser.units
        return numbers

    def _pace(self, flight: Passage) -> float:
        assert self.chooser is not None
        if self._style is None:
            self._style = STYLES[self.chooser.choose("latency", "weather of the network", STYLES, [style.weight for style in STYLES])]
        style = self._style
        if style.laggard == 1.0:
            return style.pace
        line = flight.label.partition(",")[0]
        pace = self._paces.get(line)
        if pace is None:
            lags = self.chooser.choose("latency", f"{line}, pace", KEEPS, (1.0 - LAGGING, LAGGING))
            pace = self._paces[line] = style.pace * (style.laggard if lags else 1.0)
        return pace

    def is_reversed(self, sockets: "list[Descriptor]") -> bool:
        """Whether ready sockets are reported in the reverse of the order in which they became ready."""
        if self.chooser is None or len(sockets) < 2:
            return False
        self._settles = sockets
        name = f"order of {len(sockets)} ready sockets"
        taken = self.chooser.choose("schedule", name, ORDERS, (1.0 - REVERSED, REVERSED), self._locating)
        self._settles = None
        return bool(taken)


def _ignore(descriptor: "Descriptor") -> None:
    pass


def _depart(label: str, arrive: Callable[[], None], since: int, least: int, order: int) -> Passage:
    """A new flight; a compiled class is made faster without arguments."""
    flight = Passage()
    flight.label, flight.arrive, flight.since, flight.order = label, arrive, since, order
    flight.floor = flight.known = since + least
    flight.due = NEVER
    flight.landed = flight.dropped = False
    flight.followers = None
    flight.lost = 0
    flight.pace = 1.0
    flight.socket = None
    flight.units = None
    return flight
