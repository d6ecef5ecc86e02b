"""Verify: does a failure that was found still happen with the code as it is now?

The recorded run is led along its past again, its choices forced by name, up to and including the last turning point, and then let go:
how many futures from there fail, against how many did. Beside that the same whole futures are lived that were explored before; and, where
nothing has failed yet, futures from earlier turning points, from where the runs part, those in which only the recorded options stay and
everything else is drawn anew, and those in which options are taken whatever their weight: a fix that narrows the window of a race, or
closes one of two ways to it, shows there.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from crossroads.analysis.guiding import Guided, at, behind, crossing_of, guide
from crossroads.analysis.judging import Place, Spot, judge
from crossroads.analysis.pasts import PAST, RecordedPast, past_from_data, record_past
from crossroads.analysis.path import is_choice
from crossroads.analysis.progress import OnProgress
from crossroads.analysis.recount import Count, KnownFailure, Recount
from crossroads.analysis.results import Account, Failure
from crossroads.analysis.sameness import line_at, signature
from crossroads.analysis.sources import StorePath, known_futures, load_failure, open_store, runner_for
from crossroads.analysis.sweep import Sweeper
from crossroads.analysis.verdict import VERDICT, Verdict, verdict_to_data
from crossroads.errors import SettingError, StoreError, TargetError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.run import Run
from crossroads.stats.probability import Probability
from crossroads.store.store import Store
from crossroads.timeline.keys import derive
from crossroads.timeline.outcomes import PASSED
from crossroads.timeline.timelines import Epoch, Timeline
from crossroads.worlds.targets import code_digest, world_of

FUTURES: Final = 299
"""From the crossing, by default: if none fails, less than 1 % do, at 95 % confidence."""

WHOLE_MIN, WHOLE_MAX = 300, 1_000
"""Whole futures: as many as were explored before, within these bounds, and no fewer than from the crossing."""

TURNING_POINTS_MAX: Final = 2
"""So many turning points are looked at: the last one that the new run meets, and the first."""

UNLIKELY: Final = 2
"""So many times as many futures as from the crossing are lived with unlikely options."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a failure and of the code that it was found in.

    Args:
        past: how the run came about; None where that wasn't recorded.
        others: other failures of that code.
        seed: of its exploration, None where it has none.
    """

    past: RecordedPast | None = None
    others: tuple[KnownFailure, ...] = ()
    seed: int | None = None


def verify(
    failure: Failure | str,
    *,
    futures: int = FUTURES,
    seconds: float | None = None,
    seed: int = 0,
    store: StorePath = None,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress | None = None,
) -> Verdict:
    """Whether a failure still happens with the program as it is now.

    Args:
        failure: one that `explore` found, or its id in the store; the verdict is kept there. Explain it before the code is changed: then
            it is known where it was decided.
        futures: how many to live from the crossing, at least 1: 59 clean ones say "below 5 %", 299 "below 1 %".
        seconds: wall time it may take, more than 0; None: any.
        seed: of the futures.
        store: path of the store; None: the project's.
        engine, jobs, limits: as for `explore`.
        on_progress: called as it goes on.

    Returns:
        The verdict with its numbers; "cannot tell" where the program can't be run any more.

    Raises:
        SettingError: a setting is out of range.
        StoreError: there is no such failure, or the store can't be used.
        EngineError: no future can be run here.
    """
    _check(futures, seconds, seed)
    began = time.monotonic()
    deadline = None if seconds is None else began + seconds
    with open_store(store) as kept:
        found = load_failure(kept, failure) if isinstance(failure, str) else failure
        try:
            with runner_for(found.timeline, engine=engine, jobs=jobs, limits=limits) as runner:
                world = world_of(runner.target)
                if world != found.timeline.world.name:
                    raise TargetError(f"{runner.target} was a program for the {found.timeline.world.name} world and is a {world} one now")
                known = _recall(kept, found, runner)
                verdict = _Verification(runner, found, known, futures, seed, deadline, on_progress).run()
        except TargetError as error:
            verdict = Verdict("cannot tell", found.id, found.timeline.target, found.outcome, reason=f"the program can't be run: {error}")
        verdict = verdict.finished(time.monotonic() - began)
        if _is_stored(kept, found):
            kept.save_piece(found.id, VERDICT, verdict_to_data(verdict))
    return verdict


class _Verification:
    """One call of `verify`."""

    def __init__(
        self,
        runner: LocalRunner,
        failure: Failure,
        known: Known,
        futures: int,
        seed: int,
        deadline: float | None,
        on_progress: OnProgress | None,
    ) -> None:
        self._runner, self._failure, self._known = runner, failure, known
        self._futures, self._seed = futures, seed
        self._whole = max(futures, min(WHOLE_MAX, max(WHOLE_MIN, failure.probability.futures)))
        raised = known.past.raised if known.past is not None else ""
        total = self._whole + (TURNING_POINTS_MAX + 2 + UNLIKELY) * futures
        self._recount = Recount(runner, signature(failure.outcome, raised), known.others, deadline, total, on_progress)
        self._account: Account | None = failure.account
        self._places: list[Place] = []
        self._unmet = ""

    def run(self) -> Verdict:
        past = self._known.past
        crossing = crossing_of(past, self._account) if past is not None else None
        guided = self._guide(past, crossing) if past is not None and crossing is not None else None
        if guided is not None and crossing is not None and guided.match.arrived is not None:
            self._count_behind(guided, crossing, guided.match.arrived)
        self._count_whole()
        self._count_shortest()
        if guided is not None and crossing is not None and not self._has_failed:
            self._search(guided, crossing)
        match = guided.match if guided is not None else None
        judgement = judge(self._places, match)
        step = past.step(crossing) if past is not None and crossing is not None else None
        return Verdict(
            judgement.kind,
            self._failure.id,
            self._failure.timeline.target,
            self._failure.outcome,
            places=tuple(self._places),
            decisive=self._places.index(judgement.place) if judgement.place is not None else None,
            needed=judgement.needed,
            match=match,
            crossing=step,
            again=None if guided is None else guided.run.outcome,
            is_again=guided is not None and self._recount.is_this(guided.run.outcome),
            reason=self._reason(guided),
            is_changed=code_digest(self._runner.target) != self._failure.timeline.code,
            futures=self._recount.spent,
            python=self._runner.python,
            notes=self._notes(guided),
        )

    @property
    def _has_failed(self) -> bool:
        return any(place.now.failed for place in self._places)

    def _guide(self, past: RecordedPast, crossing: int) -> Guided:
        self._recount.stage = "following the recorded run"
        guided = guide(self._runner, self._failure.timeline, past, crossing)
        self._recount.lived([guided.run] * guided.lives)
        return guided

    def _count_behind(self, guided: Guided, crossing: int, arrived: int) -> None:
        """Futures from right behind the crossing; where the run ends there, the run itself is the only one."""
        self._recount.stage = "living on from where it was decided"
        from_point = arrived + 1
        if from_point >= guided.run.timeline.points:
            self._count("crossing", lambda number: guided.timeline, 1, behind(self._account, crossing), crossing, is_only=True)
            return
        make = self._from(guided, from_point, "crossing")
        self._count("crossing", make, self._futures, behind(self._account, crossing), crossing)

    def _count_whole(self) -> None:
        self._recount.stage = "living whole futures"
        failing = self._failure.timeline
        seed = self._known.seed if self._known.seed is not None else self._seed
        if failing.world.cancel:
            self._count_swept(seed)
            return

        def make(number: int) -> Timeline:
            # The seeds of the exploration: what has failed before is lived again, and the comparison is of pairs.
            return Timeline(failing.target, (Epoch(0, derive(seed, "explore", number)),), world=failing.world)

        self._count("start", make, self._whole, self._failure.probability, None, together=True)

    def _count_swept(self, seed: int) -> None:
        """Of a sweep's failure the whole futures are a sweep's: each with a cancellation at one of the awaits that there are now."""
        count = Count()
        wanted = min(self._failure.probability.futures, WHOLE_MAX)

        def watch(lived: Sequence[tuple[Run, str]]) -> bool:
            for run, kind in lived:
                self._recount.add(count, PASSED if kind == "cancelled" else run.outcome)
            self._recount.lived([run for run, _ in lived])
            return not self._recount.is_late

        with TemporaryDirectory() as folder, Store(Path(folder) / "sweep.sqlite") as passing:
            try:
                Sweeper(passing, self._runner, self._runner.target, seed, watch=watch).run(wanted)
            except SettingError as error:
                self._unmet = str(error)
                return
        self._places.append(self._recount.place("start", count, self._failure.probability))

    def _count_shortest(self) -> None:
        """The shrunk run, which needs few choices and therefore survives many edits: whether it still fails."""
        shrunk = self._failure.shrunk
        if shrunk is not None and not self._has_failed:
            self._recount.stage = "following the shortest way"
            named = replace(shrunk.named, outcome=None, digest="", points=0)
            self._count("shortest way", lambda number: named, 1, None, None)

    def _search(self, guided: Guided, crossing: int) -> None:
        """Where it hasn't failed so far: look for it from earlier points, and with everything else drawn anew."""
        match = guided.match
        limit = crossing + 1 if match.parted is None else match.parted[0]
        self._recount.stage = "looking for it elsewhere"
        for point in self._turning_points(guided, limit):
            self._count("turning point", self._from(guided, match.places[point], point), self._futures, at(self._account, point), point)
        if match.parted is not None and match.parted[1]:
            old, new = match.parted
            if new < guided.run.timeline.points and new not in {match.places[point] for point in self._turning_points(guided, limit)}:
                self._count("parting", self._from(guided, new, "parting"), self._futures, at(self._account, old), old)
        if match.arrived is not None and guided.timeline.named and match.unit == "choice" and guided.run.drawn:
            self._count("other draws", self._redrawn(guided), self._futures, None, None)
        if any(is_choice(point) for point in guided.run.trace):
            self._count("unlikely options", self._unlikely(guided), UNLIKELY * self._futures, None, None)

    def _turning_points(self, guided: Guided, limit: int) -> list[int]:
        if self._account is None:
            return []
        met = [step.point for step in self._account.turning_points if step.point < limit and step.point in guided.match.places]
        return sorted({*met[:1], *met[-1:]})

    def _count(
        self,
        spot: Spot,
        make: Callable[[int], Timeline],
        wanted: int,
        before: Probability | None,
        point: int | None,
        *,
        together: bool = False,
        is_only: bool = False,
    ) -> None:
        if spot not in ("start", "crossing") and (self._recount.is_late or self._has_failed):
            return
        step = self._known.past.step(point) if self._known.past is not None and point is not None else None
        where: tuple[object, ...] = () if step is None else (step.point, step.name, step.kind, step.where, step.time)
        count = self._recount.count(make, wanted, together=together)
        count.is_exact = count.is_exact or (is_only and count.futures > 0)
        if count.futures or count.unknown:
            self._places.append(self._recount.place(spot, count, before, *where))

    def _from(self, guided: Guided, point: int, name: str | int) -> Callable[[int], Timeline]:
        return lambda number: guided.branch(point, derive(self._seed, "verify", name, number))

    def _unlikely(self, guided: Guided) -> Callable[[int], Timeline]:
        return lambda number: guided.unlikely(number, derive(self._seed, "verify", "unlikely options", number))

    def _redrawn(self, guided: Guided) -> Callable[[int], Timeline]:
        return lambda number: guided.redrawn(derive(self._seed, "verify", "other draws", number))

    def _reason(self, guided: Guided | None) -> str:
        """Why the verdict may be that nobody can tell."""
        if guided is None:
            return "how the run came about wasn't recorded; explain a failure before its code is changed"
        if not any(place.now.futures for place in self._places):
            return "no future of it ended in a way that says anything"
        return ""

    def _notes(self, guided: Guided | None) -> tuple[str, ...]:
        notes = [*self._runner.notes, *([self._unmet] if self._unmet else [])]
        if self._account is None:
            notes.append(
                "this failure was never explained, so where it was decided isn't known; explain the next one before its code is changed"
            )
        unknown = sum(place.unknown for place in self._places)
        if unknown:
            notes.append(f"{unknown:,} futures diverged, and are left out of the numbers")
        recorded, now = self._failure.timeline.python, ".".join(self._runner.python.split(".")[:2])
        if recorded and now and recorded != now:
            notes.append(f"it was found with Python {recorded}, and this is {now}")
        if guided is not None and guided.match.drew_otherwise:
            notes.append("on the way to the crossing the program drew otherwise by itself than before")
        if self._recount.is_late:
            notes.append("the time was up before all futures were lived")
        return tuple(notes)


def _recall(kept: Store, failure: Failure, runner: LocalRunner) -> Known:
    """What the store has of it; the past is recorded now where the code is still the one that it was found in."""
    if not _is_stored(kept, failure):
        return Known(_record(runner, failure))
    row = kept.failure(failure.id)
    data = row.pieces.get(PAST)
    past = None if data is None else past_from_data(data)
    if past is None or past.digest != failure.timeline.digest:
        past = _record(runner, failure)
    explored = kept.exploration(row.key)
    counts = explored.counts if explored is not None else {}
    others = [
        KnownFailure(signature(other.timeline.outcome), other.count, known_futures(counts, other.timeline.outcome))
        for other in kept.failures(row.key)
        if other.id != row.id and other.timeline.outcome is not None
    ]
    seen = [KnownFailure(signature(outcome)) for outcome in (past.others if past is not None else ())]
    return Known(past, (*others, *seen), row.key.seed)


def _record(runner: LocalRunner, failure: Failure) -> RecordedPast | None:
    if code_digest(runner.target) != failure.timeline.code:
        return None
    wanted = [step.point for step in failure.account.turning_points] if failure.account is not None else []
    return record_past(runner, failure.timeline, wanted, line_at(failure.outcome.where, runner.target))


def _is_stored(kept: Store, failure: Failure) -> bool:
    try:
        return kept.failure(failure.id).id == failure.id
    except StoreError:
        return False


def _check(futures: int, seconds: float | None, seed: int) -> None:
    if not 1 <= futures <= 10**6:
        raise SettingError(f"futures={futures} must be from 1 to 1,000,000; 299 clean ones say that less than 1 % fail")
    if seconds is not None and not seconds > 0:
        raise SettingError(f"seconds={seconds} must be more than 0; leave it out to let it take its time")
    if not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed} must be from 0 to 2**64 - 1")
