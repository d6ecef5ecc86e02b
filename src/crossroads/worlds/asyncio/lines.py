"""A thread that lives on a queue, as libraries start them: each item that is put becomes a job, one after the other.

The library's own function runs for each item, up to where it would wait for the next.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from crossroads.worlds.asyncio.jobs import Jobs, Pool


class Enough(BaseException):
    """The queue has no further item: ends the thread's function, which begins anew with the next item."""


class Line:
    """Stands for the queue.

    Args:
        jobs: run the items.
        name: of the thread, stable from run to run.
        describe: the name of an item.
    """

    def __init__(self, jobs: Jobs, name: str, describe: Callable[[Any], str]) -> None:
        self._jobs, self._describe = jobs, describe
        self._pool = Pool(name, 1, name, reports=False)
        self._work: Callable[[], Any] | None = None
        self._items: deque[Any] = deque()
        self._unsent: deque[Any] = deque()

    def begin(self, work: Callable[[], Any]) -> None:
        """The thread starts; `work` takes items by `get`, and passes `Enough` on."""
        self._work = work
        while self._unsent:
            self.put_nowait(self._unsent.popleft())

    def put_nowait(self, item: Any) -> None:
        if self._work is None:
            self._unsent.append(item)
        else:
            self._jobs.submit(self._pool, self._serve, (item,), {}, label=self._describe(item))

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self.put_nowait(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self._items:
            raise Enough
        return self._items.popleft()

    def task_done(self) -> None:
        pass

    def _serve(self, item: Any) -> None:
        assert self._work is not None
        self._items.append(item)
        try:
            self._work()
        except Enough:
            pass
        finally:
            self._items.clear()


class LineThread(threading.Thread):
    """A thread whose only argument is its line."""

    def start(self) -> None:
        line = self._args[0]  # type: ignore[attr-defined]
        line.begin(lambda: self._target(line))  # type: ignore[attr-defined]

    def join(self, timeout: float | None = None) -> None:
        pass
