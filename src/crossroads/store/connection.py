"""A connection to the store's file: opening it, transactions that wait for other processes, and errors that name the file.

It knows no table. SQLite must not be used in a process that was forked after the connection was opened, nor be closed there, since
that releases locks and may remove the write-ahead log of the process that goes on; so such a use is refused and such a close does nothing.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Final, TypeVar

from crossroads.errors import InternalError, StoreError
from crossroads.store import schema
from crossroads.store.faults import DamagedError, damaged, is_busy, translated, unwritable

BUSY_TIMEOUT_S: Final = 10.0
"""How long another process may keep the file locked; each of our own transactions takes milliseconds."""

_RETRY_PAUSE_S = 0.01  # SQLite answers "busy" at once where waiting could be a deadlock, such as at the change to WAL
_FILE_BYTES_MIN = 512  # of an SQLite file; one of a single byte it would take for empty, and write over it

Result = TypeVar("Result")

_opened: list[sqlite3.Connection] = []
"""Connections not closed yet: a forked child thereby never drops the last reference, which would close them."""


class Connection:
    """One process's access to a store's file, made where there is none.

    Args:
        path: the file; its directory is created.
        busy_timeout_s: seconds of wall time to wait for other processes, 0 <= busy_timeout_s.

    Raises:
        StoreError: the file can't be opened, written or understood; it was left as it is.
    """

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path.absolute()
        self._busy_timeout_s = busy_timeout_s
        self._pid = os.getpid()
        self._prepare_place()
        try:
            self._sqlite = sqlite3.connect(self.path, timeout=busy_timeout_s, isolation_level=None)
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        except ValueError as error:
            raise unwritable(self.path, str(error)) from error
        _opened.append(self._sqlite)
        try:
            self._guarded(self._prepare_file)
            self._identity = self._file_identity()
        except BaseException:
            self.close()
            raise

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What `work` makes of one consistent state of the store.

        Raises:
            StoreError: the file can't be read, or what it holds isn't valid.
        """
        return self._guarded(lambda: self._transaction("BEGIN", work))

    def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` as one transaction: on return it is on disk as a whole, after an error nothing of it is.

        Args:
            work: may be run again when another process was in the way.

        Raises:
            StoreError: the file can't be written, is gone or replaced, or what it holds isn't valid.
        """
        if self._file_identity() != self._identity:
            raise StoreError(f"store {self.path} was moved or removed while it was in use; run the same command again, it begins a new one")
        return self._guarded(lambda: self._transaction("BEGIN IMMEDIATE", work))

    def close(self) -> None:
        """Give the file up; closing twice is no harm."""
        if os.getpid() == self._pid and self._sqlite in _opened:
            _opened.remove(self._sqlite)
            self._sqlite.close()

    def _prepare_place(self) -> None:
        try:
            if self.path.exists() and not stat.S_ISREG(self.path.stat().st_mode):
                kind = "a directory" if self.path.is_dir() else "no regular file"
                raise StoreError(f"store {self.path} is {kind}; choose another place for the store")
            if self.path.exists() and 0 < self.path.stat().st_size < _FILE_BYTES_MIN:
                raise damaged(self.path, f"it is shorter than {_FILE_BYTES_MIN} bytes")
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise unwritable(self.path, getattr(error, "strerror", None) or str(error)) from error

    def _prepare_file(self) -> None:
        """Nothing is written before the file is known to be ours, or empty."""
        self._sqlite.execute("PRAGMA trusted_schema = OFF")
        schema.check(self._sqlite, self.path)
        self._sqlite.execute("PRAGMA foreign_keys = ON")
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = FULL")
        if schema.is_empty(self._sqlite):
            self._transaction("BEGIN IMMEDIATE", lambda sqlite: schema.create(sqlite) if schema.is_empty(sqlite) else None)
            schema.check(self._sqlite, self.path)
        if schema.is_older(self._sqlite):
            self._transaction("BEGIN IMMEDIATE", schema.upgrade)
            schema.check(self._sqlite, self.path)

    def _transaction(self, begin: str, work: Callable[[sqlite3.Connection], Result]) -> Result:
        self._roll_back()  # an interrupt (Ctrl-C) may have come between the last transaction and its clean-up
        try:
            self._sqlite.execute(begin)
            result = work(self._sqlite)
            self._sqlite.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return result

    def _roll_back(self) -> None:
        if self._sqlite.in_transaction:
            self._sqlite.execute("ROLLBACK")

    def _guarded(self, work: Callable[[], Result]) -> Result:
        """`work`, again while another process is in the way and there is time, with errors that name the file."""
        if os.getpid() != self._pid:
            raise InternalError(f"store {self.path} was opened before a fork and used after it")
        deadline = monotonic() + self._busy_timeout_s
        while True:
            try:
                return work()
            except sqlite3.Error as error:
                if not is_busy(error) or monotonic() >= deadline:
                    raise translated(error, self.path) from error
            except (DamagedError, UnicodeDecodeError) as error:  # the latter where SQLite's own message quotes a damaged schema
                raise damaged(self.path, str(error)) from error
            sleep(_RETRY_PAUSE_S)

    def _file_identity(self) -> tuple[int, int] | None:
        """Which file is at the path now; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
