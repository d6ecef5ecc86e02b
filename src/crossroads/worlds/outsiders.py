"""Modules that go on with what is the system's in a process whose program lives in a world: those of a debugger with threads of its own."""

import sys
from typing import Final

FOLDERS: Final[list[str]] = []
"""Where they are."""

_THROUGH: Final = ("threading", "queue")
"""Modules that are asked by others, and ask on their behalf."""


def is_asking(through: str) -> bool:
    """Whether such a module has called, by way of the module `through` and those of the standard library that are built on it."""
    if not FOLDERS:
        return False
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in (through, *_THROUGH):
        frame = frame.f_back
    return str(frame.f_globals.get("__file__")).startswith(tuple(FOLDERS))
