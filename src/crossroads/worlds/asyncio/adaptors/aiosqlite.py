"""aiosqlite's connections, each with a thread that runs what its queue holds; SQLAlchemy's dialect for it, too.

Databases in files are real, and shared by all futures: programs keep theirs in memory, or in a directory that they make.
"""

from itertools import count
from typing import Any

from crossroads.worlds.asyncio.errands import callable_name
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.lines import Line, LineThread
from crossroads.worlds.imports import on_import


def install(jobs: Jobs) -> None:
    """Let the threads of connections do their work as jobs, from when `aiosqlite.core` is imported."""
    numbers = count(1)

    def make_line() -> Line:
        return Line(jobs, f"aiosqlite connection {next(numbers)}", _describe)

    def patch(core: Any) -> None:
        for name in ("SimpleQueue", "Queue"):
            if hasattr(core, name):
                setattr(core, name, make_line)
        if issubclass(core.Connection, core.Thread):
            # Before 0.22 a connection is a thread itself.
            core.Connection.start = lambda self: self._tx.begin(self.run)
            core.Connection.join = LineThread.join
        else:
            core.Thread = LineThread

    on_import("aiosqlite.core", patch)


def _describe(item: Any) -> str:
    return callable_name(item[1]) if isinstance(item, tuple) else "stop"
