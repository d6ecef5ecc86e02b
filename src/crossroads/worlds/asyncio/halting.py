"""Stopping what belongs to a life of a host in mid-loop: for good where it died, for a while where it is paused.

Ready callbacks stand in the loop's queue, timers in its heap, and everything that comes later goes through `_call_soon`, which is
replaced once anything is stopped, so that loops without such hosts pay nothing. Queued handles are cancelled or exchanged where they
stand, since the loop has counted them. Source: BaseEventLoop._run_once of CPython 3.11 to 3.13.
"""

import asyncio
import contextvars
import weakref
from asyncio import events
from heapq import heapify, heappush
from typing import Any, Final

from crossroads.worlds.asyncio.lives import Life, home_of
from crossroads.worlds.asyncio.tasks import context_of, living_tasks

_NOWHERE: Final = contextvars.Context()
"""A context of no host."""


class Halting:
    """Stops and resumes lives on the loops of a world."""

    def __init__(self) -> None:
        self._watched: list[weakref.ref[Any]] = []
        self._graves: list[object] = []
        self._filters = False

    def watch(self, loop: Any) -> None:
        """A loop of the world."""
        self._watched.append(weakref.ref(loop))
        if self._filters:
            self._filter(loop)

    @property
    def _loops(self) -> list[Any]:
        """Those that the program still has: a loop goes when nobody holds it, as on the stock loop."""
        return [loop for held in self._watched if (loop := held()) is not None]

    def drop(self, life: Life) -> None:
        """Nothing of a life that is dead ever runs again; for others its tasks count as cancelled."""
        self._begin()
        for handle in (*life.waiting, *life.timers):
            self.bury(handle)
        life.waiting.clear()
        life.timers.clear()
        for task in life.tasks:
            self.end_task(task)
        life.tasks.clear()
        for loop in self._loops:
            for handle in (*loop._ready, *loop._scheduled):
                if home_of(handle._context) is life:
                    self.bury(handle)
            for generator in list(life.generators):
                loop._asyncgens.discard(generator)
                self._graves.append(generator)
            for task in _tasks(loop, life):
                self.end_task(task)

    def bury(self, handle: Any) -> None:
        """Cancel a handle, but let go of nothing: what is collected runs its finally blocks."""
        self._graves.append((handle._callback, handle._args))
        handle.cancel()

    def instead_of(self, coro: Any) -> Any:
        """What a task of a dead life is made of, so that even an eager one runs none of its code."""
        self._graves.append(coro)
        return _never()

    def end_task(self, task: Any) -> None:
        """Let a task of a dead life count as cancelled, without any of its code being run; one that runs now, when it waits."""
        self._graves.append((task, task.get_coro()))
        asyncio.tasks._unregister_task(task)
        if getattr(task.get_coro(), "cr_running", False):
            loop = task.get_loop()
            loop.call_soon(_count_as_cancelled, task, context=_NOWHERE)
        else:
            _count_as_cancelled(task)

    def park(self, life: Life) -> None:
        """What belongs to a paused life waits."""
        self._begin()
        for loop in self._loops:
            ready = loop._ready
            for position, handle in enumerate(ready):
                if home_of(handle._context) is life and not handle._cancelled:
                    ready[position] = _blank(loop)
                    life.waiting.append(handle)
            parked = [timer for timer in loop._scheduled if home_of(timer._context) is life]
            if parked:
                loop._scheduled[:] = [timer for timer in loop._scheduled if home_of(timer._context) is not life]
                heapify(loop._scheduled)
                life.timers += parked
            for task in _tasks(loop, life):
                self.park_task(task, life)

    def park_task(self, task: Any, life: Life) -> None:
        """A task of a paused life isn't among those that a loop ends before it closes."""
        asyncio.tasks._unregister_task(task)
        life.tasks.append(task)

    def unpark(self, life: Life) -> None:
        """A life goes on."""
        for task in life.tasks:
            asyncio.tasks._register_task(task)
        for timer in life.timers:
            heappush(timer._loop._scheduled, timer)
        for handle in life.waiting:
            handle._loop._ready.append(handle)
        life.tasks.clear()
        life.timers.clear()
        life.waiting.clear()

    def _begin(self) -> None:
        if not self._filters:
            self._filters = True
            for loop in self._loops:
                self._filter(loop)

    def _filter(self, loop: Any) -> None:
        stock, ready = loop._call_soon, loop._ready

        def call_soon(callback: Any, args: Any, context: Any) -> Any:
            handle = stock(callback, args, context)
            home = home_of(handle._context)
            if home is not None and home.stopped:
                ready.pop()
                if home.dead:
                    self.bury(handle)
                else:
                    home.waiting.append(handle)
            return handle

        loop.filter_callbacks(call_soon)


def _tasks(loop: Any, life: Life) -> list[Any]:
    return [task for task in living_tasks(loop) if home_of(context_of(task)) is life]


def _count_as_cancelled(task: Any) -> None:
    super(asyncio.Task, task).cancel()


def _blank(loop: Any) -> events.Handle:
    handle = events.Handle(_nothing, (), loop, _NOWHERE)
    handle.cancel()
    return handle


def _nothing() -> None:
    pass


async def _never() -> None:
    await asyncio.get_running_loop().create_future()
