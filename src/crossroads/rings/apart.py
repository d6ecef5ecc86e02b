"""Work done in a child process, so that it leaves no trace in this one.

A process that closes any descriptor of a file gives up all locks (fcntl, lockf) that it holds on that file, and SQLite's databases are
locked that way. A forked child has none of its parent's locks to lose.
"""

import os
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

from crossroads.errors import InternalError
from crossroads.snapshots import kernel

__all__ = ["apart"]

T = TypeVar("T")
_pipe, _read, _write, _close, _exit, _waitpid = os.pipe, os.read, os.write, os.close, os._exit, os.waitpid


def apart(work: Callable[[], T]) -> T:
    """What `work` returns, or the exception that it raises, when done by a child of this process.

    Args:
        work: what it returns can be pickled; what it changes in memory is lost.

    Raises:
        InternalError: the child died.
    """
    reading, writing = _pipe()
    unblock = kernel.block_signals()
    try:
        child = kernel.fork()
        if not child:
            _work(work, writing)
        _close(writing)
        answer = _everything(reading)
        _waitpid(child, 0)
    finally:
        unblock()
        _close(reading)
    if not answer:
        raise InternalError("a child process died while it copied protected files")
    is_result, value = pickle.loads(answer)
    if not is_result:
        raise value
    return value  # type: ignore[no-any-return]


def _work(work: Callable[[], Any], writing: int) -> None:
    try:
        kernel.die_with_parent()
        try:
            answer = pickle.dumps((True, work()))
        except Exception as error:
            answer = _pickled_error(error)
        while answer:
            answer = answer[_write(writing, answer) :]
    finally:
        _exit(0)


def _pickled_error(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((False, InternalError(f"{type(error).__name__}: {error}")))
    return answer


def _everything(reading: int) -> bytes:
    parts = []
    while part := _read(reading, 65_536):
        parts.append(part)
    return b"".join(parts)
