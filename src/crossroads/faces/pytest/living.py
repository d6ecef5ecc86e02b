"""One test's futures: explored, and the most frequent failure explained, within the time that there is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from crossroads.analysis.explain import BUDGET, explain
from crossroads.analysis.explore import explore
from crossroads.analysis.path import Paths
from crossroads.analysis.progress import Progress
from crossroads.analysis.results import Exploration, Failure
from crossroads.analysis.shrink import shrink
from crossroads.analysis.sources import COUNTED, failure_from_row, open_store
from crossroads.analysis.sweep import sweep_cancel
from crossroads.errors import CrossroadsError, EngineError, InternalError
from crossroads.faces.cli.run import ENOUGH_S, EXPLAINING_S, SHRINKING_LEAST_S, SHRINKING_SHARE
from crossroads.faces.pytest.budget import EXPLORING_SHARE
from crossroads.faces.pytest.settings import FUTURES, Asked
from crossroads.snapshots.limits import Limits

FUTURES_IN_TIME: Final = 1_000_000
"""Where time is the limit, no more than these."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The time for one test.

    Args:
        explore_s: seconds for it all, where it doesn't fail; None: any.
        explain_s: told when a failure was found, seconds to explain it.
    """

    explore_s: float | None
    explain_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where futures are lived and kept.

    Args:
        store: path; None: the project's own.
        jobs: futures at a time; None: one for each core.
    """

    store: Path | None = None
    jobs: int | None = None


def allowed_for(asked: Asked, share_s: float | None, explaining_s: Callable[[], float]) -> Allowed:
    """The time for one test: its own budget, or its share of the whole, or none."""
    if asked.budget_s is not None:
        end = time.monotonic() + asked.budget_s
        return Allowed(asked.budget_s, lambda: max(1.0, end - time.monotonic()))
    if share_s is not None:
        return Allowed(share_s, lambda: min(EXPLAINING_S, explaining_s()))
    return Allowed(None, lambda: EXPLAINING_S)


def live(target: str, asked: Asked, allowed: Allowed, place: Place) -> Exploration:
    """Live the futures of a test, and explain its most frequent failure.

    Args:
        target: its node id, as it is from the working directory.
        asked: futures, seed, faults, limits.
        allowed: the time.
        place: where.

    Raises:
        KeyboardInterrupt: the user has stopped it; what was found until then is in the store.
        CrossroadsError: it can't be run, as a program.
    """
    shared: dict[str, Any] = {"seed": asked.seed, **shared_by(asked, place)}
    began = time.monotonic()
    paths: Paths = {}
    exploration = _explored(target, asked, allowed, shared, paths)
    if not exploration.failures:
        return exploration
    first, *others = exploration.failures
    if fails_always(exploration) or not_simulated(exploration):
        return exploration
    if first.outcome.exception == "wall limit":
        return _noted(exploration, 'it wasn\'t explained, as each of its futures takes the wall limit; "crossroads explain ID" does it')
    try:
        shared["paths"] = paths
        explained = _explained(first, allowed.explain_s(), shared)
        shrinking_s = min(max(SHRINKING_LEAST_S, SHRINKING_SHARE * (time.monotonic() - began)), allowed.explain_s())
        explained = _shortened(explained, shrinking_s, shared)
    except CrossroadsError as error:
        if isinstance(error, EngineError | InternalError):
            raise
        return _noted(exploration, f"it could not be explained: {error}")
    return replace(exploration, failures=(explained, *others))


def shared_by(asked: Asked, place: Place) -> dict[str, Any]:
    """Where futures are lived, as all that lives them is told it."""
    return {"store": place.store, "jobs": place.jobs, "limits": Limits(wall_s=asked.wall_s)}


def fails_always(exploration: Exploration) -> bool:
    """Whether every future ends in the same failure: then chance has no part in it as far as was seen, and nothing is to be explained."""
    failures = exploration.failures
    return len(failures) == 1 and failures[0].count == exploration.explored.futures


def not_simulated(exploration: Exploration) -> str:
    """Why what was lived says nothing of the test: it asks for what the world doesn't have; "" where it doesn't."""
    for failure in exploration.failures:
        end = failure.outcome
        if end.exception.rpartition(".")[2] == "NotSimulated":
            return end.message
    return ""


def hangs_always(exploration: Exploration) -> str:
    """Why a test of which all futures hung may be no hanging one; "" where some didn't."""
    if not fails_always(exploration) or exploration.failures[0].outcome.exception != "wall limit":
        return ""
    return "all of its futures hung, so either it waits for ever, or for what isn't simulated, such as a thread"


def _explored(target: str, asked: Asked, allowed: Allowed, shared: dict[str, Any], paths: Paths) -> Exploration:
    """Anew each time: what the test depends on may have changed, though its file is as it was."""
    watch = _Watch(allowed.explore_s)
    futures = asked.futures or (FUTURES if allowed.explore_s is None else FUTURES_IN_TIME)
    more: dict[str, Any] = {"faults": asked.faults, "on_progress": watch.look, **shared}
    if asked.steps is not None:
        more["steps"] = asked.steps
    with nothing_lost(target, shared["store"]):
        if asked.cancel is not None:
            found = sweep_cancel(target, cancel=asked.cancel, futures=futures, **more).exploration
        else:
            enough_s = ENOUGH_S if asked.futures is None else None
            found = explore(target, futures=futures, fresh=True, enough_s=enough_s, paths=paths, **more)
    if not found.complete and not watch.is_over:
        raise KeyboardInterrupt
    return replace(found, complete=True)


@contextmanager
def nothing_lost(target: str, store: Path | None) -> Iterator[None]:
    """Failures of a target that aren't found again within stay in the store: whoever has their ids may still ask for them."""
    with open_store(store) as kept:
        before = [(row, failure_from_row(kept, row).probability) for row in kept.failures() if row.target == target]
    try:
        yield
    finally:
        with open_store(store) as kept:
            known = {row.id for row in kept.failures()}
            for row, counted in before:
                if row.id not in known:
                    kept.add_failure(row.key, row.id, row.timeline, row.output, row.block_index, row.future_index)
                    if row.account is not None:
                        kept.save_account(row.id, row.account)
                    pieces = {COUNTED: {"failed": counted.failed, "futures": counted.futures}, **row.pieces}
                    for name, piece in pieces.items():
                        kept.save_piece(row.id, name, piece)


def _explained(failure: Failure, seconds: float, shared: dict[str, Any]) -> Failure:
    account = explain(failure, budget=BUDGET, seconds=seconds, **shared)
    if account.ended == "interrupted":
        raise KeyboardInterrupt
    return replace(failure, account=account)


def _shortened(failure: Failure, seconds: float, shared: dict[str, Any]) -> Failure:
    try:
        return replace(failure, shrunk=shrink(failure, seconds=seconds, **shared))
    except (EngineError, InternalError):
        raise
    except CrossroadsError:
        return failure


def _noted(exploration: Exploration, note: str) -> Exploration:
    return replace(exploration, notes=(*exploration.notes, note))


class _Watch:
    """Ends exploring when its time is up, as Ctrl-C would: what is known by then is the result."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds, self._began = seconds, time.monotonic()
        self.is_over = False

    def look(self, progress: Progress) -> None:
        if self._seconds is None:
            return
        share = EXPLORING_SHARE if progress.found else 1.0
        if time.monotonic() - self._began >= share * self._seconds and progress.done < progress.total:
            self.is_over = True
            raise KeyboardInterrupt
