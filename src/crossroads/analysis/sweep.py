"""The cancel sweep: cancel a coroutine at each of its awaits in turn, and let the program's own checks say whether that was safe.

First a calm run without a cancellation, whose points tell where the coroutine waits. Then a future for each moment of each of these
awaits: the same run up to there, the cancellation, and then what comes of it. With the rest of the futures the same is done in other runs,
drawn from other seeds, in which messages arrive and tasks meet otherwise; there the awaits that were cancelled least often come first.

The same target, seed and code give the same sequence of futures, of which a larger number of futures is a longer part. What counts as a
failure is what does anywhere, but for one: a cancellation that ends the program itself, as it does where the main coroutine is
cancelled or awaits the cancelled one, is the expected end. Such a future hasn't come to the program's checks, and is counted apart.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any, Final

from crossroads.analysis.cancellations import AwaitKey, Cancellation, cancellations, each_in_turn, kind_of
from crossroads.analysis.explore import STEP_LIMIT, check_faults, check_settings, describe_divergence, is_same
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.analysis.results import Exploration, Failure, Tally
from crossroads.analysis.sources import StorePath, failure_from_row, open_store, python_tag
from crossroads.analysis.swept import MOMENT_WORDS, Sweep, SweptAwait, SweptFailure
from crossroads.errors import SettingError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import TRACE_MAX
from crossroads.snapshots.run import Run
from crossroads.store.keys import ExplorationKey
from crossroads.store.store import Store
from crossroads.timeline.keys import derive
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.asyncio.awaits import EVERY
from crossroads.worlds.surroundings import surroundings_of
from crossroads.worlds.targets import Target, code_digest, target_of, world_of

FUTURES: Final = 400
"""Futures by default: all moments of some tens of awaits, and each in about ten other runs."""

NAME_CHARS_MAX: Final = 200

CHUNK: Final = 32
"""Futures asked for at once, recorded together."""

RUNS_AT_ONCE, CANCELLED_EACH = 4, 15
"""Drawn runs without a cancellation that are lived side by side, and the futures that are cancelled in each."""

BARREN_MAX: Final = 48
"""So many runs one after the other in which the coroutine never waits end the search for more."""

HUNG_MAX: Final = 3
"""An await at which so many futures ran into their wall limit isn't tried further."""

RECHECK_FIRST: Final = 8
"""Of the futures that didn't fail, the first so many are lived twice, as are all that fail."""

SEEN_MAX: Final = 20
"""Names of coroutines in a message."""


def sweep_cancel(
    target: str | PathLike[str] | Callable[..., Any],
    *,
    cancel: str,
    futures: int = FUTURES,
    seed: int = 0,
    store: StorePath = None,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    steps: int = STEP_LIMIT,
    faults: Sequence[str] = (),
    on_progress: OnProgress | None = None,
) -> Sweep:
    """Cancel a coroutine of an asyncio program at each of its awaits, one in each future, and see which of them fail.

    Each await has up to three moments: at once, when its task has just suspended; while it waits and the loop is busy with others; and as
    its result arrives, when what it waits for is there but its task hasn't run yet.

    Args:
        target: as for `explore`; its world is the asyncio one.
        cancel: the coroutine, by the name of its function ("worker"), the end of its qualified name ("Pool.acquire"), or the name of a
            task. Every task that waits in it is cancelled in turn, whoever has made it.
        futures: how many, 1 <= futures <= 10**9, those without a cancellation included.
        seed: all futures come from it, 0 <= seed < 2**64.
        store: path of the store, which keeps the failures; None: the project's own.
        engine, jobs, limits, steps, faults, on_progress: as for `explore`.

    Returns:
        What became of the futures at each await; with those lived until then where it was interrupted.

    Raises:
        SettingError: a setting is out of range; or the coroutine never waits, and the message names those that do.
        TargetError: the program can't be found, imported or called.
        StoreError: the store can't be used.
        EngineError: no future can be run here.

    Example:
        >>> swept = crossroads.sweep_cancel("pool.py", cancel="Pool.acquire")  # doctest: +SKIP
        >>> swept.is_safe  # doctest: +SKIP
        False
    """
    check_settings(futures, seed, steps)
    if not 0 < len(cancel) <= NAME_CHARS_MAX:
        raise SettingError(f"cancel={cancel[:40]!r} must be a name of 1 to {NAME_CHARS_MAX} characters: of a coroutine function or a task")
    found = target_of(target)
    world = WorldSettings(name=world_of(found), step_limit=steps, faults=check_faults(faults), cancel=cancel)
    if world.name != "asyncio":
        raise SettingError(f"cancel={cancel} needs an asyncio program, and {found} is a plain one; name an async function of it")
    with open_store(store) as kept, LocalRunner(found, world, engine=engine, jobs=jobs, limits=limits) as runner:
        return Sweeper(kept, runner, found, seed, on_progress).run(futures)


Watch = Callable[[Sequence[tuple[Run, str]]], bool]


@dataclass(slots=True)
class Counts:
    """What is known of one await so far."""

    futures: int = 0
    planned: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    ended: int = 0
    unknown: int = 0
    hung: int = 0
    moments: dict[str, None] = field(default_factory=dict)
    failure: SweptFailure | None = None


class Sweeper:
    """One call of `sweep_cancel`.

    Args:
        watch: told of the futures as they are lived, with the kind that each counts as; the sweep ends where it says False.
    """

    def __init__(
        self,
        store: Store,
        runner: LocalRunner,
        target: Target,
        seed: int,
        on_progress: OnProgress | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._store, self._runner, self._target, self._seed = store, runner, target, seed
        self._on_progress, self._watch = on_progress, watch
        self._code = code_digest(target)
        self._key = ExplorationKey(str(target), runner.world, seed, self._code, python_tag(), surroundings_of(target))
        self._awaits: dict[AwaitKey, Counts] = {}
        self._kinds: Counter[str] = Counter()
        self._uncancelled: Counter[str] = Counter()
        self._unprovoked: dict[str, Outcome] = {}
        self._names: set[str] = set()
        self._seen: set[tuple[str, str, str]] = set()
        self._notes: list[str] = []
        self._lived = self._total = self._moments = self._tried = 0
        self._varies = False
        self._ends: dict[tuple[int, str], tuple[tuple[str, str, str], int]] = {}
        self._began = time.monotonic()

    def run(self, futures: int) -> Sweep:
        """Live them all."""
        self._total = futures
        complete = True
        try:
            self._sweep()
        except KeyboardInterrupt:
            complete = False
        return self._result(complete)

    def _sweep(self) -> None:
        first = self._first_run()
        self._moments = len(first)
        self._tried = self._cancel(each_in_turn(first))
        number, barren = 1, 0
        while self._left and barren < BARREN_MAX:
            if number > 1 and not self._varies:
                self._note("nothing else varies in this program, so no more futures were lived")
                return
            count = min(RUNS_AT_ONCE, self._left)
            runs = self._live_bases([self._base(number + at) for at in range(count)])
            number += count
            planned = [one for run in runs for one in self._least_tried(cancellations(run))]
            barren = 0 if planned else barren + count
            self._cancel(planned)

    @property
    def _left(self) -> int:
        return self._total - self._lived

    # Runs without a cancellation.

    def _base(self, number: int) -> Timeline:
        """The first one is calm, the others are drawn."""
        epoch = Epoch(0, derive(self._seed, "sweep", number), "" if number else "all")
        return Timeline(str(self._target), (epoch,), world=self._runner.world, code=self._code)

    def _first_run(self) -> list[Cancellation]:
        """The moments of the first run that has any."""
        found: list[Cancellation] = []
        for number in range(min(BARREN_MAX, self._total)):
            found = cancellations(self._live_bases([self._base(number)])[0])
            if found:
                return found
        names = self._names_of_awaits()
        there = f"those that wait there: {', '.join(names)}" if names else "no coroutine waits there"
        raise SettingError(
            f"cancel={self._runner.world.cancel} was never met at an await in {self._lived} futures of {self._target}; {there}"
            + ("; name one of them" if names else "")
        )

    def _names_of_awaits(self) -> list[str]:
        """The functions of the coroutines that wait in a calm run, outermost ones first."""
        world = replace(self._runner.world, cancel=EVERY)
        with self._runner.with_world(world) as runner:
            [run] = runner.run([replace(self._base(0), world=world)], trace="all")
        names: dict[str, None] = {}
        for one in cancellations(run):
            names[one.met.name.rpartition("<locals>.")[2]] = None
            names.update(dict.fromkeys(place.rpartition(" in ")[2] for place in one.met.within))
        return list(names)[:SEEN_MAX]

    def _live_bases(self, timelines: list[Timeline]) -> list[Run]:
        runs = self._runner.run(timelines, trace="all")
        for run in runs:
            self._varies = self._varies or run.drawn or bool(run.choices)
            if run.timeline.points > TRACE_MAX:
                self._note(f"of runs with more than {TRACE_MAX:,} points only the awaits among the first so many were cancelled")
        self._count(runs, [None] * len(runs))
        return runs

    # Cancellations.

    def _least_tried(self, found: Sequence[Cancellation]) -> list[Cancellation]:
        """Some of the moments of a run: those of the awaits, and then the kinds of moments, that were cancelled least often."""
        shuffled = sorted(found, key=lambda one: derive(one.base.epochs[0].seed, "moment", one.met.point))
        picked: list[Cancellation] = []
        for _ in range(min(CANCELLED_EACH, len(shuffled))):
            best = min(shuffled, key=self._times_planned)
            shuffled.remove(best)
            self._counts(best).planned[best.met.moment] += 1
            picked.append(best)
        return picked

    def _times_planned(self, one: Cancellation) -> tuple[int, int]:
        planned = self._counts(one).planned
        return planned.total(), planned[one.met.moment]

    def _cancel(self, planned: Sequence[Cancellation]) -> int:
        """Live them, as far as there are futures left; how many that were."""
        lived = 0
        for begin in range(0, len(planned), CHUNK):
            chunk = [one for one in planned[begin : begin + CHUNK] if self._counts(one).hung < HUNG_MAX][: self._left]
            if chunk:
                runs = self._runner.run([one.timeline for one in chunk])
                self._count(runs, chunk)
                self._notice_variety(runs, chunk)
                lived += len(chunk)
        return lived

    def _notice_variety(self, runs: Sequence[Run], chunk: Sequence[Cancellation]) -> None:
        """Whether anything is drawn; the order of sets of tasks follows from the seed alone, and shows in what comes of the same moment."""
        for run, one in zip(runs, chunk, strict=True):
            end = (run.outcome.origin, run.timeline.points)
            same = self._ends.setdefault((one.met.number, one.met.moment), end) == end
            self._varies = self._varies or run.drawn or len(run.choices) > 1 or not same

    def _counts(self, one: Cancellation) -> Counts:
        return self._awaits.setdefault(one.key, Counts())

    # Counting.

    def _count(self, runs: Sequence[Run], causes: Sequence[Cancellation | None]) -> None:
        """Count futures, keep the failures among them, and record the block."""
        again = self._live_again(runs)
        endings: list[tuple[str, str]] = []
        for position, (run, cause) in enumerate(zip(runs, causes, strict=True)):
            kind, name = kind_of(run, cause), ""
            second = again.get(position)
            if kind == "diverged" or (second is not None and not is_same(run, second)):
                kind = "diverged"
                if second is not None:
                    self._note_divergence(run, second)
            elif run.outcome.is_failure and kind != "cancelled":
                name = self._store.id_for(self._key, run.outcome)
                output = second.output if second is not None and second.output else run.output
                self._names.add(name)
                self._store.add_failure(self._key, name, run.timeline, output, self._lived, self._lived + position)
            endings.append((kind, name))
            self._credit(run, cause, kind, name)
        self._record(endings)
        self._lived += len(runs)
        if self._watch is not None and not self._watch([(run, kind) for run, (kind, _) in zip(runs, endings, strict=True)]):
            self._total = self._lived
        self._say_progress()

    def _credit(self, run: Run, cause: Cancellation | None, kind: str, name: str) -> None:
        self._kinds[kind] += 1
        if cause is None:
            self._uncancelled[kind] += 1
            if name:
                self._unprovoked.setdefault(name, run.outcome)
            return
        counts = self._counts(cause)
        counts.futures += 1
        counts.ended += kind == "cancelled"
        counts.unknown += kind == "diverged"
        counts.hung += run.outcome.exception == "wall limit"
        if name:
            counts.failed += 1
            counts.moments[MOMENT_WORDS[cause.met.moment]] = None
            if counts.failure is None:
                counts.failure = SweptFailure(name, run.outcome, MOMENT_WORDS[cause.met.moment], run.timeline)

    def _record(self, endings: Sequence[tuple[str, str]]) -> None:
        """Add what isn't in the store yet: an earlier sweep with the same key has lived the same futures, perhaps fewer."""
        known = 0
        for begin, (futures, _) in self._store.done_blocks(self._key).items():
            known += futures if begin == known else 0
        news = endings[max(0, known - self._lived) :]
        if news:
            kinds, names = Counter(kind for kind, _ in news), Counter(name for _, name in news if name)
            self._store.record_block(self._key, max(known, self._lived), len(news), kinds, names)

    def _live_again(self, runs: Sequence[Run]) -> dict[int, Run]:
        """Second lives, by position: of new failures from a pristine process, of the others wherever is fastest."""
        pristine: list[int] = []
        quick: list[int] = []
        for position, run in enumerate(runs):
            if run.outcome.is_failure and run.outcome.origin not in self._seen:
                self._seen.add(run.outcome.origin)
                pristine.append(position)
            elif run.outcome.kind != "hung" if run.outcome.is_failure else self._lived + position < RECHECK_FIRST:
                quick.append(position)
        again: dict[int, Run] = {}
        for positions, is_pristine in ((pristine, True), (quick, False)):
            if positions:
                unlived = [replace(runs[position].timeline, outcome=None, digest="", points=0) for position in positions]
                again.update(zip(positions, self._runner.run(unlived, pristine=is_pristine, elsewhere=True), strict=True))
        return again

    def _note_divergence(self, first: Run, second: Run) -> None:
        if not any("diverged" in note for note in self._notes):
            self._notes.append(describe_divergence(self._runner, first, second))

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)

    def _say_progress(self) -> None:
        if self._on_progress is not None:
            rate = self._lived / max(time.monotonic() - self._began, 1e-6)
            self._on_progress(Progress("exploring", self._lived, self._total, rate, len(self._seen), self._left / rate))

    # The result.

    def _result(self, complete: bool) -> Sweep:
        runner = self._runner
        exploration = Exploration(
            target=str(self._target),
            world=runner.world.name,
            seed=self._seed,
            engine=runner.engine_name,
            python=runner.python or python_tag(),
            seconds=time.monotonic() - self._began,
            explored=_tally(self._kinds),
            failures=self._failures(),
            complete=complete,
            notes=(*self._notes, *self._closing_notes(), *runner.notes),
        )
        awaits = tuple(
            SweptAwait(*key, counts.futures, counts.failed, counts.ended, counts.unknown, tuple(counts.moments), counts.failure)
            for key, counts in self._awaits.items()
        )
        return Sweep(runner.world.cancel, awaits, _tally(self._uncancelled), self._moments, self._tried, exploration)

    def _failures(self) -> tuple[Failure, ...]:
        """Those of this sweep, of all that the store has of the same program and settings."""
        rows = [row for row in self._store.failures(self._key) if row.count and row.id in self._names]
        return tuple(sorted((failure_from_row(self._store, row) for row in rows), key=lambda failure: (-failure.count, failure.id)))

    def _closing_notes(self) -> list[str]:
        notes = []
        if self._tried < self._moments:
            notes.append(f"of {self._moments:,} moments in the first run {self._tried:,} were tried; more futures try more of them")
        if self._unprovoked:
            failed = sum(self._uncancelled[kind] for kind in self._uncancelled if kind not in ("passed", "diverged", "left behind"))
            first = next(iter(self._unprovoked.values()))
            notes.append(
                f"the program fails without a cancellation, too: in {failed:,} of {self._uncancelled.total():,} futures,"
                f" first with {first.exception or first.kind}"
            )
        cancelled = sum(counts.futures for counts in self._awaits.values())
        if self._kinds["cancelled"]:
            notes.append(
                f"in {self._kinds['cancelled']:,} of {cancelled:,} futures the cancellation ended the program before its own checks;"
                " where it awaits what is cancelled, let it catch CancelledError and go on to check"
            )
        return notes


def _tally(kinds: Counter[str]) -> Tally:
    other = {kind: count for kind, count in sorted(kinds.items()) if kind not in ("passed", "failed") and count}
    return Tally(kinds.total(), kinds["passed"], kinds["failed"], other)
