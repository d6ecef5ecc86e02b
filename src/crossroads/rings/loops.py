"""Event loops across a fork: the running one stays the running one, and no two lives share an epoll object.

An epoll object is one thing in the kernel for all processes that have inherited it: what a discarded life registers there, its successors
would be told of. So each life gets its own, with what was registered at the mark. Sockets themselves stay shared.
"""

import gc
import os
import select
import selectors
import sys
from typing import Any, Final

from crossroads.errors import RingError

_EPOLL: Final = "anon_inode:[eventpoll]"
_selector_class: Any = getattr(selectors, "EpollSelector", None)
_listdir, _readlink, _dup2, _epoll = os.listdir, os.readlink, os.dup2, getattr(select, "epoll", None)


class Loops:
    """What is to be put right in a life; made in the life that marks, just before the fork.

    Raises:
        RingError: there is an epoll object that doesn't belong to a selector of Python's.
    """

    def __init__(self) -> None:
        events = sys.modules.get("asyncio.events")
        self._running: Any = events._get_running_loop() if events is not None else None
        self._selectors: list[Any] = []
        numbers = _epolls()
        if numbers:
            self._selectors = [selector for selector in _selectors_of(self._running) if selector._selector.fileno() in numbers]
            if len(self._selectors) < len(numbers):
                self._selectors = _all_selectors(numbers)
            left = sorted(numbers - {selector._selector.fileno() for selector in self._selectors})
            if left:
                raise RingError(
                    f"mark() can't give each life an epoll object of its own for descriptor {left[0]}, which isn't a selector of Python's; "
                    "use asyncio's own event loop, or crossroads.worlds.asyncio.new_event_loop"
                )

    def renew(self) -> None:
        """In a life."""
        if self._running is not None:
            sys.modules["asyncio.events"]._set_running_loop(self._running)
        for selector in self._selectors:
            _renew(selector)


def _epolls() -> set[int]:
    found = set()
    for name in _listdir("/proc/self/fd"):
        try:
            if _readlink(f"/proc/self/fd/{name}") == _EPOLL:
                found.add(int(name))
        except OSError:
            pass
    return found


def _selectors_of(loop: Any) -> list[Any]:
    selector = getattr(loop, "_selector", None)
    return [one for one in (selector, getattr(selector, "_real", None)) if type(one) is _selector_class]


def _all_selectors(numbers: set[int]) -> list[Any]:
    """Every living selector with one of these epoll objects, found among all objects there are."""
    found = [one for one in gc.get_objects() if type(one) is _selector_class]
    return [one for one in found if not one._selector.closed and one._selector.fileno() in numbers]


def _renew(selector: Any) -> None:
    epoll = selector._selector
    assert _epoll is not None
    with _epoll() as new:
        _dup2(new.fileno(), epoll.fileno(), inheritable=False)
    for key in list(selector._fd_to_key.values()):
        wanted = (select.EPOLLIN if key.events & selectors.EVENT_READ else 0) | (
            select.EPOLLOUT if key.events & selectors.EVENT_WRITE else 0
        )
        try:
            epoll.register(key.fd, wanted)
        except OSError:
            pass
