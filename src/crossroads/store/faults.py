"""What goes wrong with a store's file, as errors with a way out: the one place where SQLite's errors are translated."""

import sqlite3
from pathlib import Path

from crossroads.errors import CrossroadsError, InternalError, StoreError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_OURS = (sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE)
_WHAT_CHARS_MAX = 200  # of a text that quotes a damaged file


class DamagedError(ValueError):
    """A value in a readable store isn't what stands there by the schema; says which."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has the file locked, so that it's worth to try again."""
    return _code(error) in _BUSY


def translated(error: sqlite3.Error, path: Path) -> CrossroadsError:
    """The error to raise in place of one from SQLite.

    Args:
        error: as `sqlite3` raised it.
        path: the store's file.

    Returns:
        A `StoreError`, or an `InternalError` where only a wrong use of SQLite explains it.
    """
    code = _code(error)
    if code in _BUSY:
        return StoreError(f"store {path} is locked by another process; wait until that one ends, then run the same command again")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"store {path} can't grow, the disk is full; free some space and run the same command again, all that was stored is kept"
        )
    if code in _UNWRITABLE:
        return unwritable(path, str(error))
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(
            f"store {path} can't be read or written ({error}); check the disk and its quota, then run the same command again, "
            "all that was stored is kept"
        )
    if code in _OURS or (code is None and isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError))):
        return InternalError(f"store {path} was used in a wrong way ({error})")
    return damaged(path, str(error))


def unwritable(path: Path, why: str) -> StoreError:
    """The file, or its directory, isn't there to be written."""
    return StoreError(f"store {path} can't be written ({why}); make it and its directory writable, or choose another place for the store")


def damaged(path: Path, what: str) -> StoreError:
    """The file is there and can't be understood; of `what`, which may quote it, only what can be shown on a terminal is."""
    what = "".join(char if char.isprintable() else "?" for char in what[:_WHAT_CHARS_MAX])
    return StoreError(f"store {path} is damaged, or isn't a store ({what}); move it away to begin a new one, it was left as it is")


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None for errors that the `sqlite3` module raises on its own."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
