"""Executors: the jobs of thread pools run deterministically, and take a time that the world decides.

A job begins when a worker is free, and runs without a thread, as an errand. Its own effects come at its beginning, as far as it doesn't
sleep or wait, and its result at its end, as with a real thread that was quick to start and slow to report.
"""

import concurrent.futures
import contextvars
import re
from collections import deque
from collections.abc import Callable
from functools import wraps
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio import workers
from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.errands import Errand, Errands, callable_name
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.lives import PLACE, Life, Visit
from crossroads.worlds.asyncio.passage import Passage
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.asyncio.workers import Worker, WorkerThread
from crossroads.worlds.clock import READING_NS
from crossroads.worlds.patches import Patches

WORKERS: Final = 12
"""Of a pool whose size isn't given; the machine's processors would make it differ from machine to machine."""

WORKERS_MAX: Final = 32

_NUMBERED: Final = re.compile(r"ThreadPoolExecutor-\d+")
"""What the standard library calls the threads of a pool that isn't given a name: by how many there were in the process."""


@named_as(concurrent.futures.Future)
class Job(concurrent.futures.Future[Any]):
    """What `submit` returns, with a hash of its own, so that sets of jobs iterate in an order that a timeline fixes."""

    def __init__(self, pool: "Pool", number: int) -> None:
        super().__init__()
        self.pool, self._number = pool, number

    def __hash__(self) -> int:
        return self._number


class _Waiting(NamedTuple):
    job: Job
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    label: str


class _Running:
    """A job under way: `flight` is its end, None as long as it waits for something."""

    __slots__ = ("errand", "flight", "job")

    def __init__(self, job: Job, errand: Errand) -> None:
        self.job, self.errand = job, errand
        self.flight: Passage | None = None


class Pool:
    """The workers and jobs of one executor.

    Args:
        name: stable from run to run.
        workers: at most so many jobs run at the same time.
        prefix: what the names of its threads begin with.
        prepare: what each worker does first.
        reports: whether the end of a job takes a time to get known; False where jobs make calls of their own for that.
    """

    __slots__ = (
        "busy",
        "free",
        "last",
        "made",
        "name",
        "prefix",
        "prepare",
        "reports",
        "running",
        "started",
        "starting",
        "waiting",
        "workers",
    )

    def __init__(self, name: str, workers: int, prefix: str, prepare: Callable[[], None] | None = None, *, reports: bool = True) -> None:
        self.name, self.workers, self.prefix, self.prepare, self.reports = name, workers, prefix, prepare, reports
        self.busy = self.made = self.started = 0
        self.free: list[tuple[int, Worker]] = []
        self.starting: list[Passage] = []
        self.running: list[_Running] = []
        self.waiting: deque[_Waiting] = deque()
        self.last: Passage | None = None

    def unfinished(self) -> list[Job]:
        return [*(run.job for run in self.running), *(entry.job for entry in self.waiting if not entry.job.done())]


class Jobs:
    """Replaces what thread pools do with their jobs.

    Args:
        traffic: where the ends of jobs are on their way.
        clock: has `elapsed_ns`, which may be read and written.
    """

    def __init__(self, traffic: Traffic, clock: Any) -> None:
        self._traffic, self._clock = traffic, clock
        self.errands = Errands(traffic, clock)
        self._pools = self._jobs = self._workers = 0
        self._at_work: dict[Pool, None] = {}

    def install(self, patches: Patches) -> None:
        """Patch `ThreadPoolExecutor`, and refuse process pools."""
        pool = concurrent.futures.ThreadPoolExecutor
        jobs, stock_init = self, pool.__init__
        workers.install(self.errands, patches)

        def init(self: Any, max_workers: int | None = None, *args: Any, **kwargs: Any) -> None:
            stock_init(self, WORKERS if max_workers is None else max_workers, *args, **kwargs)

        def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Job:
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            return jobs.submit(jobs._pool(self), fn, args, kwargs)

        def shutdown(self: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
            self._shutdown = True
            jobs._shut(jobs._pool(self), wait, cancel_futures)

        patches.set(pool, "__init__", init)
        patches.set(pool, "submit", submit)
        patches.set(pool, "shutdown", shutdown)
        patches.set(concurrent.futures.ProcessPoolExecutor, "submit", _refuse_processes)

    def reset(self) -> None:
        """Begin anew with the names of executors and the numbers of jobs and workers."""
        self._pools = self._jobs = self._workers = 0
        self._at_work.clear()
        self.errands.reset()

    def unfinished(self, executor: Any) -> list[Job]:
        """The jobs of an executor that aren't done yet."""
        return self._pool(executor).unfinished()

    def submit(self, pool: Pool, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], label: str = "") -> Job:
        """Give a pool another job, called `label` or else as its function is."""
        self._jobs += 1
        job = Job(pool, self._jobs)
        label = label or callable_name(function)
        place = PLACE.get()
        if place is not None:
            function = _belonging(function, place)
        pool.waiting.append(_Waiting(job, function, args, kwargs, label))
        if pool.busy < pool.workers:
            pool.busy += 1
            self._at_work[pool] = None
            flight = self._traffic.soon(f"{pool.name}, start", lambda: self._start(pool, flight))
            pool.starting.append(flight)
        return job

    def advance(self, futures: list[concurrent.futures.Future[Any]], deadline: int) -> bool:
        """Let the caller, who blocks its thread, wait until one of the futures is done; False: it is `deadline` before that.

        Args:
            futures: none of them done.
            deadline: in nanoseconds of the clock, NEVER for none.

        Raises:
            NotSimulated: nothing can be done by any thread until the caller goes on.
        """
        while not any(future.done() for future in futures):
            pools = list(dict.fromkeys(future.pool for future in futures if isinstance(future, Job)))
            for pool in pools:
                while pool.starting:
                    self._traffic.force(pool.starting[0])
            ends = [run for pool in pools for run in pool.running if run.flight is not None]
            if any(future.done() for future in futures):
                break
            first = min(ends, key=lambda run: (_when(run.flight), run.job._number), default=None)
            if first is not None and not any(_when(flight) < _when(first.flight) for flight in self.errands.due()):
                if _when(first.flight) > deadline:
                    self._clock.elapsed_ns = max(self._clock.elapsed_ns, deadline)
                    return False
                self._land(first)
            elif self.errands.current is not None:
                self.errands.set_aside(futures, None if deadline == NEVER else deadline)
                if self._clock.elapsed_ns >= deadline and not any(future.done() for future in futures):
                    return False
            elif not self._let_one_go_on(deadline):
                if deadline == NEVER:
                    raise NotSimulated(
                        "waiting for another thread here, by a future or a lock, would block its event loop for ever, as nothing but "
                        "the loop can end the wait; await asyncio.wrap_future(the future), or use the locks of asyncio"
                    )
                self._clock.elapsed_ns = max(self._clock.elapsed_ns, deadline)
                return False
        return True

    def _let_one_go_on(self, deadline: int) -> bool:
        """The thread of the loop is blocked: let the job go on that can first; False: none can until `deadline`."""
        flights = [*(flight for pool in self._at_work for flight in pool.starting), *self.errands.due()]
        running = [run for pool in self._at_work for run in pool.running if run.flight is not None]
        every: list[Passage | _Running] = [*flights, *running]
        one = min(every, key=_ready, default=None)
        if one is None or _ready(one) > deadline:
            return False
        if isinstance(one, _Running):
            self._land(one)
        else:
            self._clock.elapsed_ns = max(self._clock.elapsed_ns, _ready(one))
            self._traffic.force(one)
        return True

    def now(self) -> float:
        """Seconds of the clock, which reading it moves, as it does everywhere."""
        self._clock.elapsed_ns += READING_NS
        return float(self._clock.elapsed_ns / 1e9)

    def deadline(self, timeout: float | None) -> int:
        """`timeout` seconds from now in nanoseconds of the clock."""
        return NEVER if timeout is None else min(int(self._clock.elapsed_ns + max(timeout, 0.0) * 1e9), NEVER - 1)

    # Inside.

    def _pool(self, executor: Any) -> Pool:
        pool: Pool | None = vars(executor).get("_crossroads")
        if pool is None:
            self._pools += 1
            initializer, arguments = executor._initializer, executor._initargs
            prepare = None if initializer is None else lambda: initializer(*arguments)
            prefix = _NUMBERED.sub(f"ThreadPoolExecutor-{self._pools - 1}", executor._thread_name_prefix)
            pool = executor._crossroads = Pool(f"executor {self._pools}", min(executor._max_workers, WORKERS_MAX), prefix, prepare)
        return pool

    def _start(self, pool: Pool, flight: Passage) -> None:
        pool.starting.remove(flight)
        self._begin(pool)

    def _begin(self, pool: Pool) -> None:
        """A worker looks for its next job."""
        while pool.waiting:
            entry = pool.waiting.popleft()
            if not _is_dead(entry.function) and entry.job.set_running_or_notify_cancel():
                self._live(pool, entry)
                return
        pool.busy -= 1
        if not pool.busy:
            self._at_work.pop(pool, None)

    def _live(self, pool: Pool, entry: _Waiting) -> None:
        pool.started += 1
        worker = self._worker(pool)
        run = _Running(entry.job, Errand(f"{pool.name}, job {pool.started} ({entry.label})", worker, pool.last))
        pool.running.append(run)

        def body() -> None:
            result, error = None, None
            try:
                if pool.prepare is not None and not worker.is_prepared:
                    worker.is_prepared = True
                    pool.prepare()
                result = contextvars.Context().run(entry.function, *entry.args, **entry.kwargs)
            except BaseException as raised:
                error = raised
            self._launch_end(pool, run, lambda: self._end(pool, run, result, error))

        self.errands.run(run.errand, body)

    def _worker(self, pool: Pool) -> Worker:
        """The first worker of a pool that is free, or another one."""
        if pool.free:
            return heappop(pool.free)[1]
        pool.made += 1
        self._workers += 1
        return Worker(pool.made, WorkerThread(f"{pool.prefix}_{pool.made - 1}", self._workers))

    def _launch_end(self, pool: Pool, run: _Running, end: Callable[[], None]) -> None:
        name, last = run.errand.name, run.errand.last
        if pool.reports:
            run.flight = self._traffic.launch(name, end, behind=last)
        else:
            run.flight, pool.last = self._traffic.soon(name, end, at=self._clock.elapsed_ns), last

    def _end(self, pool: Pool, run: _Running, result: Any, error: BaseException | None) -> None:
        pool.running.remove(run)
        heappush(pool.free, (run.errand.worker.number, run.errand.worker))
        if error is not None:
            run.job.set_exception(error)
        else:
            run.job.set_result(result)
        self._begin(pool)

    def _land(self, run: _Running) -> None:
        """The program waits for the end of a job, and blocks its thread until then."""
        assert run.flight is not None
        for flight in [*run.errand.calls, run.flight]:
            self._clock.elapsed_ns = max(self._clock.elapsed_ns, _when(flight))
            self._traffic.force(flight)

    def _shut(self, pool: Pool, wait: bool, cancel: bool) -> None:
        if cancel:
            for entry in pool.waiting:
                entry.job.cancel()
        if wait:
            for job in pool.unfinished():
                if not job.done():
                    self.advance([job], NEVER)


def _when(flight: Passage | None) -> int:
    """The earliest time at which a flight can arrive."""
    assert flight is not None
    return flight.floor if flight.due == NEVER else flight.due


def _ready(one: Passage | _Running) -> int:
    return _when(one.flight if isinstance(one, _Running) else one)


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
