"""From the way a call ended to an Outcome: the program's exceptions may be unprintable, endless, or lie about themselves."""

import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Final

from crossroads.errors import TargetError
from crossroads.snapshots.live import describe_place, is_own
from crossroads.timeline.outcomes import Outcome

MESSAGE_CHARS_MAX: Final = 500
"""Enough to recognise a failure by; the whole text is in the run's output."""


def outcome_of(call: Callable[[], object], explain_end: Callable[[], bool]) -> Outcome:
    """Call it, and say how that ended.

    Args:
        call: the program.
        explain_end: whether to print the traceback of an exception to stderr, as the interpreter would; asked at the end.

    Raises:
        TargetError: the call itself isn't one that can be made.
    """
    try:
        call()
    except SystemExit as leaving:
        return _exited(leaving)
    except TargetError:
        raise
    except MemoryError as error:
        return Outcome("out of memory", type_name(error), safe_text(error) or "an allocation was refused", raised_at(error.__traceback__))
    except BaseException as error:
        if explain_end():
            _print_traceback(error)
        return Outcome("failed", type_name(error), safe_text(error), raised_at(error.__traceback__))
    return Outcome("passed")


def type_name(error: BaseException) -> str:
    """Type of an exception, with its module unless it is a builtin."""
    kind = type(error)
    module = getattr(kind, "__module__", "")
    name = str(getattr(kind, "__qualname__", "?"))
    return name if module in ("builtins", "__main__") or not isinstance(module, str) else f"{module}.{name}"


def safe_text(error: BaseException) -> str:
    """The exception's text, cut to a readable length; a stand-in if it can't be had."""
    try:
        text = str(error)
    except BaseException as worse:
        return f"<its text can't be had: {type(worse).__name__}>"
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MESSAGE_CHARS_MAX else text[: MESSAGE_CHARS_MAX - 3] + "..."


def raised_at(trace: TracebackType | None) -> str:
    """ "file:line in function" of the innermost frame in the program's own files; of the innermost frame where none is."""
    own = innermost = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        innermost = describe_place(code, trace.tb_lineno)
        if is_own(code.co_filename):
            own = innermost
        trace = trace.tb_next
    return own or innermost


def _exited(leaving: SystemExit) -> Outcome:
    code = leaving.code
    if code is None or code == 0:
        return Outcome("passed")
    where = raised_at(leaving.__traceback__)
    if isinstance(code, int):
        return Outcome("exited", "SystemExit", f"exit code {code}", where, code & 0xFF)
    return Outcome("exited", "SystemExit", safe_text(leaving), where, 1)


def _print_traceback(error: BaseException) -> None:
    try:
        traceback.print_exception(error)
        sys.stderr.flush()
    except BaseException:
        pass
