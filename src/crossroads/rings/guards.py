"""What may go wrong with a life that its supervisor brings home: `Guard` says what counts, `Death` how it was."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from crossroads.errors import SettingError

__all__ = ["Death", "Guard"]

Ending = Literal["crash", "exception", "hang", "memory"]

CAUSES: Final = ("crash", "exception", "hang")
WALL_S_MAX: Final = 1e9
MEMORY_BYTES_MIN: Final = 16 * 10**6
SIZE_UNITS: Final = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


@dataclass(frozen=True, slots=True)
class Guard:
    """What the supervisor of a mark watches for in the life that follows; it goes back to the mark on behalf of a life that has died.

    A life that is ended from outside, by Ctrl-C or by a signal to the program's process id, ends the program whatever the guard says; so
    does one that leaves the ring or exits by `sys.exit`.

    Args:
        wall: seconds that may pass without another mark before the life counts as hung, more than 0; None for as long as it takes.
        memory: private memory that the life may have, in bytes or as text such as "2GB"; None for what the system allows.
        on: what to come home from. "crash": killed by a signal, or ended by `os._exit`. "exception": one that leaves the ring.
            "hang": the wall limit. Running out of `memory` always counts.
        force: come home also past what was `irreversible`; otherwise such a death is that of the program.

    Raises:
        SettingError: a value breaks its rule.

    Example:
        >>> Guard(wall=60, memory="2GB").memory
        2000000000
    """

    wall: float | None = None
    memory: int | str | None = None
    on: Collection[str] = ("crash", "exception", "hang")
    force: bool = False

    def __post_init__(self) -> None:
        if self.wall is not None and not 0 < self.wall <= WALL_S_MAX:
            raise SettingError(f"wall={self.wall!r} must be more than 0 seconds; leave it out for no limit")
        causes = (self.on,) if isinstance(self.on, str) else tuple(self.on)
        for cause in causes:
            if cause not in CAUSES:
                raise SettingError(f"on={cause!r} isn't something to come home from; it may be one or several of {', '.join(CAUSES)}")
        object.__setattr__(self, "on", causes)
        object.__setattr__(self, "memory", _bytes_of(self.memory))

    @property
    def memory_bytes(self) -> int | None:
        """The limit in bytes."""
        assert not isinstance(self.memory, str)
        return self.memory

    def brings_home(self, how: Ending) -> bool:
        """Whether a life that has ended so is brought home."""
        return self.memory is not None if how == "memory" else how in self.on


@dataclass(frozen=True, slots=True)
class Death:
    """How a life has ended that couldn't go back by itself, as its successors find it in the memory of the mark.

    Args:
        how: "crash", "exception", "hang" or "memory".
        what: the exception's type and text, the signal's name, or the exit code.
        where: "file:line in function" as far as it is known, else "".
        output: the last lines that it printed since the mark; "" where output isn't held back, as on a terminal.
        traceback: as Python printed it, or would have; "" where there is none, as after SIGKILL.
    """

    how: Ending
    what: str
    where: str = ""
    output: str = ""
    traceback: str = ""


def _bytes_of(memory: int | str | None) -> int | None:
    if memory is None:
        return None
    if isinstance(memory, str):
        found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([KMGT]I?)B?", memory.strip().upper())
        if found is None:
            raise SettingError(f"memory={memory!r} must be a number with its unit, such as 512MB or 2GB")
        memory = int(float(found[1]) * SIZE_UNITS[found[2]])
    if memory < MEMORY_BYTES_MIN:
        raise SettingError(f"memory={memory!r} must be at least 16MB, or hardly any program could run in it")
    return memory
