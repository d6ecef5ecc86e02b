"""What the list shows: the programs of the store, what of them was explored, and their failures with small curves."""

from collections.abc import Iterable
from dataclasses import dataclass

from crossroads.analysis.results import Account, Failure
from crossroads.analysis.sources import StorePath, failure_from_row, load_failure, open_store
from crossroads.faces.page.words import place_of, short
from crossroads.faces.terminal.failure import how_often
from crossroads.faces.terminal.words import title
from crossroads.store.rows import ExplorationRow

SMALL_WIDE, SMALL_HIGH = 120, 28
SMALL_POINTS_MAX = 120

BUDGETS = (15_000, 60_000, 250_000, 1_000_000)
"""Futures to explain a failure with: as usual, and if that doesn't tell enough."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A failure in the list.

    Args:
        id, title, where, how_often, found: as texts.
        curve: points of an SVG line in a box of 120 by 28, "" where it wasn't explained.
        saved: what would have saved it, "" where that isn't known.
    """

    id: str
    title: str
    where: str
    how_often: str
    found: str
    curve: str
    saved: str


@dataclass(frozen=True, slots=True)
class Program:
    """A target with all its explorations, other seeds and earlier code included.

    Args:
        target: as it is typed; `shown` is fit for a page.
        futures: lived in all.
        passed: of these.
        explorations: how many.
        entries: its failures, newest first.
        seed, faults, cancel: of its newest exploration, which can be gone on with; cancel: the coroutine that was swept, "" for none.
        known: futures of that one.
    """

    target: str
    shown: str
    futures: int
    passed: int
    explorations: int
    entries: tuple[Entry, ...]
    seed: int
    faults: tuple[str, ...]
    cancel: str
    known: int


def programs(path: StorePath) -> list[Program]:
    """All that the store knows, the newest program first."""
    with open_store(path) as store:
        explored = store.explorations()
        found = [(row.target, row.found_at, failure_from_row(store, row)) for row in store.failures()]
    programs: dict[str, list[ExplorationRow]] = {}
    for row in explored:
        programs.setdefault(row.key.target, []).append(row)
    return [
        Program(
            target,
            short(target),
            sum(row.futures for row in rows),
            sum(row.counts.get("passed", 0) for row in rows),
            len(rows),
            tuple(_entry(failure, at) for name, at, failure in found if name == target),
            rows[0].key.seed,
            rows[0].key.world.faults,
            rows[0].key.world.cancel,
            rows[0].futures,
        )
        for target, rows in programs.items()
    ]


def failure_of(path: StorePath, failure_id: str) -> Failure:
    """The failure with this id.

    Raises:
        StoreError: there is none.
    """
    with open_store(path) as store:
        return load_failure(store, failure_id)


def next_budget(failure: Failure) -> int:
    """Futures to explain it with next: as usual, or more than last time."""
    spent = failure.account.budget or BUDGETS[0] if failure.account is not None else 0
    return next((budget for budget in BUDGETS if budget > spent), BUDGETS[-1])


def small_curve(account: Account) -> str:
    """The curve as points of an SVG line."""
    curve = account.curve[:: max(1, len(account.curve) // SMALL_POINTS_MAX)]
    curve = (*curve, account.curve[-1]) if account.curve else ()
    return _line((point.point, point.failure.value) for point in curve)


def _line(points: Iterable[tuple[int, float]]) -> str:
    known = list(points)
    last = max((point for point, _ in known), default=0) or 1
    return " ".join(f"{SMALL_WIDE * point / last:.1f},{1 + (SMALL_HIGH - 2) * (1 - q):.1f}" for point, q in known)


def _entry(failure: Failure, found_at: str) -> Entry:
    account = failure.account
    out = account.last_way_out if account is not None else None
    return Entry(
        failure.id,
        short(title(failure.outcome)),
        place_of(failure.outcome.where),
        how_often(failure),
        short(found_at.replace("T", " ")[:16]),
        "" if account is None else small_curve(account),
        "" if out is None else short(f"at point {out.point:,}: {out.option}" if out.option else f"up to point {out.point:,}"),
    )
