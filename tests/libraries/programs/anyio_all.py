"""anyio on asyncio: threads, TCP, task groups, memory streams, limits and cancel scopes."""

import contextvars
import time

import anyio
import anyio.to_thread
from anyio.abc import SocketAttribute, SocketStream

place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")


async def threads() -> None:
    place.set("here")
    results: dict[int, int] = {}

    async def square(number: int) -> None:
        results[number] = await anyio.to_thread.run_sync(pow, number, 2)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(square, number)
    assert results == {number: number * number for number in range(5)}
    assert await anyio.to_thread.run_sync(place.get) == "here"
    with anyio.move_on_after(0.01) as scope:
        await anyio.to_thread.run_sync(time.sleep, 0.05, abandon_on_cancel=True)
        assert not scope.cancelled_caught
    try:
        await anyio.to_thread.run_sync(int, "no number", limiter=anyio.CapacityLimiter(1))
        raise AssertionError("an error in a thread was lost")
    except ValueError:
        pass


async def tcp() -> None:
    async def shout(stream: SocketStream) -> None:
        async with stream:
            while True:
                try:
                    await stream.send((await stream.receive()).upper())
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, shout)
        port = listener.extra(SocketAttribute.local_port)
        for host in ("127.0.0.1", "localhost"):
            async with await anyio.connect_tcp(host, port) as client:
                await client.send(b"hello")
                answer = b""
                while len(answer) < 5:
                    answer += await client.receive()
                assert answer == b"HELLO"
                await client.send_eof()
        group.cancel_scope.cancel()
    await listener.aclose()


async def streams() -> None:
    send, receive = anyio.create_memory_object_stream[int](2)
    got: list[int] = []

    async def produce() -> None:
        async with send:
            for number in range(10):
                await send.send(number)

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        async with receive:
            async for number in receive:
                got.append(number)
    assert got == list(range(10))


async def scopes() -> None:
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(10)
    assert scope.cancelled_caught
    caught = 0
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 10)
            raise ValueError("enough")
    except* ValueError as errors:
        caught = len(errors.exceptions)
    assert caught == 1


async def main() -> None:
    await threads()
    await tcp()
    await streams()
    await scopes()
