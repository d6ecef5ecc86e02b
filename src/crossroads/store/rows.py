"""What the store gives out, and the check of what it holds: a store's file is data from elsewhere, like a timeline."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crossroads.errors import TimelineError
from crossroads.store.faults import DamagedError
from crossroads.store.keys import ExplorationKey
from crossroads.timeline import formats
from crossroads.timeline.timelines import Timeline


@dataclass(frozen=True, slots=True)
class ExplorationRow:
    """How far an exploration has come.

    Args:
        key: what names it.
        futures: how many futures have ended, in finished blocks.
        counts: of these, futures per outcome kind; kinds that never occurred are absent.
        blocks: indexes of the finished blocks, ascending; not necessarily from 0 and without gaps.
        started_at: UTC, ISO 8601.
    """

    key: ExplorationKey
    futures: int
    counts: dict[str, int]
    blocks: tuple[int, ...]
    started_at: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One failure of one exploration.

    Args:
        id: 8 hexadecimal digits.
        key: the exploration that it was found in.
        timeline: the example that is kept, lived.
        count: how many futures of finished blocks ended so; 0 while the block of the only example isn't finished.
        output: what the example printed.
        block_index: the block of the example.
        future_index: index of the example among the exploration's futures.
        found_at: UTC, ISO 8601; of the first finding.
        account: as it was given to `save_account`, None before.
        pieces: by name, as they were given to `save_piece`.
    """

    id: str
    key: ExplorationKey
    timeline: Timeline
    count: int
    output: str
    block_index: int
    future_index: int
    found_at: str
    account: dict[str, Any] | None = None
    pieces: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The target of its exploration."""
        return self.key.target

    @property
    def seed(self) -> int:
        """The seed of its exploration; the example's own seeds are in its timeline."""
        return self.key.seed


def failure_row(values: tuple[Any, ...], pieces: Sequence[tuple[Any, Any]] = ()) -> FailureRow:
    """A failure, with its pieces (name, data), from id, key, timeline, count, output, block_index, future_index, found_at,
    account; raises `DamagedError`."""
    identifier, key, timeline, count, output, block_index, future_index, found_at, account = values
    name = f"failure {text(identifier, 'id')}"
    return FailureRow(
        id=identifier,
        key=exploration_key(key),
        timeline=_timeline(timeline, name),
        count=whole(count, f"{name}: count"),
        output=text(output, f"{name}: output"),
        block_index=whole(block_index, f"{name}: block_index"),
        future_index=whole(future_index, f"{name}: future_index"),
        found_at=text(found_at, f"{name}: found_at"),
        account=None if account is None else json_object(account, f"{name}: account"),
        pieces={text(piece, f"{name}: piece"): json_object(data, f"{name}: {piece}") for piece, data in pieces},
    )


def exploration_key(value: object) -> ExplorationKey:
    """The key in a `key` column."""
    key = text(value, "key of an exploration")
    try:
        return ExplorationKey.from_text(key)
    except (ValueError, RecursionError):
        raise DamagedError("key of an exploration isn't valid") from None


def outcome_counts(value: object) -> dict[str, int]:
    """The counts in a `counts` column."""
    return {kind: whole(count, "counts") for kind, count in json_object(value, "counts").items()}


def json_object(value: object, what: str) -> dict[str, Any]:
    """A JSON object in a column of texts."""
    found = text(value, what)
    try:
        data = json.loads(found)
    except (ValueError, RecursionError):
        raise DamagedError(f"{what} isn't JSON") from None
    if not isinstance(data, dict):
        raise DamagedError(f"{what} isn't a JSON object")
    return data


def text(value: object, what: str) -> str:
    """A text in a column of texts: SQLite's columns hold values of any type."""
    if not isinstance(value, str):
        raise DamagedError(f"{what} isn't a text")
    return value


def whole(value: object, what: str) -> int:
    """A number of at least 0 in a column of numbers."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DamagedError(f"{what} isn't a number of at least 0")
    return value


def _timeline(value: object, name: str) -> Timeline:
    found = text(value, f"{name}: timeline")
    try:
        return formats.loads(found)
    except TimelineError as error:
        raise DamagedError(f"{name}: {str(error).partition(';')[0]}") from None
