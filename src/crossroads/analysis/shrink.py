"""Shrink a failing run: the fewest choices over a calm run that still fail the same way, and the nearest run that is saved.

The search is in `shortening`; here its result is lived again until it is certain, told in steps, and kept. Where no choice is to blame,
as in a program that draws for itself, the result says so, and is the shortest failing run of some.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from crossroads.analysis.explain import trace_path
from crossroads.analysis.inquiry import BudgetSpent
from crossroads.analysis.last_words import last_words
from crossroads.analysis.lives import witness
from crossroads.analysis.neighbours import BATCH, NEIGHBOURS_MAX, Change, is_saved, nearest_survivor, other_options
from crossroads.analysis.path import Path, Paths
from crossroads.analysis.progress import OnProgress
from crossroads.analysis.report import shrunk_to_data
from crossroads.analysis.results import Account, Failure, Shrunk, ShrunkStep
from crossroads.analysis.shortening import Shortening
from crossroads.analysis.sources import SHRUNK, StorePath, load_failure, open_store, runner_for
from crossroads.analysis.trials import Candidate, Trials, calm_option, named_override, uncalm
from crossroads.errors import DivergedError, SettingError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import TRACE_MAX
from crossroads.timeline.keys import derive
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Override, Timeline

FUTURES: Final = 1_500
"""Futures that shrinking may cost by default; most failures cost some tens or hundreds."""

REPRODUCED, REPRODUCED_LEAST = 10, 3
"""How many more times the result is lived, and where futures are dear: then in pristine processes alone."""

SEEDS, SEEDS_LEAST = 8, 2
"""Other seeds with which the result is lived, to see whether it depends on them."""

UNFINISHED: Final = 'futures or time ran short before all was tried; "crossroads shrink ID" takes more'

ALONE: Final = "no run that ends well was found beside it"

WALL_LIMIT: Final = "wall limit"
"""What ended a run that is only known to hang; to wait for it once more in the foreground tells nothing."""

NEIGHBOURS_LEAST: Final = 8
"""Runs tried for a survivor where futures are dear."""

DRAWN_MAX: Final = 100
"""Futures in which a shorter failing run is looked for, where draws alone decide."""


def shrink(
    failure: Failure | str,
    *,
    budget: int = FUTURES,
    seconds: float | None = None,
    seed: int = 0,
    store: StorePath = None,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    paths: Paths | None = None,
    on_progress: OnProgress | None = None,
) -> Shrunk:
    """The shortest way to a failure: a calm run with the fewest choices overridden that fails the same way.

    Args:
        failure: one that `explore` found, or its id in the store; the result is kept there. An account makes the search shorter.
        budget: futures that the search may cost, at least 50; some tens more make sure of its result.
        seconds: wall time that the search may take, more than 0; None: any.
        seed: of what the search itself draws; the same seed gives the same result.
        store: path of the store; None: the project's.
        engine, jobs, limits: as for `explore`.
        paths: as for `explain`.
        on_progress: called as it goes on.

    Raises:
        SettingError: a setting is out of range.
        StoreError: there is no such failure, or the store can't be used.
        DivergedError: the failing run isn't the same any more, or its shortest way isn't the same each time.
        TargetError, EngineError: the program can't be run.
    """
    check_settings(budget, seed, seconds)
    with open_store(store) as kept:
        found = load_failure(kept, failure) if isinstance(failure, str) else failure
        with runner_for(found.timeline, engine=engine, jobs=jobs, limits=limits) as runner:
            shrunk = shrink_timeline(
                runner, found.timeline, found.account, budget=budget, seconds=seconds, seed=seed, paths=paths, on_progress=on_progress
            )
        if any(row.id == found.id for row in kept.failures()):
            kept.save_piece(found.id, SHRUNK, shrunk_to_data(shrunk))
    return shrunk


def check_settings(budget: int, seed: int, seconds: float | None) -> None:
    """Raise SettingError unless they are in range."""
    if budget < 50:
        raise SettingError(f"budget={budget} must be at least 50 futures; {FUTURES:,} is the usual number")
    if not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed} must be from 0 to 2**64 - 1")
    if seconds is not None and not seconds > 0:
        raise SettingError(f"seconds={seconds} must be more than 0; leave it out to let the search take its time")


def shrink_timeline(
    runner: LocalRunner,
    failing: Timeline,
    account: Account | None,
    *,
    budget: int = FUTURES,
    seconds: float | None = None,
    seed: int = 0,
    paths: Paths | None = None,
    on_progress: OnProgress | None = None,
) -> Shrunk:
    """The shortest way to the end of one failing timeline.

    Args:
        runner: where candidates are lived.
        failing: a timeline with its outcome, a failure.
        account: of it; None: none is known.
        budget, seconds, seed, paths, on_progress: as for `shrink`.

    Raises:
        DivergedError: lived again, it or the result is another run.
    """
    began = time.monotonic()
    is_known = paths is not None and failing.digest in paths
    path = trace_path(runner, failing, paths)
    trials = Trials(runner, failing, budget=budget, seconds=seconds, on_progress=on_progress)
    trials.spent += not is_known
    if not path.is_known(0):
        path = Path(path.end, last_words(trials, failing))
    search = Shortening(trials, path, account, seed)
    search.run()
    trials.stage, trials.is_closing = "making sure of it", True
    shrunk = _plain(trials) if search.best is None else _calm(trials, search.best, seed)
    notes = shrunk.notes if search.is_finished else (*shrunk.notes, UNFINISHED)
    return replace(shrunk, minimal=search.is_minimal, futures=trials.spent, seconds=round(time.monotonic() - began, 3), notes=notes)


def _plain(trials: Trials) -> Shrunk:
    """The failing run itself, as no calm run is known that fails like it."""
    failing = trials.failing
    note = f"no calm run is known that fails this way: what happens comes from the draws of seed {failing.epochs[0].seed}"
    return Shrunk(failing, failing, (), False, True, _reproduced(trials, failing, failing), notes=(note,))


def _calm(trials: Trials, best: Candidate, seed: int) -> Shrunk:
    """A calm run with the overrides that were found, lived again and told."""
    others = [_reseeded(best, derive(seed, "seeds", number)) for number in range(trials.affordable(SEEDS, SEEDS_LEAST))]
    runs = trials.live([trials.timeline(other) for other in others])
    seeded = not all(trials.is_this(run.outcome) for run in runs)
    if seeded and not best.named:
        best = _shortest(trials, best, seed)
    run, points = trials.trace(best)
    wanted = {(one.name, one.occurrence) for one in best.named}
    steps = [point for point in uncalm(points) if (point.name, point.occurrence) in wanted]
    if len(points) < TRACE_MAX:
        # What the rest of them say is what happens without them.
        best = replace(best, named=tuple(named_override(point, point.taken or 0) for point in steps))
    named = replace(run.timeline, named=best.named)
    timeline = _by_points(named, steps) if len(steps) == len(best.named) else named
    shrunk = Shrunk(
        timeline=timeline,
        named=named,
        steps=tuple(_step(point) for point in steps),
        minimal=False,
        seeded=seeded,
        reproduced=_reproduced(trials, named, timeline),
        notes=_asides(best, seeded),
    )
    saved = next((run.timeline for run in runs if is_saved(run.outcome)), None)
    return _beside_survivor(trials, best, points, steps, replace(shrunk, survivor=saved))


def _shortest(trials: Trials, best: Candidate, seed: int) -> Candidate:
    """The same with the seed whose run fails in the fewest points, of some seeds: there draws decide, and they can't be left out."""
    others = [_reseeded(best, derive(seed, "drawn", number)) for number in range(min(trials.left, DRAWN_MAX))]
    trials.is_closing = False
    try:
        runs = trials.live([trials.timeline(candidate) for candidate in (best, *others)])
    except BudgetSpent:
        return best
    finally:
        trials.is_closing = True
    lengths = [run.timeline.points if trials.is_this(run.outcome) else float("inf") for run in runs]
    return (best, *others)[lengths.index(min(lengths))]


def _reproduced(trials: Trials, named: Timeline, timeline: Timeline) -> int:
    """How many more times it was lived: in the engine by name and by point, in pristine processes, and replayed in a new one.

    Raises:
        DivergedError: not all of them are the same run.
    """
    count = trials.affordable(REPRODUCED, REPRODUCED_LEAST)
    if count > REPRODUCED_LEAST:
        runs = trials.live([named, timeline] * (count // 2 - 1)) + trials.live([timeline], pristine=True)
    else:
        runs = trials.live([named, timeline], pristine=True)
    lives = [run.timeline for run in runs]
    assert timeline.outcome is not None
    if timeline.outcome.exception != WALL_LIMIT:
        lives.append(witness(timeline, ()).timeline)
        trials.spent += 1
    same = sum(_is_same(life, timeline) for life in lives)
    if same < len(lives):
        raise DivergedError(
            f"the shortest way to this failure isn't the same run each time, only in {same} of {len(lives)} lives;"
            ' see "crossroads replay ID" for what differs in the failing run itself'
        )
    return same


def _is_same(life: Timeline, timeline: Timeline) -> bool:
    assert life.outcome is not None
    assert timeline.outcome is not None
    return life.digest == timeline.digest and life.outcome.origin == timeline.outcome.origin


def _beside_survivor(trials: Trials, best: Candidate, points: Sequence[Point], steps: Sequence[Point], shrunk: Shrunk) -> Shrunk:
    """With the nearest survivor: of one step less, or with another option there; where a calm run fails, with any other option."""
    changes = [Change(trials.timeline(_changed(best, point, None)), point, calm_option(point)) for point in reversed(steps)]
    others = other_options(steps or points)
    changes += [Change(trials.timeline(_changed(best, *other)), *other) for other in others if other[1] != calm_option(other[0])]
    tried, batch = trials.affordable(NEIGHBOURS_MAX, NEIGHBOURS_LEAST), trials.affordable(BATCH, NEIGHBOURS_LEAST // 2)
    near = nearest_survivor(lambda timelines, traced: trials.live(timelines, traced=traced), changes[:tried], points, batch)
    if near is None:
        return shrunk if shrunk.survivor is not None else replace(shrunk, notes=(*shrunk.notes, ALONE))
    return replace(shrunk, survivor=near.timeline, differs=_step(near.point), saving=near.point.options[near.option])


def _changed(best: Candidate, point: Point, option: int | None) -> Candidate:
    """It with another option at a choice; None: the calm one."""
    others = tuple(one for one in best.named if (one.name, one.occurrence) != (point.name, point.occurrence))
    return replace(best, named=others if option is None else (*others, named_override(point, option)))


def _by_points(named: Timeline, steps: Sequence[Point]) -> Timeline:
    return replace(named, named=(), overrides=tuple(Override(point.index, point.taken or 0) for point in steps))


def _step(point: Point) -> ShrunkStep:
    taken = point.options[point.taken or 0]
    calm = point.options[calm_option(point)]
    return ShrunkStep(point.index, point.kind, point.label, point.where, point.time, point.name, point.occurrence, taken, calm)


def _reseeded(candidate: Candidate, seed: int) -> Candidate:
    return replace(candidate, epochs=(replace(candidate.epochs[0], seed=seed), *candidate.epochs[1:]))


def _asides(best: Candidate, seeded: bool) -> tuple[str, ...]:
    seed = best.epochs[0].seed
    if not best.is_calm:
        return (f"what is drawn beside the choices, as latencies, comes from seed {seed}; calm runs weren't found to fail this way",)
    if not seeded:
        return ()
    if not best.named:
        return (f"it depends on what the program draws itself: seed {seed}",)
    return (f"it also depends on what the program draws itself: seed {seed}",)
