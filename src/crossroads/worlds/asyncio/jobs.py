"""Executors: the jobs of thread pools run deterministically, and take a time that the world decides.

A job begins when a worker is free, runs as a whole, without a thread, and is done some time later; what it sleeps is part of that time. Its
own effects come at its beginning, its result at its end, as with a real thread that was quick to start and slow to report.
"""

import asyncio
import concurrent.futures
from asyncio import events
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.lives import PLACE, Life, Visit
from crossroads.worlds.asyncio.traffic import Passage, Traffic
from crossroads.worlds.patches import Patches

WORKERS_MAX: Final = 32


class Job(concurrent.futures.Future[Any]):
    """What `submit` returns: a future whose `result()` may be asked for at once, which lets time pass."""

    finish: "Callable[[], None] | None" = None

    def result(self, timeout: float | None = None) -> Any:
        self._force()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> Any:
        self._force()
        return super().exception(timeout)

    def _force(self) -> None:
        if self.finish is not None and not self.done():
            self.finish()


class _Pool:
    """The jobs of one executor."""

    __slots__ = ("busy", "name", "running", "started", "waiting", "workers")

    def __init__(self, name: str, workers: int) -> None:
        self.name, self.workers = name, workers
        self.busy = self.started = 0
        self.running: list[Job] = []
        self.waiting: deque[tuple[Job, Callable[..., Any], Any, Any]] = deque()


class Jobs:
    """Replaces what thread pools do with their jobs.

    Args:
        traffic: where the ends of jobs are on their way.
        clock: has `elapsed_ns`.
    """

    def __init__(self, traffic: Traffic, clock: Any) -> None:
        self._traffic, self._clock = traffic, clock
        self._pools = 0

    def install(self, patches: Patches) -> None:
        """Patch `ThreadPoolExecutor`, and refuse process pools."""
        pool = concurrent.futures.ThreadPoolExecutor
        jobs = self

        def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Job:
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            return jobs._submit(jobs._pool(self), fn, args, kwargs)

        def shutdown(self: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
            self._shutdown = True
            jobs._shut(jobs._pool(self), wait, cancel_futures)

        patches.set(pool, "submit", submit)
        patches.set(pool, "shutdown", shutdown)
        patches.set(concurrent.futures.ProcessPoolExecutor, "submit", _refuse_processes)

    def unfinished(self, executor: Any) -> list[Job]:
        """The jobs of an executor that aren't done yet."""
        pool = self._pool(executor)
        return [*pool.running, *(job for job, *_ in pool.waiting)]

    def _pool(self, executor: Any) -> _Pool:
        pool: _Pool | None = vars(executor).get("_crossroads")
        if pool is None:
            self._pools += 1
            pool = executor._crossroads = _Pool(f"executor {self._pools}", min(executor._max_workers, WORKERS_MAX))
            if executor._initializer is not None:
                executor._initializer(*executor._initargs)
        return pool

    def _submit(self, pool: _Pool, function: Callable[..., Any], args: Any, kwargs: Any) -> Job:
        job = Job()
        job.finish = lambda: self._drain(pool, job)
        place = PLACE.get()
        if place is not None:
            function = _belonging(function, place)
        pool.waiting.append((job, function, args, kwargs))
        if pool.busy < pool.workers:
            pool.busy += 1
            self._traffic.soon(f"{pool.name}, start", lambda: self._begin(pool))
        return job

    def _begin(self, pool: _Pool) -> None:
        """A worker looks for its next job."""
        while pool.waiting:
            job, function, args, kwargs = pool.waiting.popleft()
            if not _is_dead(function) and job.set_running_or_notify_cancel():
                self._live(pool, job, function, args, kwargs)
                return
        pool.busy -= 1

    def _live(self, pool: _Pool, job: Job, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        pool.started += 1
        pool.running.append(job)
        began = self._clock.elapsed_ns
        loop = events._get_running_loop()
        events._set_running_loop(None)
        task = asyncio.current_task(loop) if loop is not None else None
        if task is not None:
            asyncio.tasks._leave_task(loop, task)  # type: ignore[attr-defined]
        try:
            result, error = function(*args, **kwargs), None
        except BaseException as raised:
            result, error = None, raised
        finally:
            if task is not None:
                asyncio.tasks._enter_task(loop, task)  # type: ignore[attr-defined]
            events._set_running_loop(loop)
            took, self._clock.elapsed_ns = self._clock.elapsed_ns - began, began
        name = f"{pool.name}, job {pool.started} ({getattr(function, '__name__', type(function).__name__)})"

        def end() -> None:
            job.finish = None
            pool.running.remove(job)
            if error is not None:
                job.set_exception(error)
            else:
                job.set_result(result)
            self._begin(pool)

        flight = self._traffic.launch(name, end, least=took / 1e9)
        job.finish = lambda: self._land(flight)

    def _land(self, flight: Passage) -> None:
        """The program waits for the end of a job, and blocks everything else until then."""
        if not flight.landed and not flight.dropped:
            self._traffic.drop(flight)
            self._clock.elapsed_ns = max(self._clock.elapsed_ns, flight.since + flight.least)
            flight.landed = True
            flight.arrive()

    def _drain(self, pool: _Pool, job: Job) -> None:
        """The program waits for a job that hasn't begun: those before it and it run now."""
        while not job.done() and any(entry[0] is job for entry in pool.waiting):
            self._begin(pool)
        if job.finish is not None and not job.done():
            job.finish()

    def _shut(self, pool: _Pool, wait: bool, cancel: bool) -> None:
        if cancel:
            for job, *_ in pool.waiting:
                job.cancel()
        if wait:
            for job, *_ in list(pool.waiting):
                if not job.done():
                    self._drain(pool, job)


def _belonging(function: Callable[..., Any], place: Visit | Life) -> Callable[..., Any]:
    """The function of a job that is at a place, for what it makes and as long as its home lives."""

    @wraps(function, updated=())
    def job(*args: Any, **kwargs: Any) -> Any:
        token = PLACE.set(place)
        try:
            return function(*args, **kwargs)
        finally:
            PLACE.reset(token)

    job.home = place.home  # type: ignore[attr-defined]
    return job


def _is_dead(function: Callable[..., Any]) -> bool:
    home = getattr(function, "home", None)
    return isinstance(home, Life) and home.dead


def _refuse_processes(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    raise NotSimulated(
        "ProcessPoolExecutor.submit() isn't simulated in the asyncio world: other processes are outside of it; use a ThreadPoolExecutor"
    )
