"""What crossroads itself does is no effect of the program: while it works, nothing is recorded."""

import _thread
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["is_quiet", "unrecorded"]

_quiet: list[int] = []
_thread_number = _thread.get_ident


@contextmanager
def unrecorded() -> Iterator[None]:
    """While this lasts, effects of the calling thread aren't recorded as the program's."""
    number = _thread_number()
    _quiet.append(number)
    try:
        yield
    finally:
        _quiet.remove(number)


def is_quiet() -> bool:
    """Whether crossroads is at work in the calling thread."""
    return bool(_quiet) and _thread_number() in _quiet
