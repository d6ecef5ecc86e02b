"""The loop on its own: virtual time, calm order, and the real world awaited where there is one."""

import asyncio
import gc
import socket
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from crossroads.worlds.asyncio import new_event_loop


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


def test_a_year_of_sleep_costs_nothing() -> None:
    async def main() -> float:
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time() - before

    assert run(main) == pytest.approx(365 * 86_400)


def test_two_lives_are_the_same() -> None:
    async def main() -> list[tuple[float, int]]:
        log: list[tuple[float, int]] = []

        async def nap(number: int) -> None:
            await asyncio.sleep(number % 3)
            log.append((asyncio.get_running_loop().time(), number))

        await asyncio.wait([asyncio.create_task(nap(number)) for number in range(20)])
        return log

    log = run(main)
    assert log == run(main) == sorted(log)


def test_a_job_is_awaited_before_time_jumps() -> None:
    async def main() -> str:
        go = threading.Event()
        job = asyncio.get_running_loop().run_in_executor(None, go.wait)
        asyncio.get_running_loop().call_soon(go.set)
        done, _ = await asyncio.wait([job, asyncio.create_task(asyncio.sleep(3600))], return_when=asyncio.FIRST_COMPLETED)
        return "job" if job in done else "timer"

    assert run(main) == "job"


def test_a_job_that_a_pool_was_given_directly_is_awaited_before_time_jumps() -> None:
    with ThreadPoolExecutor(1) as pool:

        async def main() -> float:
            loop = asyncio.get_running_loop()
            for _ in range(20):
                await asyncio.wrap_future(pool.submit(threading.Event().wait, 0.001))
            waited = loop.time()
            await asyncio.sleep(600)
            return loop.time() - waited

        assert run(main) == 600


def test_a_thread_is_awaited_before_time_jumps() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, "thread"))
        thread.start()
        said = await asyncio.wait_for(future, 3600)
        thread.join()
        return str(said)

    assert run(main) == "thread"


def test_time_jumps_as_soon_as_a_thread_has_ended_without_a_word() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        threading.Thread(target=threading.Event().wait, args=(0.01,)).start()
        began = loop.time()
        await asyncio.sleep(20)
        return loop.time() - began

    assert run(main) == 20


def test_real_sockets_on_the_loopback() -> None:
    async def main() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        answer = await asyncio.wait_for(reader.read(), 3600)
        writer.close()
        server.close()
        return answer

    assert run(main) == b"HELLO\n"


def test_real_pair_of_sockets() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            other.setblocking(False)
            _, data = await asyncio.gather(loop.sock_sendall(one, b"hello"), loop.sock_recv(other, 100))
        return bytes(data)

    assert run(main) == b"hello"


def test_a_deadlock_is_told() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing is left to happen"):
        run(main)


def test_a_closed_loop_takes_nothing() -> None:
    loop = new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


def test_a_closed_socket_is_still_found_by_its_reader() -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        for here, there in (socket.socketpair(), socket.socketpair()):
            here.setblocking(False)
            loop.add_reader(here, print)
            here.close()
            there.close()
            assert loop.remove_reader(here)
        return True

    assert run(main)


def test_a_timer_that_never_falls_due_keeps_nobody_waiting() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.call_at(float("inf"), print)
        await asyncio.sleep(1)
        return loop.time()

    assert run(main) == pytest.approx(1)


async def sleep() -> None:
    await asyncio.sleep(1)


async def talk() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    await reader.read()
    writer.close()
    server.close()
    await server.wait_closed()


async def job() -> None:
    await asyncio.to_thread(len, "job")


@pytest.mark.parametrize("main", [sleep, talk, job])
def test_a_closed_loop_goes_without_the_garbage_collector_as_the_stock_loop_does(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(main())
            loop = weakref.ref(runner.get_loop())
        del runner
        assert loop() is None
    finally:
        gc.enable()
