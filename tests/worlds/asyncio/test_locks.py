"""Locks of threading between jobs, and between jobs and their loop: what holds for threads holds in every future."""

import asyncio
import copy
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jobs_tools import Place, Stuck

from crossroads.errors import NotSimulated
from crossroads.worlds import outsiders
from crossroads.worlds.asyncio import locks
from crossroads.worlds.patches import Patches

STOCK = {"lock": threading.Lock, "rlock": threading.RLock}


@pytest.fixture(params=range(8))
def place(request: pytest.FixtureRequest) -> Place:
    pytest.importorskip("greenlet")
    return Place(request.param)


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> object:
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("kind", STOCK)
def test_a_thread_alone_sees_what_stock_locks_show(kind: str) -> None:
    def story(make: Callable[[], Any]) -> list[object]:
        lock = make()
        seen: list[object] = [attempt(lock.release), lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=0)]
        seen += [attempt(lock.acquire, False, 1), attempt(lock.acquire, True, -2), attempt(lock.acquire, True, 1e10)]
        while attempt(lock.release) is None:
            seen.append("released")
        with lock as entered:
            seen.append(entered)
        condition = threading.Condition(lock)
        seen += [attempt(condition.wait, 0), attempt(condition.notify)]
        with condition:
            seen += [condition.wait(0), condition.notify()]
        return [*seen, attempt(copy.copy, lock), attempt(lock.acquire, False)]

    ours, patches = Place(0), Patches()
    stock = story(STOCK[kind])
    locks.install(ours.jobs, patches)
    try:
        assert story({"lock": threading.Lock, "rlock": threading.RLock}[kind]) == stock
    finally:
        patches.undo()


def test_an_outsider_is_given_stock_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = [type(threading.Lock()), type(threading.RLock())]
    monkeypatch.setattr(outsiders, "FOLDERS", [str(Path(__file__).parent)])
    ours, patches = Place(0), Patches()
    locks.install(ours.jobs, patches)
    try:
        assert [type(threading.Lock()), type(threading.RLock())] == stock
        assert type(threading.Condition()._lock) is stock[1]  # type: ignore[attr-defined]
        monkeypatch.setattr(outsiders, "FOLDERS", [])
        assert not {type(threading.Lock()), type(threading.RLock())} & set(stock)
    finally:
        patches.undo()


def test_a_job_gets_what_the_loop_puts_later(place: Place) -> None:
    async def program() -> None:
        letters: queue.Queue[str] = queue.Queue()
        postman = asyncio.create_task(asyncio.to_thread(letters.get))
        await asyncio.sleep(1)
        assert not postman.done()
        letters.put("hello")
        assert await postman == "hello"

    place.run(program)


def test_the_loop_goes_on_while_a_full_queue_is_emptied(place: Place) -> None:
    async def program() -> None:
        crates: queue.Queue[int] = queue.Queue(maxsize=1)

        def fill() -> None:
            for number in range(5):
                crates.put(number)

        filling = asyncio.create_task(asyncio.to_thread(fill))
        got = [await asyncio.to_thread(crates.get) for _ in range(5)]
        await filling
        assert got == [0, 1, 2, 3, 4]

    place.run(program)


def test_jobs_take_turns_by_a_condition(place: Place) -> None:
    async def program() -> None:
        turn, condition, heard = 0, threading.Condition(), []

        def speak(number: int) -> None:
            nonlocal turn

            def is_mine() -> bool:
                return turn % 2 == number

            for _ in range(3):
                with condition:
                    condition.wait_for(is_mine)
                    heard.append(number)
                    turn += 1
                    condition.notify_all()

        await asyncio.gather(asyncio.to_thread(speak, 0), asyncio.to_thread(speak, 1))
        assert heard == [0, 1, 0, 1, 0, 1]

    place.run(program)


def test_waits_end_in_time(place: Place) -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert not await asyncio.to_thread(threading.Event().wait, 5)
        assert 5 <= loop.time() - began < 7
        with pytest.raises(queue.Empty):
            await asyncio.to_thread(queue.Queue[int]().get, True, 3)
        with pytest.raises(queue.Empty):
            await asyncio.to_thread(queue.SimpleQueue[int]().get, True, 3)
        assert not await asyncio.to_thread(threading.Semaphore(0).acquire, True, 2)
        assert loop.time() - began >= 13

    place.run(program)


def test_a_lock_that_is_free_by_then_is_taken_after_a_time_limit(place: Place) -> None:
    async def program() -> None:
        lock = threading.Lock()
        assert lock.acquire()
        taking = asyncio.create_task(asyncio.to_thread(lock.acquire, True, 5))
        await asyncio.sleep(1)
        lock.release()
        assert await taking
        assert lock.locked()

    place.run(program)


def test_who_waited_in_vain_takes_nobodys_turn(place: Place) -> None:
    async def program() -> None:
        lock = threading.Lock()
        assert lock.acquire()
        hasty = asyncio.create_task(asyncio.to_thread(lock.acquire, True, 1))
        patient = asyncio.create_task(asyncio.to_thread(lock.acquire))
        assert not await hasty
        assert not patient.done()
        lock.release()
        assert await patient

    place.run(program)


def test_a_lock_of_one_job_isnt_another_ones(place: Place) -> None:
    async def program() -> None:
        lock, began = threading.RLock(), threading.Event()
        end = threading.Event()

        def hold() -> None:
            with lock, lock:
                began.set()
                end.wait()

        holding = asyncio.create_task(asyncio.to_thread(hold))
        await asyncio.to_thread(began.wait)
        assert not lock.acquire(blocking=False)
        with pytest.raises(RuntimeError):
            lock.release()
        assert not await asyncio.to_thread(lock.acquire, False)
        end.set()
        await holding
        assert lock.acquire(blocking=False)

    place.run(program)


def test_the_loops_thread_may_wait_for_a_job(place: Place) -> None:
    async def program() -> None:
        loop, done, more = asyncio.get_running_loop(), threading.Event(), threading.Event()

        def job() -> None:
            time.sleep(2)
            assert more.wait(1) is False
            done.set()

        running = loop.run_in_executor(None, job)
        began = loop.time()
        assert not done.wait(1)
        assert done.wait()
        assert loop.time() - began >= 2
        await running

    place.run(program)


def test_the_loops_thread_waits_for_jobs_behind_others(place: Place) -> None:
    async def program() -> None:
        done = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(time.sleep, 1)
            pool.submit(done.set)
            assert done.wait()

    place.run(program)


def test_what_nobody_can_end_is_told(place: Place) -> None:
    async def blocked() -> None:
        threading.Event().wait()

    with pytest.raises(NotSimulated, match="by a future or a lock"):
        place.run(blocked)

    async def waiting() -> None:
        await asyncio.to_thread(threading.Event().wait)

    with pytest.raises(Stuck):
        Place(0).run(waiting)
