"""Thread pools without threads: what holds for real ones holds in every future."""

import asyncio
import concurrent.futures
import contextvars
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jobs_tools import Place, Stuck

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio import errands

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


@pytest.fixture(params=range(8))
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


def test_jobs_of_one_worker_run_in_order_and_end_in_order(place: Place) -> None:
    done: list[int] = []

    async def program() -> list[int]:
        with ThreadPoolExecutor(max_workers=1) as pool:
            loop = asyncio.get_running_loop()
            return await asyncio.gather(*(loop.run_in_executor(pool, lambda n=n: done.append(n) or n) for n in range(5)))

    assert place.run(program) == done == [0, 1, 2, 3, 4]


def test_no_more_jobs_run_at_a_time_than_there_are_workers(place: Place) -> None:
    begun: list[int] = []

    async def program() -> None:
        with ThreadPoolExecutor(max_workers=2) as pool:
            jobs = [pool.submit(begun.append, number) for number in range(5)]
            while not all(job.done() for job in jobs):
                assert len(begun) - sum(job.done() for job in jobs) <= 2
                await asyncio.sleep(0)

    place.run(program)
    assert begun == [0, 1, 2, 3, 4]


def test_pools_of_several_workers_finish_in_different_orders() -> None:
    async def program() -> tuple[int, ...]:
        ended: list[int] = []

        async def one(number: int) -> None:
            await asyncio.to_thread(len, "")
            ended.append(number)

        await asyncio.gather(*(one(number) for number in range(3)))
        return tuple(ended)

    assert len({Place(seed).run(program) for seed in range(30)}) > 1


def test_what_a_job_sleeps_passes_and_the_loop_goes_on(place: Place) -> None:
    ticks: list[float] = []

    async def program() -> float:
        loop = asyncio.get_running_loop()

        async def tick() -> None:
            while True:
                await asyncio.sleep(0.1)
                ticks.append(loop.time())

        ticking, began = asyncio.create_task(tick()), loop.time()
        await asyncio.to_thread(time.sleep, 1.0)
        ticking.cancel()
        return loop.time() - began

    assert place.run(program) >= 0.999
    assert len(ticks) >= 9


def test_an_error_comes_back(place: Place) -> None:
    async def program() -> None:
        with pytest.raises(ValueError, match="no number"):
            await asyncio.to_thread(int, "no number")

    place.run(program)


def test_a_cancelled_job_that_waits_for_a_worker_never_begins(place: Place) -> None:
    begun: list[str] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1) as pool:
            first = loop.run_in_executor(pool, begun.append, "first")
            second = loop.run_in_executor(pool, begun.append, "second")
            second.cancel()
            await first
            with pytest.raises(asyncio.CancelledError):
                await second

    place.run(program)
    assert begun == ["first"]


def test_contexts_are_those_of_threads(place: Place) -> None:
    async def program() -> tuple[str, str]:
        user.set("tester")
        return await asyncio.to_thread(user.get), await asyncio.get_running_loop().run_in_executor(None, user.get)

    assert place.run(program) == ("tester", "nobody")


def test_no_loop_runs_and_no_task_is_current_in_a_job(place: Place) -> None:
    def look() -> str:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return "looked"

    async def program() -> None:
        assert await asyncio.to_thread(look) == "looked"
        with ThreadPoolExecutor() as pool:
            assert pool.submit(look).result() == "looked"
        assert asyncio.current_task() is not None

    place.run(program)


def test_results_may_be_asked_for_at_once(place: Place) -> None:
    def slow(number: int) -> int:
        time.sleep(0.5)
        return number

    async def program() -> None:
        with ThreadPoolExecutor(max_workers=2) as pool:
            began = asyncio.get_running_loop().time()
            jobs = [pool.submit(slow, number) for number in range(4)]
            assert jobs[3].result() == 3
            assert 0.999 <= asyncio.get_running_loop().time() - began < 1.5
            assert jobs[2].result() == 2
            assert isinstance(pool.submit(int, "no number").exception(), ValueError)
            with pytest.raises(TimeoutError):
                pool.submit(slow, 4).result(timeout=0.1)

    place.run(program)


def test_map_wait_and_as_completed(place: Place) -> None:
    def slow(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    async def program() -> None:
        with ThreadPoolExecutor(max_workers=3) as pool:
            assert list(pool.map(slow, (0.3, 0.2, 0.1))) == [0.3, 0.2, 0.1]
            jobs = [pool.submit(slow, seconds) for seconds in (3.0, 2.0, 1.0)]
            done, left = concurrent.futures.wait(jobs, timeout=0.5)
            assert (len(done), len(left)) == (0, 3)
            done, left = concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_COMPLETED)
            assert (len(done), len(left)) == (1, 2)
            assert [job.result() for job in concurrent.futures.as_completed(jobs)] == [1.0, 2.0, 3.0]
            assert concurrent.futures.wait(jobs).not_done == set()
            with pytest.raises(TimeoutError, match="1 \\(of 1\\) futures unfinished"):
                list(concurrent.futures.as_completed([pool.submit(slow, 5.0)], timeout=1.0))

    place.run(program)


def test_shutdown_waits_for_all_jobs_and_cancels_those_not_begun(place: Place) -> None:
    done: list[int] = []

    async def program() -> None:
        pool = ThreadPoolExecutor(max_workers=1)
        jobs = [pool.submit(done.append, number) for number in range(3)]
        pool.shutdown()
        assert all(job.done() for job in jobs)
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(len, "")
        other = ThreadPoolExecutor(max_workers=1)
        late = [other.submit(done.append, number) for number in range(3, 6)]
        other.shutdown(cancel_futures=True)
        assert all(job.cancelled() for job in late)

    place.run(program)
    assert done == [0, 1, 2]


def test_workers_are_prepared_once_each(place: Place) -> None:
    prepared: list[str] = []

    async def program() -> None:
        with ThreadPoolExecutor(max_workers=2, initializer=prepared.append, initargs=("ready",)) as pool:
            list(pool.map(len, ["a"] * 6))

    place.run(program)
    assert prepared == ["ready", "ready"]


def test_calls_into_the_loop_come_in_order_after_what_was_slept_and_before_the_end(place: Place) -> None:
    seen: list[tuple[str, float]] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()

        def note(what: str) -> None:
            seen.append((what, loop.time()))

        def job() -> None:
            loop.call_soon_threadsafe(note, "first")
            time.sleep(1.0)
            loop.call_soon_threadsafe(note, "second")

        began = loop.time()
        await asyncio.to_thread(job)
        note("end")
        assert seen[1][1] - began >= 0.999

    place.run(program)
    assert [what for what, _ in seen] == ["first", "second", "end"]


def test_a_future_that_only_the_loop_can_bring_is_refused_on_the_loop(place: Place) -> None:
    async def program() -> None:
        nothing: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with pytest.raises(NotSimulated, match="would block its event loop for ever"):
            nothing.result()
        with pytest.raises(TimeoutError):
            nothing.result(timeout=1.0)

    place.run(program)


def ask_the_loop(loop: asyncio.AbstractEventLoop) -> int:
    async def answer() -> int:
        await asyncio.sleep(1.0)
        return 42

    return asyncio.run_coroutine_threadsafe(answer(), loop).result()


def test_a_job_may_wait_for_its_loop(place: Place) -> None:
    pytest.importorskip("greenlet")

    async def program() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await asyncio.gather(*(asyncio.to_thread(ask_the_loop, loop) for _ in range(3))) == [42, 42, 42]
        assert loop.time() - began >= 0.999

    place.run(program)


def test_thread_locals_that_libraries_rely_on_are_those_of_the_job(place: Place) -> None:
    pytest.importorskip("greenlet")

    def job(loop: asyncio.AbstractEventLoop, local: Any, name: str) -> str:
        assert not vars(local)
        local.name = name
        ask_the_loop(loop)
        return str(local.name)

    async def program() -> None:
        class Session(threading.local):
            name = "nobody"

            def __init__(self, made: list[str]) -> None:
                made.append(threading.current_thread().name)

        made: list[str] = []
        loop, local = asyncio.get_running_loop(), Session(made)
        assert weakref.ref(local)() is local
        assert await asyncio.gather(*(asyncio.to_thread(job, loop, local, name) for name in "abc")) == ["a", "b", "c"]
        assert local.name == "nobody"
        assert sorted(made[1:]) == ["asyncio_0", "asyncio_1", "asyncio_2"]

    place.run(program)


def test_thread_locals_of_a_worker_outlast_its_jobs_and_are_prepared_with_it(place: Place) -> None:
    async def program() -> None:
        local = threading.local()

        def prepare() -> None:
            local.jobs = []

        def job(number: int) -> list[int]:
            local.jobs.append(number)
            return list(local.jobs)

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, initializer=prepare) as pool:
            found = [await loop.run_in_executor(pool, job, number) for number in range(3)]
        assert found == [[0], [0, 1], [0, 1, 2]]
        assert not hasattr(local, "jobs")

    place.run(program)


def test_a_job_is_on_a_thread_of_its_own(place: Place) -> None:
    def look() -> tuple[str, int, int]:
        thread = threading.current_thread()
        assert thread is not threading.main_thread()
        assert thread.is_alive()
        assert (thread.ident, thread.native_id) == (threading.get_ident(), threading.get_native_id())
        with pytest.raises(RuntimeError, match=r"no current event loop in thread 'crew_[01]'"):
            asyncio.get_event_loop()
        time.sleep(0.1)
        assert threading.current_thread() is thread
        return thread.name, threading.get_ident(), threading.get_native_id()

    async def program() -> None:
        loop, ident = asyncio.get_running_loop(), threading.get_ident()
        with ThreadPoolExecutor(2, thread_name_prefix="crew") as pool:
            jobs = [loop.run_in_executor(pool, look) for _ in range(2)]
            await asyncio.sleep(0.05)
            assert asyncio.get_event_loop() is loop
            assert (threading.get_ident(), threading.current_thread()) == (ident, threading.main_thread())
            found = await asyncio.gather(*jobs)
        assert sorted(name for name, _, _ in found) == ["crew_0", "crew_1"]
        assert len({ident, *(one for _, one, _ in found)}) == 3

    place.run(program)


def test_while_a_job_sleeps_the_loop_goes_on_and_sees_nothing_from_the_future(place: Place) -> None:
    def copy(progress: list[float], now: Callable[[], float]) -> None:
        for _ in range(4):
            time.sleep(0.01)
            progress.append(now())

    async def program() -> None:
        loop = asyncio.get_running_loop()
        began, progress, seen = loop.time(), list[float](), set[int]()
        job = asyncio.create_task(asyncio.to_thread(copy, progress, loop.time))
        while not job.done():
            await asyncio.sleep(0.004)
            assert all(at <= loop.time() for at in progress)
            assert len(progress) <= (loop.time() - began) / 0.01
            seen.add(len(progress))
        assert seen >= {0, 1, 2, 3}

    place.run(program)


def test_who_waits_for_a_job_has_those_that_wake_sooner_go_on_first(place: Place) -> None:
    async def program() -> None:
        done: list[str] = []

        def job(name: str, seconds: float) -> None:
            time.sleep(seconds)
            done.append(name)

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(job, name, seconds) for name, seconds in (("c", 3.0), ("a", 1.0), ("b", 2.0))]
            jobs[0].result()
        assert done == ["a", "b", "c"]

    place.run(program)


def test_without_greenlet_a_job_that_waits_for_its_loop_is_told_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "_greenlets", lambda: None)

    async def program() -> None:
        with pytest.raises(NotSimulated, match="install greenlet"):
            await asyncio.to_thread(ask_the_loop, asyncio.get_running_loop())

    place.run(program)


def test_a_job_that_waits_for_ever_ends_the_run() -> None:
    pytest.importorskip("greenlet")
    place = Place(0)

    async def program() -> None:
        await asyncio.to_thread(concurrent.futures.Future[Any]().result)

    with pytest.raises(Stuck):
        place.run(program)


def test_pools_have_the_same_size_on_every_machine(place: Place) -> None:
    async def program() -> int:
        return ThreadPoolExecutor()._max_workers

    assert place.run(program) == 12
