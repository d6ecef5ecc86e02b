"""SQLite databases, copied and put back through SQLite's own backup, which sees what is committed and nothing half done.

Whoever has the database open goes on: a restore is one more transaction for them. Nothing here opens a database file by other means,
because closing it again would give up the locks that this process's connections hold (see `apart`); for the same reason all of it is
to be called in a child process.
"""

import os
from typing import Final
from urllib.parse import quote

from crossroads.errors import RingError

__all__ = ["HEADER", "SIDECARS", "copy_database", "is_database", "journal_mode", "restore_database"]

HEADER: Final = b"SQLite format 3\0"

SIDECARS: Final = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database, under its name."""

_BUSY_S: Final = 5.0
_LOCKED: Final = (5, 6)
_DAMAGED: Final = (11, 26)
_WAL_VERSION: Final = 2
_READ_VERSION_AT: Final = 19


def is_database(head: bytes) -> bool:
    """Whether a file that begins with these bytes is one."""
    return head.startswith(HEADER)


def journal_mode(head: bytes) -> str:
    """ "wal" or "delete", by the first 20 bytes of a database."""
    return "wal" if head[_READ_VERSION_AT : _READ_VERSION_AT + 1] == bytes((_WAL_VERSION,)) else "delete"


def copy_database(path: str, copy: str) -> None:
    """Copy all that is committed in a database.

    Args:
        path: of the database.
        copy: where a file of its own is made, which holds everything.

    Raises:
        RingError: it is locked for more than five seconds, or damaged.
    """
    try:
        _backup(_uri(path, "mode=ro"), _uri(copy, "mode=rwc"))
    except _errors():
        # A journal left by a writer that died is played back first, and that takes writing.
        _remove_quietly(copy)
        try:
            _backup(_uri(path, "mode=rw"), _uri(copy, "mode=rwc"))
        except _errors() as error:
            raise RingError(f"the database {path} can't be copied ({error}); end what locks it before the mark") from None


def restore_database(copy: str, path: str, mode: str) -> bool:
    """Put a copy's contents back into a database, in one transaction.

    Args:
        copy: as `copy_database` made it.
        path: of the database; whoever has it open finds the restored contents with the next transaction.
        mode: the journal mode it had, "wal" or "delete".

    Returns:
        Whether that was possible; if not, it is no database any more.

    Raises:
        RingError: it is locked for more than five seconds, or can't be written.
    """
    try:
        _backup(_uri(copy, "mode=ro&immutable=1"), _uri(path, "mode=rw"))
        _set_journal_mode(path, mode)
    except _errors() as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return False
        raise RingError(f"the database {path} can't be put back ({error})") from None
    return True


def _backup(source_uri: str, target_uri: str) -> None:
    from _sqlite3 import connect  # worlds replace the public name

    source = connect(source_uri, uri=True, timeout=_BUSY_S, isolation_level=None)
    try:
        target = connect(target_uri, uri=True, timeout=_BUSY_S, isolation_level=None)
        try:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target, progress=_refuse_to_wait, sleep=0.001)
        finally:
            target.close()
    finally:
        source.close()


def _refuse_to_wait(status: int, remaining: int, total: int) -> None:
    """Each step has waited for as long as it may; the backup would try for ever."""
    if status & 0xFF in _LOCKED:
        from _sqlite3 import OperationalError

        raise OperationalError("database is locked")


def _set_journal_mode(path: str, mode: str) -> None:
    """As far as nobody else has it open; the contents are the same in either mode."""
    from _sqlite3 import connect

    connection = connect(_uri(path, "mode=rw"), uri=True, timeout=0, isolation_level=None)
    try:
        present = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if (present == "wal") != (mode == "wal"):
            connection.execute(f"PRAGMA journal_mode={'wal' if mode == 'wal' else 'delete'}")
    except _errors():
        pass
    finally:
        connection.close()


def _errors() -> type[Exception]:
    from _sqlite3 import Error

    return Error


def _uri(path: str, options: str) -> str:
    return f"file:{quote(os.fsencode(path))}?{options}"


def _remove_quietly(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
