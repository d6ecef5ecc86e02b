"""What the store keeps, as the values that reports are made from."""

import shlex
from dataclasses import replace

from crossroads.analysis.report import account_from_data, shrunk_from_data
from crossroads.analysis.results import Shrunk
from crossroads.analysis.sources import SHRUNK, StorePath, failure_from_row
from crossroads.errors import StoreError, TargetError
from crossroads.faces.terminal.listing import Kept
from crossroads.store.rows import FailureRow
from crossroads.store.store import Store
from crossroads.timeline.timelines import Timeline
from crossroads.worlds.targets import code_digest, parse_target

CHANGED = "the program has changed since this was found, and the lines shown are those of today"


def store_options(path: StorePath) -> str:
    """What a command has to be told so that it uses the same store."""
    return "" if path is None else f"--store {shlex.quote(str(path))}"


def stored_notes(timeline: Timeline) -> tuple[str, ...]:
    """What the reader of a report from the store has to know beside it."""
    try:
        now = code_digest(parse_target(timeline.target))
    except TargetError:
        return ()
    return (CHANGED,) if "" != now != timeline.code != "" else ()


def kept_failures(kept: Store) -> list[Kept]:
    """All failures of the store, the newest first."""
    return [
        Kept(
            id=row.id,
            outcome=failure.outcome,
            target=row.target,
            count=row.count,
            futures=failure.probability.futures if row.count else 0,
            found_at=row.found_at,
            explained=row.account is not None,
        )
        for row in kept.failures()
        for failure in (failure_from_row(kept, replace(row, account=None)),)
    ]


def chosen(row: FailureRow, *, shrunk: bool, survivor: bool) -> Timeline:
    """The run of a failure that is meant: the one that was found, its survivor, the shortest way there, or the survivor of that.

    Raises:
        StoreError: there is no such run yet.
    """
    if not shrunk:
        return saved(row) if survivor else row.timeline
    found = shortest(row)
    if not survivor:
        return found.timeline
    if found.survivor is None:
        raise StoreError(f"no run that ends well was found beside the shortest way to failure {row.id}; leave --shrunk out for another")
    return found.survivor


def shortest(row: FailureRow) -> Shrunk:
    """The shortest way to a failure.

    Raises:
        StoreError: it wasn't looked for.
    """
    piece = row.pieces.get(SHRUNK)
    if piece is None:
        raise StoreError(f'the shortest way to failure {row.id} isn\'t known yet; find it with "crossroads shrink {row.id}" first')
    return shrunk_from_data(piece)


def saved(row: FailureRow) -> Timeline:
    """The run that took the last way out.

    Raises:
        StoreError: the failure wasn't explained, or no way out was found.
    """
    if row.account is None:
        raise StoreError(f'failure {row.id} has no survivor yet; explain it with "crossroads explain {row.id}" first')
    way_out = account_from_data(row.account).last_way_out
    if way_out is None:
        raise StoreError(
            f'failure {row.id} has no survivor, since no way out was found; "crossroads explain {row.id} --budget N" may find one'
        )
    return way_out.survivor
