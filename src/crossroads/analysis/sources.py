"""Where an analysis gets what it works on: the store, a failure in it, a timeline's file, a runner for its program."""

import os
import sys
from pathlib import Path

from crossroads.analysis.report import account_from_data, shrunk_from_data
from crossroads.analysis.results import Account, Failure, Shrunk
from crossroads.analysis.verdict import VERDICT, Verdict, verdict_from_data
from crossroads.errors import StoreError, TimelineError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.stats.sequences import estimate
from crossroads.store.places import default_path
from crossroads.store.rows import FailureRow
from crossroads.store.store import Store
from crossroads.timeline.formats import TEXT_BYTES_MAX, loads
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline
from crossroads.worlds.targets import parse_target

COUNTED = "counted"
"""Name under which the store keeps in how many of how many futures it failed, where the exploration itself was forgotten."""

SHRUNK = "shrunk"
"""Name under which the store keeps the shortest way to a failure."""

StorePath = str | os.PathLike[str] | None

UNKNOWN_KINDS = ("hung", "diverged")
"""Endings that say nothing about whether the run would have failed otherwise."""


def open_store(path: StorePath) -> Store:
    """The store at a path; None: the project's own."""
    return Store(default_path() if path is None else Path(path))


def load_failure(store: Store, failure_id: str) -> Failure:
    """The failure with this id, or the one whose id begins so.

    Raises:
        StoreError: there is none, or there are several.
    """
    return failure_from_row(store, store.failure(failure_id))


def failure_from_row(store: Store, row: FailureRow) -> Failure:
    """A failure as the store keeps it, with its probability among all futures of its exploration."""
    outcome = row.timeline.outcome
    if outcome is None:
        raise StoreError(f"failure {row.id} in {store.path} has a timeline without an outcome; explore again with --fresh")
    failed, futures = _counted(store, row, outcome)
    return Failure(
        row.id,
        outcome,
        failed,
        estimate(failed, futures),
        row.timeline,
        row.output,
        _account(row),
        _shrunk(row),
        _verdict(row),
    )


def _counted(store: Store, row: FailureRow, outcome: Outcome) -> tuple[int, int]:
    """(failed, futures) of its exploration."""
    piece = row.pieces.get(COUNTED, {})
    failed, futures = piece.get("failed"), piece.get("futures")
    if isinstance(failed, int) and isinstance(futures, int) and 0 <= failed <= futures:
        return failed, futures
    explored = store.exploration(row.key)
    return row.count, known_futures(explored.counts if explored is not None else {}, outcome)


def known_futures(counts: dict[str, int], outcome: Outcome) -> int:
    """Futures of which it is known whether they end in this failure: all but those that hung or diverged, unless it is one of them."""
    return sum(count for kind, count in counts.items() if kind not in UNKNOWN_KINDS or kind == outcome.kind)


def _account(row: FailureRow) -> Account | None:
    return None if row.account is None else account_from_data(row.account)


def _shrunk(row: FailureRow) -> Shrunk | None:
    piece = row.pieces.get(SHRUNK)
    return None if piece is None else shrunk_from_data(piece)


def _verdict(row: FailureRow) -> Verdict | None:
    piece = row.pieces.get(VERDICT)
    return None if piece is None else verdict_from_data(piece)


def load_timeline(path: Path) -> Timeline:
    """A timeline from a file.

    Raises:
        TimelineError: it can't be read, or isn't one.
    """
    try:
        with path.open("rb") as file:
            return loads(file.read(TEXT_BYTES_MAX + 1))
    except OSError as error:
        raise TimelineError(f"timeline {str(path)!r} can't be read: {error.strerror}; export it again or check the path") from None


def runner_for(
    timeline: Timeline, *, engine: EngineName | None = None, jobs: int | None = None, limits: Limits | None = None
) -> LocalRunner:
    """A runner for the program of a timeline, in its world.

    Raises:
        TargetError: there is no such program here.
    """
    return LocalRunner(parse_target(timeline.target), timeline.world, engine=engine, jobs=jobs, limits=limits)


def python_tag() -> str:
    """The version of this interpreter as far as it matters to a timeline: "3.13"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
