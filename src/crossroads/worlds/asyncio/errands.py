"""How a job of a thread runs on the loop's own thread: outside of the loop, in a time of its own, and set aside while it waits.

A job runs at once and as far as it gets. The time that it takes by itself moves its own clock alone; its calls into the loop
(`call_soon_threadsafe`) are on their way from that time on, and arrive in order, when the world decides. Where it sleeps, or waits for
something that only the loop can do, it is set aside in mid-call, which takes the package greenlet.
"""

import asyncio
import contextlib
import importlib
import threading
from asyncio import events
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.passage import Passage
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.asyncio.workers import Worker, WorkerThread

_get_ident = threading.get_ident


class Errand:
    """One job under way.

    Args:
        name: stable from run to run.
        worker: whose job it is.
        behind: the last call into the loop of the same thread, None where there is none.
    """

    __slots__ = ("calls", "calls_made", "greenlet", "last", "name", "until", "worker")

    def __init__(self, name: str, worker: Worker, behind: Passage | None = None) -> None:
        self.name, self.worker, self.last = name, worker, behind
        self.calls: list[Passage] = []
        self.calls_made = 0
        self.until = 0
        self.greenlet: Any = None


class Errands:
    """Runs errands, one at a time.

    Args:
        traffic: where their calls into the loop are on their way.
        clock: has `elapsed_ns`, which may be read and written.
    """

    def __init__(self, traffic: Traffic, clock: Any) -> None:
        self._traffic, self._clock = traffic, clock
        self.current: Errand | None = None
        self._home = threading.get_ident()
        self._due: list[Passage] = []
        self._aside: list[Errand] = []

    def run(self, errand: Errand, body: Callable[[], None]) -> None:
        """Run a job from now on, to its end or until it is set aside.

        Args:
            errand: not run yet.
            body: the job; raises nothing. The clock shows the job's own time in it.
        """
        greenlets = _greenlets()
        if greenlets is None:
            with self._outside(errand):
                body()
            return
        errand.greenlet = greenlets.greenlet(body)
        self._switch(errand)

    def set_aside(self, futures: list[Future[Any]], deadline: int | None) -> None:
        """Let the loop go on until one of the futures is done or the current errand's time is `deadline`.

        Raises:
            NotSimulated: the package greenlet isn't there.
        """
        errand = self.current
        assert errand is not None
        if errand.greenlet is None:
            raise NotSimulated(
                f"{errand.name} has to wait for its event loop, and can't be set aside meanwhile without the package greenlet; "
                "install greenlet"
            )
        woken = False

        def wake(what: object = None) -> None:
            nonlocal woken
            if not woken:
                woken = True
                self._expect(f"{errand.name}, goes on", lambda: self._resume(errand), errand.until)

        alarm = None if deadline is None else self._expect(f"{errand.name}, waited long enough", wake, deadline)
        self._aside.append(errand)
        for future in futures:
            future.add_done_callback(wake)
        errand.greenlet.parent.switch()
        if alarm is not None:
            self._traffic.drop(alarm)

    def sleep(self, seconds: float) -> bool:
        """Set the current errand aside for a time; False where there is none, or it can't be."""
        errand = self.current
        if errand is None or errand.greenlet is None:
            return False
        self._aside.append(errand)
        self._expect(f"{errand.name}, has slept", lambda: self._resume(errand), self._clock.elapsed_ns + round(seconds * 1e9))
        errand.greenlet.parent.switch()
        return True

    def thread(self) -> WorkerThread | None:
        """What the caller's thread is to itself; None where no job is running, or where it is another thread of the system's."""
        if self.current is None or _get_ident() != self._home:
            return None
        return self.current.worker.thread

    def due(self) -> list[Passage]:
        """When those that are set aside may go on."""
        self._due = [flight for flight in self._due if not flight.dropped and not flight.landed]
        return self._due

    def reset(self) -> None:
        """Begin anew; who is set aside never goes on."""
        self._due = []

    def call(self, loop: Any, callback: Callable[..., Any], args: tuple[Any, ...], context: Any) -> events.Handle:
        """`call_soon_threadsafe` of the current errand: it arrives some time after it was made, behind those made before."""
        errand = self.current
        assert errand is not None
        handle = events.Handle(callback, args, loop, context)

        def arrive() -> None:
            errand.calls.remove(flight)
            if not handle.cancelled() and not loop.is_closed():
                loop._ready.append(handle)
                loop._write_to_self()

        errand.calls_made += 1
        name = f"{errand.name}, call {errand.calls_made} ({callable_name(callback)})"
        flight = errand.last = self._traffic.launch(name, arrive, behind=errand.last)
        errand.calls.append(flight)
        return handle

    # Inside.

    def _expect(self, label: str, arrive: Callable[[], None], at: int) -> Passage:
        flight = self._traffic.soon(label, arrive, at=at)
        self._due = [*self.due(), flight]
        return flight

    def _resume(self, errand: Errand) -> None:
        self._aside.remove(errand)
        self._switch(errand)

    def _switch(self, errand: Errand) -> None:
        with self._outside(errand):
            errand.greenlet.parent = _greenlets().getcurrent()
            errand.greenlet.switch()

    @contextlib.contextmanager
    def _outside(self, errand: Errand) -> Iterator[None]:
        """As if on another thread: no loop runs, no task is current, and time that passes is its own."""
        began = self._clock.elapsed_ns
        loop: Any = events._get_running_loop()
        task = asyncio.current_task(loop) if loop is not None else None
        if task is not None:
            asyncio.tasks._leave_task(loop, task)
        events._set_running_loop(None)
        before, self.current = self.current, errand
        policy: Any = vars(events).get("_event_loop_policy")
        has_own = isinstance(policy, events.BaseDefaultEventLoopPolicy)
        if has_own:
            ours, policy._local = policy._local, errand.worker.policy or type(policy._local)()
        try:
            yield
        finally:
            if has_own:
                errand.worker.policy, policy._local = policy._local, ours
            self.current = before
            events._set_running_loop(loop)
            if task is not None:
                asyncio.tasks._enter_task(loop, task)
            errand.until, self._clock.elapsed_ns = self._clock.elapsed_ns, began


def callable_name(function: Any) -> str:
    """What a callable is called; what `asyncio.to_thread` and `partial` wrap rather than the wrapper."""
    while isinstance(function, partial):
        inner = function.func
        function = function.args[0] if getattr(inner, "__name__", "") == "run" and function.args else inner
    return getattr(function, "__name__", None) or type(function).__name__


def _greenlets() -> Any:
    """The package greenlet, None where it isn't installed."""
    try:
        return importlib.import_module("greenlet")
    except ImportError:
        return None
