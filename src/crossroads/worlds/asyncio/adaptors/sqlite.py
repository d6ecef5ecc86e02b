"""SQLite's databases in files: each future has them to itself, as found at its first connection, and what it writes stays in its memory.

A file would be shared by futures that are forked with it open, and its locks with nobody. So a database lives in SQLite's own memory file
system, under the path of its file, until the future ends; the file itself is only read, and `os.path.exists` knows of files alone. A
statement that finds the database locked waits as SQLite does, up to the connection's timeout, in the world's time. Connections that the
program makes with a factory of its own don't wait.
"""

import os
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.imports import on_import

DELAYS_MS: Final = (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100)
"""Between attempts on a locked database, the last one from then on. Source: SQLite, sqliteDefaultBusyCallback."""

PATIENT: Final = ("execute", "executemany", "executescript", "commit", "rollback")

TIMEOUT_S: Final = 5.0

OPTIONS: Final = ("timeout", "detect_types", "isolation_level", "check_same_thread", "factory", "cached_statements", "uri")
"""Of `sqlite3.connect`, in the order in which it takes them."""


def install(jobs: Jobs, clock: Any) -> None:
    """Replace `sqlite3.connect`, from when it is imported.

    Args:
        jobs: set aside what has to wait for a lock.
        clock: has `elapsed_ns`, which may be read and written.
    """

    def patch(module: Any) -> None:
        connect = Databases(module, Patience(module, jobs, clock)).connect
        for owner in (module, module.dbapi2):
            owner.connect = connect

    on_import("sqlite3", patch)


class Patience:
    """Waits for locks.

    Args:
        module: sqlite3.
        jobs: as for `install`.
        clock: as for `install`.
    """

    def __init__(self, module: Any, jobs: Jobs, clock: Any) -> None:
        self._module, self._jobs, self._clock = module, jobs, clock

    def connection_class(self, timeout_s: float) -> Any:
        """A class of connections whose statements wait up to `timeout_s` seconds each."""
        cursors = self._patient(self._module.Cursor, timeout_s)

        class Connection(self._patient(self._module.Connection, timeout_s)):  # type: ignore[misc]
            def cursor(self, factory: Any = cursors) -> Any:
                return super().cursor(factory)

        return Connection

    def _patient(self, stock: Any, timeout_s: float) -> Any:
        methods = {name: self._waiting(getattr(stock, name), timeout_s) for name in PATIENT if hasattr(stock, name)}
        return type(stock.__name__, (stock,), methods)

    def _waiting(self, stock: Callable[..., Any], timeout_s: float) -> Callable[..., Any]:
        many = stock.__name__ == "executemany"

        def method(self: Any, *args: Any) -> Any:
            given = (args[0], list(args[1])) if many and len(args) == 2 else args
            return patience.call(lambda: stock(self, *given), timeout_s)

        patience = self
        method.__name__ = method.__qualname__ = stock.__name__
        return method

    def call(self, attempt: Callable[[], Any], timeout_s: float) -> Any:
        """Attempt it until the database isn't locked, or the timeout is over."""
        attempts, deadline = 0, self._jobs.deadline(timeout_s)
        while True:
            try:
                return attempt()
            except self._module.OperationalError as error:
                if getattr(error, "sqlite_errorcode", None) != self._module.SQLITE_BUSY or self._clock.elapsed_ns >= deadline:
                    raise
            if self._jobs.errands.current is None:
                # On the loop's own thread nobody can let go of the lock meanwhile.
                self._clock.elapsed_ns = deadline
                continue
            delay_ms = DELAYS_MS[min(attempts, len(DELAYS_MS) - 1)]
            attempts += 1
            self._jobs.errands.set_aside([], min(self._clock.elapsed_ns + delay_ms * 10**6, deadline))


class Databases:
    """The databases that a future has opened.

    Args:
        module: sqlite3.
        patience: makes classes of connections.
    """

    def __init__(self, module: Any, patience: Patience) -> None:
        self._stock, self._patience = module.connect, patience
        self._held: dict[str, Any] = {}

    def connect(self, database: Any, *args: Any, **options: Any) -> Any:
        """As `sqlite3.connect`."""
        options |= dict(zip(OPTIONS, args, strict=False))
        path, asked = _file_of(database, options.get("uri", False))
        if path is None or "factory" in options or not self._hold(path, asked):
            return self._stock(database, **options)
        timeout_s = options.get("timeout", TIMEOUT_S)
        options |= {"uri": True, "timeout": 0, "factory": self._patience.connection_class(timeout_s)}
        return self._stock(_address(path) + ("&mode=ro" if asked.get("mode") == "ro" else ""), **options)

    def _hold(self, path: str, options: dict[str, str]) -> bool:
        """Whether the database is there, now."""
        if path in self._held:
            return True
        is_file = os.path.isfile(path)
        if not is_file and (options.get("mode") in ("ro", "rw") or not os.path.isdir(os.path.dirname(path)) or os.path.exists(path)):
            return False
        held = self._held[path] = self._stock(_address(path), uri=True, check_same_thread=False)
        if is_file and os.path.getsize(path):
            source = self._stock(f"file:{quote(path)}?mode=ro", uri=True)
            source.backup(held)
            source.close()
        return True


def _file_of(database: Any, is_uri: Any) -> tuple[str | None, dict[str, str]]:
    """The path of a database, None for one that isn't in a file, and the options of its URI."""
    name = os.fsdecode(database)
    options: dict[str, str] = {}
    if is_uri and name.startswith("file:"):
        parts = urlsplit(name)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        name = unquote(parts.path)
        if options.get("mode") == "memory" or "vfs" in options:
            return None, options
    if not name or name == ":memory:":
        return None, options
    return os.path.abspath(name), options


def _address(path: str) -> str:
    return f"file:{quote(path)}?vfs=memdb"
