"""What a caller can act on: one class per thing that can be done about it.

Every message is one sentence that names the value, the rule and the way out. An internal error is ours and says so.
"""

from typing import ClassVar

__all__ = [
    "CrossroadsError",
    "DivergedError",
    "EngineError",
    "InternalError",
    "JournalError",
    "MissingPackage",
    "NotSimulated",
    "RingError",
    "SettingError",
    "StoreError",
    "TargetError",
    "TimelineError",
]


class CrossroadsError(Exception):
    """Base of every error that crossroads raises on purpose."""

    __module__ = "crossroads"


class SettingError(CrossroadsError, ValueError):
    """A value given by the caller (an option, an argument) breaks its rule."""

    __module__ = "crossroads"


class TargetError(CrossroadsError):
    """The program under test can't be found, imported or called."""

    __module__ = "crossroads"


class TimelineError(CrossroadsError, ValueError):
    """A timeline, as data from elsewhere, isn't valid."""

    __module__ = "crossroads"


class StoreError(CrossroadsError):
    """The store can't be read or written where it is."""

    __module__ = "crossroads"


class EngineError(CrossroadsError):
    """No future can be run here: the process that should run them doesn't start or doesn't survive."""

    __module__ = "crossroads"


class DivergedError(CrossroadsError):
    """The same timeline, lived again, was another run."""

    __module__ = "crossroads"


class NotSimulated(CrossroadsError, NotImplementedError):
    """The program asked the world for something that it doesn't have; the message names the call and the way out."""

    __module__ = "crossroads"

    asked: ClassVar[str] = ""
    """The message of the last one in this life, whether or not the program has let it pass; "" where there was none."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        NotSimulated.asked = message


class RingError(CrossroadsError, RuntimeError):
    """A program can't mark this moment, or can't go back to that one; nothing has been lost."""

    __module__ = "crossroads"


class JournalError(CrossroadsError, ValueError):
    """A journal can't be begun, read, or gone on with here; the file is as it was."""

    __module__ = "crossroads"


class MissingPackage(CrossroadsError, ImportError):
    """An optional package is needed for what was asked, and isn't installed."""

    __module__ = "crossroads"


class InternalError(CrossroadsError):
    """A bug in crossroads, not in the program under test."""

    __module__ = "crossroads"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; this is a bug in crossroads, please report it with the command that led here")
