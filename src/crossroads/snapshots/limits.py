"""What a future may use up before it is ended and counted as such."""

from dataclasses import dataclass

OUTPUT_BYTES_MAX = 16_384
"""The last so many bytes of a future's output are kept; a screen or two, enough for a traceback."""

LOAD_WALL_S = 120.0
"""Importing the program, and its own start-up work, may take so long before it counts as hung."""

FIRST_WALL_S = 60.0
"""A future may take so long while nothing is known about how long futures take."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one future.

    Args:
        wall_s: seconds of wall time, 0 < wall_s; None adapts it: 20 times the longest finished future, from 5 s to 60 s.
        memory_bytes: private memory that a future may add to what its snapshot holds, 16 MB at least.
    """

    wall_s: float | None = None
    memory_bytes: int = 2 * 1024**3
