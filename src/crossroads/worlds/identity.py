"""The process id that the program sees: the same in every future, as futures are forked and libraries take a new id for a fork of theirs.

It is 1, as in a container. Processes that the program forks itself see their own; signals sent to the id go where they are meant to.
"""

import os
from typing import Any, Final

from crossroads.worlds.patches import Patches

OWN_PID: Final = 1

_getpid: Final = os.getpid
_kill: Final = os.kill


class Identity:
    """Who this process is, from `install` to `uninstall`."""

    __slots__ = ("_patches", "_real")

    def __init__(self) -> None:
        self._patches = Patches()
        self._real = _getpid()

    def install(self) -> None:
        """Replace `os.getpid` and `os.kill`."""

        def getpid() -> int:
            real = _getpid()
            return OWN_PID if real == self._real else real

        def kill(pid: Any, signal: Any, /) -> None:
            _kill(self._real if pid == OWN_PID and _getpid() == self._real else pid, signal)

        self._real = _getpid()
        self._patches.set(os, "getpid", getpid)
        self._patches.set(os, "kill", kill)

    def uninstall(self) -> None:
        """Put the machine's back."""
        self._patches.undo()

    def woke(self) -> None:
        """This process is the one that the program lives in now."""
        self._real = _getpid()
