"""The tables of the store, and the check that a file has just these.

History, one line a schema number; each change of a table is a new number:
    1  explorations, their finished blocks of futures, their failures with accounts
    2  pieces: what else is known of a failure, as the shortest way there
"""

import sqlite3
from pathlib import Path
from typing import Final

from crossroads.errors import StoreError
from crossroads.store.faults import damaged

SCHEMA: Final = 2
"""The schema number that is written, kept in SQLite's `user_version`."""

APPLICATION_ID: Final = 0x58524453
""""XRDS", kept in SQLite's `application_id`: how we know our own files from those of other programs."""

TABLES: Final[dict[str, tuple[str, ...]]] = {
    "explorations": (
        "number INTEGER PRIMARY KEY",  # for the other tables
        "key TEXT NOT NULL UNIQUE",  # ExplorationKey as JSON; its seed may be above SQLite's largest integer
        "started_at TEXT NOT NULL",  # UTC, ISO 8601, seconds
    ),
    "blocks": (
        "exploration INTEGER NOT NULL REFERENCES explorations ON DELETE CASCADE",
        "block_index INTEGER NOT NULL",  # from 0; a row is here only when all of the block's futures have ended
        "futures INTEGER NOT NULL",  # how many futures the block had
        "counts TEXT NOT NULL",  # JSON object, futures per outcome kind
        "PRIMARY KEY (exploration, block_index)",
    ),
    "block_failures": (
        "exploration INTEGER NOT NULL REFERENCES explorations ON DELETE CASCADE",
        "failure TEXT NOT NULL",  # a failure's id; its row in `failures` may come later
        "block_index INTEGER NOT NULL",  # the block it was counted in
        "count INTEGER NOT NULL",  # how many of the block's futures ended so
        "PRIMARY KEY (exploration, failure, block_index)",
    ),
    "failures": (
        "number INTEGER PRIMARY KEY AUTOINCREMENT",  # order of finding, which no clock disturbs
        "id TEXT NOT NULL UNIQUE",  # 8 hexadecimal digits
        "exploration INTEGER NOT NULL REFERENCES explorations ON DELETE CASCADE",
        "timeline TEXT NOT NULL",  # crossroads-timeline/1
        "output TEXT NOT NULL",  # what the run printed
        "block_index INTEGER NOT NULL",  # the block that the future belongs to, finished or not
        "future_index INTEGER NOT NULL",  # the future's index in its exploration
        "found_at TEXT NOT NULL",  # UTC, ISO 8601, seconds; of the first finding
        "account TEXT",  # JSON object, NULL before it was explained
    ),
    "pieces": (
        "failure TEXT NOT NULL REFERENCES failures (id) ON DELETE CASCADE",
        "name TEXT NOT NULL",  # of the piece; one that this version doesn't know is left alone
        "data TEXT NOT NULL",  # JSON object
        "PRIMARY KEY (failure, name)",
    ),
}

ADDED: Final[dict[int, tuple[str, ...]]] = {2: ("pieces",)}
"""Tables by the schema number that brought them, of those after the first."""


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nobody has written anything into this database yet."""
    return _number(connection, "application_id") == 0 and _number(connection, "user_version") == 0 and not _layout(connection)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database, within the caller's transaction."""
    _create(connection, tuple(TABLES))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a store of an earlier schema to this one, within the caller's transaction; others are left as they are."""
    version = _number(connection, "user_version")
    if _number(connection, "application_id") == APPLICATION_ID and 1 <= version < SCHEMA:
        _create(connection, tuple(name for number in range(version + 1, SCHEMA + 1) for name in ADDED[number]))


def is_older(connection: sqlite3.Connection) -> bool:
    """Whether this is a store of an earlier schema, which can be brought to this one."""
    return 1 <= _number(connection, "user_version") < SCHEMA


def _create(connection: sqlite3.Connection, names: tuple[str, ...]) -> None:
    for name in names:
        connection.execute(f"CREATE TABLE {name} ({', '.join(TABLES[name])})")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that isn't empty and isn't ours, or is ours and newer, or doesn't have the tables of its schema.

    Raises:
        StoreError: as above; nothing was changed.
    """
    if is_empty(connection):
        return
    if _number(connection, "application_id") != APPLICATION_ID:
        raise StoreError(f"store {path} is an SQLite file of another program; choose another place for the store, nothing was changed")
    version = _number(connection, "user_version")
    if version > SCHEMA:
        raise StoreError(
            f"store {path} was written by a newer crossroads (schema {version}, this one knows {SCHEMA}); "
            "upgrade crossroads, or move the file away to begin a new one, nothing was changed"
        )
    if not 1 <= version <= SCHEMA or _layout(connection) != _expected(version):
        raise damaged(path, "its tables aren't those of a store")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _layout(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Everything that was created in the database; a view, index or trigger, which ours doesn't have, shows with its kind."""
    rows = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").fetchall()
    return {name if kind == "table" else f"{kind} {name}": _columns(connection, name) for kind, name in rows}


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _expected(version: int) -> dict[str, list[str]]:
    later = {name for number, names in ADDED.items() if number > version for name in names}
    return {
        name: [column.split()[0] for column in columns if not column.startswith("PRIMARY KEY")]
        for name, columns in TABLES.items()
        if name not in later
    }
