"""Libraries that start threads of their own to serve asyncio programs: their threads become jobs."""

from crossroads.worlds.asyncio.adaptors import aiosqlite, anyio
from crossroads.worlds.asyncio.jobs import Jobs


def install(jobs: Jobs) -> None:
    """Adapt anyio and aiosqlite from when the program imports them.

    Args:
        jobs: what runs their threads' work.
    """
    anyio.install(jobs)
    aiosqlite.install(jobs)
