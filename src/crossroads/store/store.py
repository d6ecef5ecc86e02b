"""The store of a project: what was explored and what failed, kept from the moment it was found.

An exploration runs its futures in blocks. A finished block is recorded once, with its counts; a failure is added when it is seen, before
its block is finished. Killed in between, the next start runs the blocks that aren't there and finds the same failures again. Several
processes may use a store at the same time.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from crossroads.errors import StoreError
from crossroads.store.connection import BUSY_TIMEOUT_S, Connection
from crossroads.store.faults import DamagedError
from crossroads.store.keys import ID_DIGITS, ExplorationKey, failure_id
from crossroads.store.rows import ExplorationRow, FailureRow, exploration_key, failure_row, outcome_counts, text, whole
from crossroads.timeline import formats
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

OUTPUT_CHARS_MAX: Final = 1_000_000
"""Of a failure's output at most so many characters are kept, the last ones, where programs say what went wrong."""

PREFIX_DIGITS_MIN: Final = 3
"""Digits of a failure's id that must be given, at least."""

_NAMED_IDS_MAX = 10  # of an ambiguous prefix, in a message

_SELECT_FAILURES = """
    SELECT failures.id, explorations.key, failures.timeline,
        (SELECT coalesce(sum(count), 0) FROM block_failures
            WHERE block_failures.exploration = failures.exploration AND block_failures.failure = failures.id),
        failures.output, failures.block_index, failures.future_index, failures.found_at, failures.account
    FROM failures JOIN explorations ON explorations.number = failures.exploration
"""


class Store:
    """What is known about a project's explorations, in one SQLite file; a context manager that closes it.

    Args:
        path: the file, made with its directories where it isn't there; `places.default_path()` is the usual one.
        busy_timeout_s: seconds of wall time to wait for other processes, 0 <= busy_timeout_s.

    Raises:
        StoreError: the file can't be opened, written or understood; then it was left as it is. Each method raises it as well.

    Example:
        >>> with Store(default_path()) as store:  # doctest: +SKIP
        ...     newest = store.failures()[0]
    """

    def __init__(self, path: Path | str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._connection = Connection(Path(path), busy_timeout_s)

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._connection.path

    def close(self) -> None:
        """Give the file up; closing twice is no harm."""
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def exploration(self, key: ExplorationKey) -> ExplorationRow | None:
        """How far the exploration with this key has come; None where nothing is known of it."""

        def work(sqlite: sqlite3.Connection) -> ExplorationRow | None:
            row = sqlite.execute("SELECT started_at FROM explorations WHERE key = ?", (key.to_text(),)).fetchone()
            if row is None:
                return None
            blocks = _blocks(sqlite, key)
            totals: dict[str, int] = {}
            for _, counts in blocks.values():
                for kind, count in counts.items():
                    totals[kind] = totals.get(kind, 0) + count
            return ExplorationRow(key, sum(futures for futures, _ in blocks.values()), totals, tuple(blocks), text(row[0], "started_at"))

        return self._connection.read(work)

    def explorations(self) -> list[ExplorationRow]:
        """All explorations, the newest first."""

        def keys(sqlite: sqlite3.Connection) -> list[ExplorationKey]:
            return [exploration_key(row[0]) for row in sqlite.execute("SELECT key FROM explorations ORDER BY number DESC")]

        rows = [self.exploration(key) for key in self._connection.read(keys)]
        return [row for row in rows if row is not None]

    def done_blocks(self, key: ExplorationKey) -> dict[int, tuple[int, dict[str, int]]]:
        """The finished blocks of an exploration.

        Returns:
            By block index, ascending: how many futures it had, and futures per outcome kind as recorded.
        """
        return self._connection.read(lambda sqlite: _blocks(sqlite, key))

    def record_block(
        self,
        key: ExplorationKey,
        block_index: int,
        futures: int,
        counts: Mapping[str, int],
        failure_counts: Mapping[str, int] | None = None,
    ) -> bool:
        """Add a finished block, once: recording it again changes nothing.

        Args:
            key: the exploration's.
            block_index: 0 <= block_index < 2**63.
            futures: how many futures it had, 0 <= futures < 2**63.
            counts: futures per outcome kind.
            failure_counts: futures per failure id; the failures themselves come by `add_failure`, before or after.

        Returns:
            Whether it was new.
        """
        assert min(block_index, futures, *counts.values(), *(failure_counts or {}).values()) >= 0
        counts_text = json.dumps(dict(counts), separators=(",", ":"))

        def work(sqlite: sqlite3.Connection) -> bool:
            number = _exploration_number(sqlite, key)
            added = sqlite.execute(
                "INSERT INTO blocks (exploration, block_index, futures, counts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (number, block_index, futures, counts_text),
            )
            if added.rowcount == 0:
                return False
            sqlite.executemany(
                "INSERT INTO block_failures (exploration, failure, block_index, count) VALUES (?, ?, ?, ?)",
                [(number, failure_id, block_index, count) for failure_id, count in (failure_counts or {}).items()],
            )
            return True

        return self._connection.write(work)

    def forget(self, key: ExplorationKey) -> None:
        """Remove the exploration with exactly this key: its blocks, its failures, their accounts and pieces."""
        self._connection.write(lambda sqlite: sqlite.execute("DELETE FROM explorations WHERE key = ?", (key.to_text(),)))

    def id_for(self, key: ExplorationKey, outcome: Outcome) -> str:
        """The id of a failure of this exploration: the one that it has in any surroundings, unless that is another exploration's."""

        def owner(sqlite: sqlite3.Connection) -> str | None:
            found = sqlite.execute(
                "SELECT key FROM explorations JOIN failures ON failures.exploration = explorations.number WHERE id = ?", (usual,)
            ).fetchone()
            return None if found is None else text(found[0], "key")

        usual = failure_id(replace(key, surroundings=""), outcome)
        return usual if self._connection.read(owner) in (None, key.to_text()) else failure_id(key, outcome)

    def add_failure(
        self, key: ExplorationKey, failure_id: str, timeline: Timeline, output: str, block_index: int, future_index: int
    ) -> None:
        """Keep an example of a failure; on return it is on disk.

        Of several examples the one with the lowest `future_index` is kept, so that the result doesn't depend on which worker was first;
        but once there is an account, the example that it explains stays.

        Args:
            key: the exploration's.
            failure_id: from `keys.failure_id`.
            timeline: the example, lived.
            output: what it printed; lone surrogates are stored as backslash escapes, and only the last `OUTPUT_CHARS_MAX` characters.
            block_index: the block that the example is in, 0 <= block_index < 2**63.
            future_index: its index among all futures of the exploration, 0 <= future_index < 2**63.

        Raises:
            StoreError: as all methods; or the id already names a failure of another exploration.
            TimelineError: the timeline breaks a rule of its format.
        """
        assert re.fullmatch(f"[0-9a-f]{{{ID_DIGITS}}}", failure_id), failure_id
        assert min(block_index, future_index) >= 0
        example = (formats.dumps(timeline, compact=True), _storable(output), block_index, future_index)

        def work(sqlite: sqlite3.Connection) -> None:
            number = _exploration_number(sqlite, key)
            row = sqlite.execute("SELECT exploration, future_index, account FROM failures WHERE id = ?", (failure_id,)).fetchone()
            if row is None:
                sqlite.execute(
                    "INSERT INTO failures (id, exploration, found_at, timeline, output, block_index, future_index) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (failure_id, number, _now(), *example),
                )
            elif row[0] != number:
                raise StoreError(f'failure id "{failure_id}" names a failure of another exploration by chance; explore with another seed')
            elif row[2] is None and future_index < whole(row[1], f"failure {failure_id}: future_index"):
                sqlite.execute(
                    "UPDATE failures SET timeline = ?, output = ?, block_index = ?, future_index = ? WHERE id = ?", (*example, failure_id)
                )

        self._connection.write(work)

    def failures(self, key: ExplorationKey | None = None) -> list[FailureRow]:
        """The failures of one exploration, in order of their examples' `future_index`; or all, the newest first."""
        if key is None:
            return self._failures("ORDER BY failures.number DESC")
        return self._failures("WHERE explorations.key = ? ORDER BY failures.future_index, failures.id", key.to_text())

    def failure(self, id_or_prefix: str) -> FailureRow:
        """The failure with this id.

        Args:
            id_or_prefix: the id, or at least its first 3 digits where no other id begins with them; capitals are taken as small letters.

        Raises:
            StoreError: as all methods; or too short, not hexadecimal, unknown, ambiguous.
        """
        prefix = id_or_prefix.lower()
        if not re.fullmatch(f"[0-9a-f]{{{PREFIX_DIGITS_MIN},{ID_DIGITS}}}", prefix):
            shown = id_or_prefix if len(id_or_prefix) <= 40 else id_or_prefix[:40] + "..."
            raise StoreError(f'id "{shown}" must be {PREFIX_DIGITS_MIN} to {ID_DIGITS} hexadecimal digits; "crossroads list" shows the ids')
        found = self._failures("WHERE substr(failures.id, 1, ?) = ? ORDER BY failures.id", len(prefix), prefix)
        if not found:
            raise StoreError(f'failure "{prefix}" isn\'t in the store {self.path}; "crossroads list" shows the failures that are')
        if len(found) > 1:
            names = [row.id for row in found[:_NAMED_IDS_MAX]] + ["..."] * (len(found) > _NAMED_IDS_MAX)
            raise StoreError(f'failure "{prefix}" is one of {", ".join(names)}; give more of its digits')
        return found[0]

    def save_account(self, failure_id: str, account: Mapping[str, Any]) -> None:
        """Keep an account of a failure, in place of an earlier one.

        Args:
            failure_id: the whole id.
            account: a JSON object; given back as it is by `failure` and `failures`.

        Raises:
            StoreError: as all methods; or the failure isn't there; or the account holds what JSON doesn't have.
        """
        account_text = _json(account, f'account of "{failure_id}"')
        self._write_to_failure(
            failure_id, lambda sqlite: sqlite.execute("UPDATE failures SET account = ? WHERE id = ?", (account_text, failure_id))
        )

    def save_piece(self, failure_id: str, name: str, piece: Mapping[str, Any]) -> None:
        """Keep what else is known of a failure under a name, in place of what was kept under it.

        Args:
            failure_id: the whole id.
            name: of the piece, as "shrunk".
            piece: a JSON object; given back as it is with its failure.

        Raises:
            StoreError: as all methods; or the failure isn't there; or the piece holds what JSON doesn't have.
        """
        piece_text = _json(piece, f'{name} of "{failure_id}"')
        self._write_to_failure(
            failure_id,
            lambda sqlite: sqlite.execute(
                "INSERT INTO pieces (failure, name, data) SELECT id, ?, ? FROM failures WHERE id = ?"
                " ON CONFLICT (failure, name) DO UPDATE SET data = excluded.data",
                (name, piece_text, failure_id),
            ),
        )

    def _write_to_failure(self, failure_id: str, work: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> None:
        if self._connection.write(lambda sqlite: work(sqlite).rowcount) == 0:
            raise StoreError(f'failure "{failure_id}" isn\'t in the store {self.path}; "crossroads list" shows the failures that are')

    def _failures(self, condition: str, *values: str | int) -> list[FailureRow]:
        def work(sqlite: sqlite3.Connection) -> list[FailureRow]:
            rows = sqlite.execute(_SELECT_FAILURES + condition, values).fetchall()
            return [failure_row(row, _pieces(sqlite, row[0])) for row in rows]

        return self._connection.read(work)


def _exploration_number(sqlite: sqlite3.Connection, key: ExplorationKey) -> int:
    """The row of this exploration, made where there is none."""
    sqlite.execute("INSERT INTO explorations (key, started_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (key.to_text(), _now()))
    row = sqlite.execute("SELECT number FROM explorations WHERE key = ?", (key.to_text(),)).fetchone()
    if row is None:
        raise DamagedError("an exploration that is there can't be found")
    return int(row[0])


def _blocks(sqlite: sqlite3.Connection, key: ExplorationKey) -> dict[int, tuple[int, dict[str, int]]]:
    rows = sqlite.execute(
        "SELECT block_index, futures, counts FROM blocks JOIN explorations ON explorations.number = blocks.exploration "
        "WHERE explorations.key = ? ORDER BY block_index",
        (key.to_text(),),
    )
    return {whole(index, "block_index"): (whole(futures, "futures"), outcome_counts(counts)) for index, futures, counts in rows}


def _pieces(sqlite: sqlite3.Connection, failure_id: str) -> list[tuple[Any, Any]]:
    return sqlite.execute("SELECT name, data FROM pieces WHERE failure = ? ORDER BY name", (failure_id,)).fetchall()


def _json(data: Mapping[str, Any], what: str) -> str:
    try:
        return json.dumps(dict(data), separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"{what} must be plain JSON ({error}); nothing was stored of it") from error


def _storable(output: str) -> str:
    """An output as text that SQLite takes, with a note in front where the beginning was left out."""
    left_out = len(output) - OUTPUT_CHARS_MAX
    if left_out > 0:
        output = f"[crossroads left out the first {left_out} characters]\n{output[left_out:]}"
    return output.encode("utf-8", "backslashreplace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
