"""The fork engine: live snapshots along the past that timelines share, futures branched from the nearest.

Costs: a snapshot is one process, copy-on-write; laying it is a walk from the one below and a fork; a future is a fork. Where a snapshot
can't be laid (the run has started threads or processes, or ends before) futures begin further down and live a bit more.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final

from crossroads.snapshots import kernel
from crossroads.snapshots.engine import WALL_S_MIN, Engine, Launch, Steps, refusal
from crossroads.snapshots.ladder import Rung
from crossroads.snapshots.limits import LOAD_WALL_S
from crossroads.snapshots.plans import LOADED, Reach, Traced
from crossroads.snapshots.run import Run
from crossroads.snapshots.together import ENDLESS_START_S, LOT_MIN, START_CHEAP_S, START_SHORT_S, Distrusted, Together, ended_in_order
from crossroads.snapshots.wire import Message
from crossroads.timeline.timelines import Past, Timeline

RUNGS_MAX: Final = 200
"""Snapshots at a time: each costs a descriptor here, and some hundred kilobytes."""

RUNGS_A_CLIMB: Final = 48
"""Snapshots laid in one walk, their channels travel in one message; and those that must be there at the same time."""

PROCESSES_A_RUNG: Final = 2
"""A snapshot's supervisor and its template have the same memory, each a proportional share of it."""

START_WALL_FACTOR: Final = 10.0

WALK_POINTS_MAX: Final = 500
"""A single future rather lives so many points again than to have a snapshot of its own laid."""


_FELL: Final[Message] = {}
"""Of a walk whose base was lost for the first time: it may well have been lost before, by another's deed."""


class Unsound(Exception):
    """Forking isn't sound for this program; its text says why."""


class ForkEngine(Engine):
    """Lives timelines from live snapshots."""

    name = "fork"

    def __init__(self, launch: Launch, together: Together | None = None) -> None:
        """Set up an engine without a process yet.

        Args:
            launch: how its trunk begins.
            together: what is known of this program's futures in one process, shared by the engines of a runner.
        """
        super().__init__(launch)
        self._unlayable: set[tuple[Past, int]] = set()
        self._fallen: set[tuple[Past, int]] = set()
        self._together = together or Together()
        self._start_is_short = False
        self._start_s = 0.0

    def run_together(self, timelines: Sequence[Timeline], deliver: Callable[[int, Run], None], check_failures: bool = True) -> Steps[None]:
        """`run`, with many futures from the start lived one after the other in one process where that is quicker.

        Args:
            timelines, deliver: as for `run`.
            check_failures: whether some of those that fail are lived again alone; else the caller does that.

        Raises:
            Distrusted: one of them wasn't the same as when it was lived alone; nothing was delivered then.
        """
        lived: dict[int, Run] = {}
        left = [index for index, timeline in enumerate(timelines) if timeline.branch_point == 0]
        while len(left) >= LOT_MIN and self._together.is_worth:
            loaded = yield from self._loaded()
            if not (yield from self._start(loaded, timelines[left[0]])):
                continue
            if not self._start_is_short:
                break
            lot, left = left[: self._together.size], left[self._together.size :]
            runs = yield from self._lot(loaded, [timelines[index] for index in lot], check_failures)
            if not runs:
                break
            lived.update((index, run) for index, run in zip(lot, runs, strict=False) if ended_in_order(run))
            # The first that wasn't lived in order goes alone, as any that end like that; the others form lots again.
            left = lot[len(runs) :] + left
        for index, run in lived.items():
            deliver(index, run)
        rest = [index for index in range(len(timelines)) if index not in lived]
        yield from self.run([timelines[index] for index in rest], lambda position, run: deliver(rest[position], run))

    def _lot(self, loaded: Rung, timelines: Sequence[Timeline], check_failures: bool) -> Steps[list[Run]]:
        """Live a lot, and some of it again alone; [] if the snapshot was lost."""
        runs = (yield from self._branch_together(loaded, timelines)) or []
        if any(run.remains not in ("", "memory") for run in runs):
            raise Distrusted("it leaves threads or processes behind")
        orderly = [run for run in runs if ended_in_order(run)]
        checked = [orderly[position] for position in self._together.checks(orderly, check_failures)]
        again = [replace(run.timeline, outcome=None, digest="", points=0) for run in checked]
        alone: list[Run] = []
        if again:
            left = yield from self._branch(loaded, range(len(again)), again, lambda _, run: alone.append(run), "none", False)
            if left:
                return []
            self._together.note(orderly, checked, alone, self._start_s)
        return runs

    def run(
        self,
        timelines: Sequence[Timeline],
        deliver: Callable[[int, Run], None],
        *,
        trace: Traced = "none",
        pristine: bool = False,
        until: Sequence[Reach] = (),
    ) -> Steps[None]:
        for left in [list(range(len(timelines)))] if pristine else batches(timelines):
            self._jobs += 1
            while left:
                loaded = yield from self._loaded()
                if pristine:
                    left = yield from self._branch(loaded, left, timelines, deliver, trace, True, until)
                    continue
                if not (yield from self._start(loaded, timelines[left[0]])):
                    continue
                yield from self._lay([timelines[index] for index in left])
                left = yield from self._branch_all(left, timelines, deliver, trace, until)

    def _branch_all(
        self, left: Sequence[int], timelines: Sequence[Timeline], deliver: Callable[[int, Run], None], trace: Traced, until: Sequence[Reach]
    ) -> Steps[list[int]]:
        groups: dict[Rung, list[int]] = defaultdict(list)
        found: dict[tuple[Past, int], Rung | None] = {}
        undone: list[int] = []
        for index in left:
            timeline = timelines[index]
            branching = (timeline.past(timeline.branch_point), timeline.branch_point)
            if branching not in found:
                found[branching] = self._ladder.nearest(timeline, timeline.branch_point)
            rung = found[branching]
            (undone if rung is None or rung.point < LOADED else groups[rung]).append(index)
        for rung, indices in groups.items():
            if rung not in list(self._ladder):
                undone += indices
                continue
            rung.used = self._jobs
            undone += yield from self._branch(rung, indices, timelines, deliver, trace, False, until)
        return sorted(undone)

    def _loaded(self) -> Steps[Rung]:
        """The snapshot with the program imported."""
        while True:
            for rung in self._ladder:
                if rung.point == LOADED:
                    return rung
            bare = yield from self._bare()
            ended = yield from self._walk(bare, Timeline("", ()), (LOADED,), LOAD_WALL_S)
            if ended is None or ended is _FELL:
                continue
            if "unsound" in ended:
                raise Unsound(f"importing the program leaves {ended['unsound']} behind")
            raise refusal(ended)

    def _start(self, loaded: Rung, timeline: Timeline) -> Steps[bool]:
        """The snapshot at point 0: the program's own start-up work is done, nothing is drawn yet. False if the one below it was lost."""
        if self._ladder.nearest(timeline, 0) is loaded and (loaded.past, 0) not in self._unlayable:
            began = monotonic()
            ended = yield from self._walk(loaded, Timeline("", ()), (0,), self._start_wall_s)
            if ended is _FELL:
                return False
            if ended is not None:
                if "refused" in ended:
                    raise refusal(ended)
                self._unlayable.add((loaded.past, 0))
                # A program that draws nothing comes to its end on the way to its start: its life is its start-up work.
                self._start_is_short = monotonic() - began < ENDLESS_START_S
            else:
                self._judge_start(loaded)
        return loaded in list(self._ladder)

    def _judge_start(self, loaded: Rung) -> None:
        """Do without a snapshot at point 0 where it saves next to nothing; futures are then the same as pristine ones in every respect."""
        for rung in self._ladder:
            if rung.point == 0 and rung.parent is loaded:
                self._start_is_short = rung.walked_s < START_SHORT_S
                self._start_s = rung.walked_s
                if rung.walked_s < START_CHEAP_S:
                    self._start_s = 0.0
                    self._unlayable.add((loaded.past, 0))
                    self._ladder.drop(rung)

    @property
    def _start_wall_s(self) -> float:
        """Wall limit for start-up work, which futures don't live again: far above theirs where that is given."""
        given = self._launch.limits.wall_s
        return LOAD_WALL_S if given is None else min(LOAD_WALL_S, max(WALL_S_MIN, START_WALL_FACTOR * given))

    def _walk(self, base: Rung, timeline: Timeline, points: Sequence[int], wall_s: float) -> Steps[Message | None]:
        """`_climb`, but _FELL where the base was lost: only the second time in a row is it the walk that kills it."""
        goal = (timeline.past(points[-1]), points[-1])
        ended = yield from self._climb(base, timeline, points, wall_s)
        if ended is None:
            self._fallen.discard(goal)
        elif "lost" in ended and goal not in self._fallen:
            self._fallen.add(goal)
            return _FELL
        return ended

    def _lay(self, timelines: Sequence[Timeline]) -> Steps[None]:
        """Lay snapshots where these timelines branch, as far as they share them."""
        wanted: dict[Past, dict[int, list[Timeline]]] = defaultdict(lambda: defaultdict(list))
        for timeline in timelines:
            point = timeline.branch_point
            if point > 0:
                wanted[timeline.past(point)][point].append(timeline)
        for rung in self._ladder:
            if rung.point in wanted.get(rung.past, ()):
                rung.used = self._jobs
        for past, by_point in wanted.items():
            points = [point for point in sorted(by_point) if self._is_worth(past, point, by_point[point])]
            sample = by_point[points[-1]][0] if points else None
            while points and sample is not None:
                self._make_room(min(len(points), RUNGS_A_CLIMB))
                base = self._ladder.nearest(sample, points[0])
                if base is None:
                    return
                chunk, points = points[:RUNGS_A_CLIMB], points[RUNGS_A_CLIMB:]
                wall_s = max(self.wall_s, min(LOAD_WALL_S, START_WALL_FACTOR * self.wall_s))
                ended = yield from self._walk(base, sample.branch(chunk[-1]), chunk, wall_s)
                if ended is _FELL:
                    return
                if ended is not None:
                    points = self._give_up(past, chunk, ended) + points

    def _is_worth(self, past: Past, point: int, timelines: Sequence[Timeline]) -> bool:
        nearest = self._ladder.nearest(timelines[0], point)
        if nearest is None or nearest.point == point or (past, point) in self._unlayable:
            return False
        return len(timelines) > 1 or point - max(nearest.point, 0) > WALK_POINTS_MAX

    def _give_up(self, past: Past, chunk: Sequence[int], ended: Message) -> list[int]:
        """Note where no snapshot can be laid; the points of the walk that are still worth trying."""
        at = ended.get("at")
        if isinstance(at, int) and at in chunk:
            self._unlayable.update((past, point) for point in chunk if point >= at)
            return [point for point in chunk if point < at]
        if len(chunk) == 1:
            self._unlayable.add((past, chunk[0]))
            return []
        self._unlayable.add((past, chunk[-1]))
        return list(chunk[:-1])

    def _make_room(self, rungs: int) -> None:
        """Give snapshots up until there is room for some more, in number and in memory."""
        while len(self._ladder) + rungs > RUNGS_MAX and self._evict():
            pass
        held = {rung.pid: PROCESSES_A_RUNG * kernel.private_bytes(rung.pid) for rung in self._ladder}
        while sum(held.values()) > self._launch.memory_bytes_max:
            evicted = self._evict()
            if evicted is None:
                return
            held.pop(evicted.pid, None)

    def _evict(self) -> Rung | None:
        rung = self._ladder.cheapest(self._jobs)
        if rung is not None:
            self._ladder.drop(rung)
        return rung


def batches(timelines: Sequence[Timeline]) -> list[list[int]]:
    """Indices by the places where timelines branch, upwards, RUNGS_A_CLIMB places at a time: the snapshots of one may go for the next."""
    places: dict[tuple[Past, int], list[int]] = defaultdict(list)
    for index, timeline in enumerate(timelines):
        places[timeline.past(timeline.branch_point), timeline.branch_point].append(index)
    upwards = [places[place] for place in sorted(places, key=lambda place: place[1])]
    chunks = [upwards[begin : begin + RUNGS_A_CLIMB] for begin in range(0, len(upwards), RUNGS_A_CLIMB)]
    return [[index for indices in chunk for index in indices] for chunk in chunks]
