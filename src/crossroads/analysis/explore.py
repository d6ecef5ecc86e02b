"""Explore: live many futures of a program, count how they end, keep those that fail.

Futures go in rounds that take about half a second. After each round every failing run and a sample of the others are lived a second time in
another process; a run whose digest isn't the same then counts as diverged, never as a result. A round whose futures are settled goes
to the store; killed in between, the next start begins with that round.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any, Final

from crossroads.analysis.idle_faults import LOOKED_AT, idle_faults
from crossroads.analysis.pasts import PAST, save_pasts
from crossroads.analysis.path import Path, Paths
from crossroads.analysis.points_mode import find_points_mode
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.analysis.results import Exploration, Failure, Tally
from crossroads.analysis.sources import StorePath, failure_from_row, open_store, python_tag
from crossroads.errors import SettingError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import TRACE_MAX
from crossroads.snapshots.run import Run
from crossroads.store.keys import ExplorationKey
from crossroads.store.store import Store
from crossroads.timeline.keys import derive
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import FAULT_KINDS, Epoch, Timeline, WorldSettings
from crossroads.worlds.surroundings import surroundings_of
from crossroads.worlds.targets import Target, code_digest, target_of, world_of

FUTURES: Final = 1_000
"""Futures lived by default: a failure of 0.3 % is found with 95 %."""

FUTURES_MAX: Final = 10**9
FIRST_ROUND: Final = 8
ROUND_S: Final = 0.5
ROUND_MAX: Final = 4_000
DEAR_ROUND_S, DEAR_ROUND_LIVES = 3.0, 4.0
"""Where single futures take long, rounds take as long as so many of them, and so long at most: then each core has its share of those."""

RECHECK_FIRST, RECHECK_EVERY = 4, 100
"""Of the runs that didn't fail, the first so many and every so many-th are lived twice."""

DIVERGED_LIVES: Final = 2
"""A run that diverged is lived so many times more, in each of two ways, to see where."""

PASTS_MAX: Final = 10
"""Of so many failures it is kept how they came about, the most frequent ones; explaining one keeps it, too."""

STEP_LIMIT: Final = WorldSettings().step_limit


def explore(
    target: str | PathLike[str] | Callable[..., Any],
    *,
    futures: int = FUTURES,
    enough_s: float | None = None,
    seed: int = 0,
    store: StorePath = None,
    fresh: bool = False,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    steps: int = STEP_LIMIT,
    faults: Sequence[str] = (),
    paths: Paths | None = None,
    on_progress: OnProgress | None = None,
) -> Exploration:
    """Live futures of a program and group those that fail.

    Goes on where an earlier call with the same target, seed and settings has stopped, as long as the target's file is the same.

    Args:
        target: "path.py", "path.py:function", "package.module:function", a path, or a function that can be imported.
        futures: how many, 1 <= futures <= 10**9, those of earlier calls included.
        enough_s: seconds after which no more are lived if a failure was found, at least 0; None: all are lived.
        seed: all futures come from it, 0 <= seed < 2**64.
        store: path of the store; None: the project's own in the user's cache directory.
        fresh: forget what earlier calls with the same settings have found.
        engine: "fork", "replay"; None: the first that is sound for the program.
        jobs: futures at a time; None: one for each core.
        limits: wall time and memory of each future.
        steps: points after which a future counts as hung, at least 1.
        faults: what may go wrong in an asyncio program, some of "crash", "partition", "reset", "loss"; by default the world is slow and
            uneven, but nothing breaks.
        paths: takes in those of the failing runs, so that `explain` and `shrink` needn't look at them again.
        on_progress: called after each round.

    Returns:
        The counts and the failures, most frequent first. Interrupted by Ctrl-C: those known by then, `complete=False`.

    Raises:
        SettingError: a setting is out of range.
        TargetError: the program can't be found, imported or called.
        StoreError: the store can't be used.
        EngineError: no future can be run here.
    """
    check_settings(futures, seed, steps)
    if enough_s is not None and not enough_s >= 0:
        raise SettingError(f"enough_s={enough_s} must be at least 0; leave it out to live all futures")
    found = target_of(target)
    world = WorldSettings(name=world_of(found), step_limit=steps, faults=check_faults(faults))
    if world.faults and world.name != "asyncio":
        raise SettingError(f"faults={','.join(world.faults)} need an asyncio program, and {found} is a plain one; leave them out")
    with open_store(store) as kept:
        explorer = Explorer(kept, found, seed, world, fresh, on_progress)
        explorer.enough_s = enough_s
        explorer.paths = {} if paths is None else paths
        return explorer.run(futures, engine, jobs, limits)


def check_settings(futures: int, seed: int, steps: int) -> None:
    """Raise SettingError unless they are in range."""
    if not 1 <= futures <= FUTURES_MAX:
        raise SettingError(
            f"futures={futures} must be {'at least 1' if futures < 1 else f'at most {FUTURES_MAX:,}'}; to run one timeline again use"
            ' "crossroads replay ID"'
        )
    if not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed} must be from 0 to 2**64 - 1")
    if steps < 1:
        raise SettingError(f"steps={steps} must be at least 1; leave it out for {STEP_LIMIT:,}")


def check_faults(faults: Sequence[str]) -> tuple[str, ...]:
    """The faults in the order in which settings have them; raises SettingError for an unknown one."""
    named = [faults] if isinstance(faults, str) else list(faults)
    for kind in named:
        if kind not in FAULT_KINDS:
            raise SettingError(f"faults={kind} isn't one of {', '.join(FAULT_KINDS)}; name one or several of them")
    return tuple(kind for kind in FAULT_KINDS if kind in named)


@dataclass(slots=True)
class Counts:
    """What is known of an exploration so far."""

    futures: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def add(self, futures: int, kinds: dict[str, int]) -> None:
        self.futures += futures
        for kind, count in kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count

    def tally(self) -> Tally:
        other = {kind: count for kind, count in sorted(self.kinds.items()) if kind not in ("passed", "failed") and count}
        return Tally(self.futures, self.kinds.get("passed", 0), self.kinds.get("failed", 0), other)


class Explorer:
    """One call of `explore`."""

    def __init__(self, store: Store, target: Target, seed: int, world: WorldSettings, fresh: bool, on_progress: OnProgress | None) -> None:
        self._store, self._target, self._seed, self._fresh, self._on_progress = store, target, seed, fresh, on_progress
        self._code, self._surroundings = code_digest(target), surroundings_of(target)
        self._world = world
        self._counts = Counts()
        self._notes: list[str] = [f"the world was allowed faults: {', '.join(world.faults)}"] if world.faults else []
        self._has_one_future = self._is_unsimulated = False
        self._said: dict[str, int] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self.enough_s: float | None = None
        self.paths: Paths = {}
        self._longest_s = 0.0
        self._began = time.monotonic()

    def run(self, futures: int, engine: EngineName | None, jobs: int | None, limits: Limits | None) -> Exploration:
        """Live them, as far as they aren't known yet."""
        runner = LocalRunner(self._target, self._world, engine=engine, jobs=jobs, limits=limits)
        complete = True
        resumed = 0
        try:
            runner = self._choose_points(runner)
            resumed = self._counts.futures
            self._rounds(runner, futures)
            self._note_idle_faults(runner)
            self._keep_pasts(runner)
        except KeyboardInterrupt:
            complete = False
        finally:
            runner.close()
        return self._result(runner, resumed, complete)

    def _choose_points(self, runner: LocalRunner) -> LocalRunner:
        """Find what makes points in this program, and what is known already."""
        for points in ("marks", "events", "draws"):
            key = self._key(points)
            if self._fresh:
                self._store.forget(key)
            elif self._store.exploration(key) is not None:
                self._world = replace(self._world, points=points)
                self._recall(key)
        if not self._counts.futures and self._world.name == "plain":
            self._world = replace(self._world, points=find_points_mode(runner, lambda world: self._timelines(world, 0, FIRST_ROUND)))
        if runner.world == self._world:
            return runner
        runner.close()
        return runner.with_world(self._world)

    def _recall(self, key: ExplorationKey) -> None:
        self._counts = _known(self._store.done_blocks(key))
        self._seen = {row.timeline.outcome.origin for row in self._store.failures(key) if row.timeline.outcome is not None}

    def _key(self, points: str) -> ExplorationKey:
        world = replace(self._world, points=points)
        return ExplorationKey(str(self._target), world, self._seed, self._code, python_tag(), self._surroundings)

    def _timelines(self, world: WorldSettings, begin: int, count: int) -> list[Timeline]:
        return [
            Timeline(str(self._target), (Epoch(0, derive(self._seed, "explore", index)),), world=world, code=self._code)
            for index in range(begin, begin + count)
        ]

    # Rounds.

    def _rounds(self, runner: LocalRunner, futures: int) -> None:
        size = FIRST_ROUND
        first = self._counts.futures
        while self._counts.futures < futures and not self._is_enough(futures):
            began = time.monotonic()
            count = min(size, futures - self._counts.futures)
            trusted = not runner.distrusted
            runs = self._round(runner, self._counts.futures, count)
            if trusted and runner.distrusted and self._counts.futures > count:
                self._start_over()
                first = 0
                continue
            if first == 0 and self._counts.futures == count and _is_one_future(runs):
                self._has_one_future = True
                self._notes.append(f"{self._target} has only one future: it draws nothing and decides nothing, so every run is this one")
                return
            if first == 0 and self._counts.futures == count and all(run.outcome.kind == "hung" for run in runs):
                self._notes.append(
                    f"the first {count} futures all hung, and no more were lived; a larger --wall or --steps gives them longer"
                )
                return
            self._say_progress(futures, first)
            seconds = max(time.monotonic() - began, 1e-3)
            self._longest_s = max(self._longest_s, *(run.seconds for run in runs if run.timeline.digest), 0.0)
            round_s = max(ROUND_S, min(DEAR_ROUND_LIVES * self._longest_s, DEAR_ROUND_S))
            size = max(FIRST_ROUND, min(int(count * round_s / seconds), 4 * size, ROUND_MAX, self._affordable(first)))

    def _affordable(self, first: int) -> int:
        """How many more futures there is time for, if they take as long as those since the first."""
        if self.enough_s is None or not self._seen:
            return ROUND_MAX
        took_s = time.monotonic() - self._began
        return int((self.enough_s - took_s) / took_s * (self._counts.futures - first))

    def _is_enough(self, futures: int) -> bool:
        """Whether what was found and the time that it took are enough."""
        if self.enough_s is None or not self._seen or time.monotonic() - self._began < self.enough_s:
            return False
        self._notes.append(
            f"exploring ended after {self._counts.futures:,} futures and {self.enough_s:g} s, as a failure was found;"
            f" --futures {futures} lives all"
        )
        return True

    def _start_over(self) -> None:
        """Forget what was counted: futures that were lived together had something to do with each other."""
        self._store.forget(self._key(self._world.points))
        self._counts = Counts()
        self._said = {}
        self._seen = set()

    def _round(self, runner: LocalRunner, begin: int, count: int) -> list[Run]:
        runs = runner.run(self._timelines(self._world, begin, count), together=True, rechecked=True)
        key = self._key(self._world.points)
        seen = set(self._seen)
        again = self._live_again(runner, begin, runs)
        if not runner.distrusted and any(not is_same(runs[position], run) for position, run in again.items()):
            # Perhaps only because of what others in its process had left: that is to be ruled out first.
            runner.distrust()
            self._seen = seen
            return self._round(runner, begin, count)
        kinds: dict[str, int] = {}
        failures: dict[str, int] = {}
        for position, run in enumerate(runs):
            kind: str = run.outcome.kind
            if position in again and not is_same(run, again[position]):
                kind = "diverged"
                self._note_divergence(runner, run, again[position])
            elif run.outcome.is_failure:
                self._note_unsimulated(run)
                name = self._store.id_for(key, run.outcome)
                failures[name] = failures.get(name, 0) + 1
                if failures[name] == 1:
                    output = again[position].output if position in again else run.output
                    self._store.add_failure(key, name, run.timeline, output or run.output, begin, begin + position)
            elif run.outcome.kind == "passed" and run.outcome.message:
                self._said[run.outcome.message] = self._said.get(run.outcome.message, 0) + 1
            kinds[kind] = kinds.get(kind, 0) + 1
        if self._is_next(key, begin) and self._store.record_block(key, begin, count, kinds, failures):
            self._counts.add(count, kinds)
        else:
            self._recall(key)
        return runs

    def _is_next(self, key: ExplorationKey, begin: int) -> bool:
        """Whether the store still ends where this round began, so that no future is counted twice when several explore at once."""
        return _known(self._store.done_blocks(key)).futures == begin

    def _live_again(self, runner: LocalRunner, begin: int, runs: Sequence[Run]) -> dict[int, Run]:
        """Second lives, by position: new failures from a pristine process, with a look at their points, the others wherever is fastest."""
        pristine: list[int] = []
        quick: list[int] = []
        for position, run in enumerate(runs):
            if run.outcome.is_failure and run.outcome.origin not in self._seen:
                self._seen.add(run.outcome.origin)
                pristine.append(position)
            elif _is_worth_rechecking(begin + position, run):
                quick.append(position)
        looked_at = [position for position in pristine if 0 < runs[position].timeline.points < TRACE_MAX][
            : max(0, PASTS_MAX - len(self.paths))
        ]
        again = dict(zip(looked_at, self._look_at(runner, [runs[position] for position in looked_at]), strict=True))
        # A run that follows addresses may be another one when it is looked at.
        pristine = [position for position in pristine if position not in again or not is_same(runs[position], again[position])]
        for positions, is_pristine in ((pristine, True), (quick, False)):
            if positions:
                second = runner.run([_unlived(runs[position]) for position in positions], pristine=is_pristine, elsewhere=True)
                again.update(zip(positions, second, strict=True))
        return again

    def _look_at(self, runner: LocalRunner, runs: Sequence[Run]) -> list[Run]:
        """Second lives of failures from pristine processes; the paths of those that are the same are kept."""
        again = runner.run([_unlived(run) for run in runs], trace="all", pristine=True, elsewhere=True) if runs else []
        for run, second in zip(runs, again, strict=True):
            if run.timeline.digest and run.timeline.digest == second.timeline.digest:
                self.paths[run.timeline.digest] = Path(run.timeline.points, second.trace)
        return again

    def _note_divergence(self, runner: LocalRunner, first: Run, second: Run) -> None:
        if any("diverged" in note for note in self._notes):
            return
        self._notes.append(describe_divergence(runner, first, second))

    def _note_unsimulated(self, run: Run) -> None:
        """Say once that a failure may be no more than the program's answer to what the world doesn't have."""
        if run.unsimulated and not run.outcome.exception.endswith("NotSimulated") and not self._is_unsimulated:
            self._is_unsimulated = True
            self._notes.append(f"some that failed had asked for what the world doesn't have, and may fail only for that: {run.unsimulated}")

    def _note_idle_faults(self, runner: LocalRunner) -> None:
        if self._world.faults:
            runs = runner.run(self._timelines(self._world, 0, min(LOOKED_AT, self._counts.futures)), trace="all")
            self._notes += filter(None, [idle_faults(self._world.faults, runs)])

    def _say_progress(self, futures: int, first: int) -> None:
        if self._on_progress is not None:
            lived = self._counts.futures - first
            rate = lived / max(time.monotonic() - self._began, 1e-6)
            left = (futures - self._counts.futures) / rate if rate else None
            self._on_progress(Progress("exploring", self._counts.futures, futures, rate, len(self._seen), left))

    def _keep_pasts(self, runner: LocalRunner) -> None:
        """Note how the failures come about while the code is what it is: of the most frequent ones of which it isn't known."""
        rows = sorted(self._store.failures(self._key(self._world.points)), key=lambda row: (-row.count, row.id))
        frequent = [row for row in rows if row.count and row.timeline.digest][:PASTS_MAX]
        unknown = [row for row in frequent if row.pieces.get(PAST, {}).get("digest") != row.timeline.digest]
        save_pasts(self._store, runner, {row.id: row.timeline for row in unknown}, self.paths)

    # The result.

    def _result(self, runner: LocalRunner, resumed: int, complete: bool) -> Exploration:
        rows = self._store.failures(self._key(self._world.points))
        failures = [failure_from_row(self._store, row) for row in rows if row.count]
        return Exploration(
            target=str(self._target),
            world=self._world.name,
            seed=self._seed,
            engine=runner.engine_name,
            python=runner.python or python_tag(),
            seconds=time.monotonic() - self._began,
            explored=self._counts.tally(),
            failures=tuple(sorted(failures, key=_by_count)),
            resumed=resumed,
            complete=complete,
            notes=(*self._notes, *runner.notes),
            one_future=self._has_one_future,
            said=dict(sorted(self._said.items())),
        )


def _known(blocks: Mapping[int, tuple[int, dict[str, int]]]) -> Counts:
    """What finished blocks say together, as far as there is one after the other from the first on."""
    counts = Counts()
    for begin, (futures, kinds) in blocks.items():
        if begin == counts.futures:
            counts.add(futures, kinds)
    return counts


def is_same(first: Run, second: Run) -> bool:
    """Whether two lives of a timeline were the same run; one ended from outside has no digest, and only its ending is compared."""
    if first.timeline.digest and second.timeline.digest:
        return first.timeline.digest == second.timeline.digest
    return first.outcome.origin == second.outcome.origin


def describe_divergence(runner: LocalRunner, first: Run, second: Run) -> str:
    """Where two lives of one timeline differ first, in a sentence; it is lived some more times to find out."""
    again = [_unlived(first)] * DIVERGED_LIVES
    lives = runner.run(again, trace="all") + runner.run(again, trace="all", pristine=True, elsewhere=True)
    found = [difference for life in lives[1:] if (difference := _difference(lives[0].trace, life.trace))]
    place = min(found)[1] if found else "somewhere between two points"
    ends = [run.outcome.exception or run.outcome.kind for run in (first, second)]
    return (
        f"futures diverged: lived twice, they weren't the same run; they differ {place}; one ended with {ends[0]}, the other with {ends[1]}"
        "; the likeliest causes are object addresses, process ids, real files and sockets, and threads"
    )


def _difference(one: Sequence[Point], other: Sequence[Point]) -> tuple[int, str] | None:
    """The first point at which two traces of a timeline differ, and how."""
    for here, there in zip(one, other, strict=False):
        if (here.kind, here.label, here.taken, here.time) != (there.kind, there.label, there.taken, there.time):
            said = [f"{point.kind} {point.label!r} at {point.time:g} s ({point.where or 'no place of its own'})" for point in (here, there)]
            return here.index, f"first at point {here.index}: {said[0]} in one life, {said[1]} in the other"
    return None


def _is_worth_rechecking(index: int, run: Run) -> bool:
    if run.outcome.is_failure:
        return run.outcome.kind != "hung"
    return index < RECHECK_FIRST or index % RECHECK_EVERY == 0


def _unlived(run: Run) -> Timeline:
    return replace(run.timeline, outcome=None, digest="", points=0)


def _is_one_future(runs: Sequence[Run]) -> bool:
    first = runs[0]
    return all(not run.drawn and not run.choices and run.outcome == first.outcome and run.timeline.digest for run in runs)


def _by_count(failure: Failure) -> tuple[int, str]:
    return -failure.count, failure.id
