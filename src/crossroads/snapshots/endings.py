"""From the way a call ended to an Outcome: the program's exceptions may be unprintable, endless, or lie about themselves."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from crossroads.errors import TargetError
from crossroads.snapshots import kernel
from crossroads.snapshots.places import describe_place, is_ours, is_own, is_plumbing, library_place
from crossroads.timeline.outcomes import PASSED, Outcome

MESSAGE_CHARS_MAX: Final = 500
"""Enough to recognise a failure by; the whole text is in the run's output."""

NAME_CHARS_MAX: Final = 200
"""Of an exception's type, and of its module."""

# Taken before any program under test could replace them.
_settrace, _setprofile, _gettrace, _getprofile = sys.settrace, sys.setprofile, sys.gettrace, sys.getprofile


_reserve: Final = bytearray(4 * 1024 * 1024)
"""Given back where a program has used up its memory to the last object, so that its end can be told; pages that nobody writes to."""


def outcome_of(call: Callable[[], object], explain_end: Callable[[], bool]) -> Outcome:
    """Call it, and say how that ended.

    Args:
        call: the program.
        explain_end: whether to print the traceback of an exception to stderr, as the interpreter would; asked at the end.

    Raises:
        TargetError: the call itself isn't one that can be made.
    """
    try:
        try:
            call()
        finally:
            # The program may have left a tracing function in our way.
            if _getprofile() is not None:
                _setprofile(None)
            if _gettrace() is not None:
                _settrace(None)
    except TargetError:
        raise
    except BaseException as error:
        if isinstance(error, MemoryError):
            _reserve.clear()
        kernel.limit_memory(None)
        if explain_end() and not isinstance(error, SystemExit | MemoryError):
            _print_traceback(error)
        return _judged(error)
    return PASSED


def sudden_end(status: int) -> list[Any]:
    """The outcome, as results have it, of a process that ended without leaving one; from its wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return ["crashed", name, f"killed by {name}", "", None]
    code = os.WEXITSTATUS(status)
    return ["exited", "os._exit", f"exit code {code}, without the interpreter's own end", "", code]


def exit_code(outcome: Outcome) -> int:
    """The code with which the interpreter would have ended its process."""
    if outcome.kind == "exited":
        return outcome.code or 0
    return 0 if outcome.kind == "passed" else 1


def _judged(error: BaseException) -> Outcome:
    where = raised_at(error.__traceback__)
    if isinstance(error, SystemExit):
        return _exited(error, where)
    if isinstance(error, MemoryError):
        return Outcome("out of memory", type_name(error), safe_text(error) or "an allocation was refused", where)
    return Outcome("failed", type_name(error), safe_text(error), where)


def type_name(error: BaseException) -> str:
    """Type of an exception, with its module unless it is a builtin."""
    kind = type(error)
    try:
        module, name = kind.__module__, _plain(kind.__qualname__, NAME_CHARS_MAX)
        return name if module in ("builtins", "__main__") or not isinstance(module, str) else f"{_plain(module, NAME_CHARS_MAX)}.{name}"
    except BaseException:
        return "<an exception whose type has no name>"


def safe_text(error: BaseException) -> str:
    """The exception's text, cut to a readable length; a stand-in if it can't be had."""
    try:
        return _plain(str(error), MESSAGE_CHARS_MAX)
    except BaseException as worse:
        return f"<its text can't be had: {type_name(worse)}>"


def _plain(text: str, chars_max: int) -> str:
    """The characters of what may be a subclass of str, as far as they can be written and are to be kept."""
    kept = str.__getitem__(text, slice(chars_max + 1))
    kept = str.encode(kept, "utf-8", "replace").decode()
    return kept if len(kept) <= chars_max else kept[: chars_max - 3] + "..."


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


def asked_at(trace: TracebackType | None) -> str:
    """Who asked for what was refused: the innermost place outside of Python's own library and of us, and behind it the program's own."""
    asked = ""
    own = raised_at(trace)
    while trace is not None:
        frame = trace.tb_frame
        if not is_plumbing(frame.f_code.co_filename):
            asked = describe_place(frame.f_code, trace.tb_lineno) if is_own(frame.f_code.co_filename) else library_place(frame)
        trace = trace.tb_next
    return asked if asked == own or not asked else f"{asked}, from {own}"


def _exited(leaving: SystemExit, where: str) -> Outcome:
    try:
        code = leaving.code
    except BaseException:
        code = "<its code can't be had>"
    if code is None:
        return PASSED
    if isinstance(code, int):
        number = int.__index__(code)
        return Outcome("exited", "SystemExit", f"exit code {number}", where, number & 0xFF) if number else PASSED
    return Outcome("exited", "SystemExit", safe_text(leaving), where, 1)


def without_us(trace: TracebackType | None) -> TracebackType | None:
    """What Python would have, had it called the program itself."""
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _print_traceback(error: BaseException) -> None:
    try:
        traceback.print_exception(error.with_traceback(without_us(error.__traceback__)))
        sys.stderr.flush()
    except BaseException:
        pass
