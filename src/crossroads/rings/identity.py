"""The process id that a program sees under a ring: that of the process which was started, in every life, as if there was only one."""

import os
from typing import Any, Final

_getpid: Final = os.getpid
_getppid: Final = os.getppid
_kill: Final = os.kill

NAMES: Final = ("getpid", "getppid", "kill")


class Identity:
    """Replaces `os.getpid`, `os.getppid` and `os.kill`, from `install` to `uninstall`.

    Processes that the program forks see their own ids, and that of the program as their parent's.

    Args:
        face: the id to be seen in a life.
        parent: the one of its parent.
    """

    def __init__(self, face: int, parent: int) -> None:
        self._face, self._parent = face, parent
        self._real = _getpid()
        self._before: dict[str, Any] = {}

    @property
    def is_own(self) -> bool:
        """Whether this is the life itself, and not a process that it has forked."""
        return _getpid() == self._real

    def woke(self) -> None:
        """This process is the life now."""
        self._real = _getpid()

    def install(self) -> None:
        """Put ours in place of the system's."""

        def getpid() -> int:
            real = _getpid()
            return self._face if real == self._real else real

        def getppid() -> int:
            if _getpid() == self._real:
                return self._parent
            real = _getppid()
            return self._face if real == self._real else real

        def kill(pid: Any, signal: Any, /) -> None:
            _kill(self._real if pid == self._face and _getpid() == self._real else pid, signal)

        self._before = {name: getattr(os, name) for name in NAMES}
        for name, function in (("getpid", getpid), ("getppid", getppid), ("kill", kill)):
            function.__doc__ = self._before[name].__doc__
            setattr(os, name, function)

    def uninstall(self) -> None:
        """Put back what was there."""
        for name, function in self._before.items():
            setattr(os, name, function)
