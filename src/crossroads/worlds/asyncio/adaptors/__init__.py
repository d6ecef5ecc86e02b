"""Libraries that start threads of their own to serve asyncio programs: their threads become jobs; and databases in files."""

from typing import Any

from crossroads.worlds.asyncio.adaptors import aiosqlite, anyio, sqlite
from crossroads.worlds.asyncio.jobs import Jobs


def install(jobs: Jobs, clock: Any) -> None:
    """Adapt anyio, aiosqlite and sqlite3 from when the program imports them.

    Args:
        jobs: what runs their threads' work.
        clock: has `elapsed_ns`, which may be read and written.
    """
    sqlite.install(jobs, clock)
    anyio.install(jobs)
    aiosqlite.install(jobs)
