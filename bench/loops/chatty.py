"""A chatty program: callbacks, timers, tasks, a queue and streams, and what each part took of the CPU; used by `loop_cost.py`.

It prints one line of JSON. The CPU seconds come from getrusage, which tells the truth inside of a run as well.
"""

import asyncio
import json
import resource
from collections.abc import Awaitable, Callable

CALLS, TIMERS, TASKS, STEPS, ITEMS, CLIENTS, REQUESTS = 60_000, 10_000, 20, 2_000, 20_000, 3, 500
PORT = 8766


async def calls() -> int:
    """A chain of callbacks, each of which schedules the next."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = CALLS

    def step() -> None:
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(step)
        else:
            done.set_result(CALLS)

    loop.call_soon(step)
    return await done


async def timers() -> int:
    """Timers that fall due one after the other, in ten rounds."""
    loop = asyncio.get_running_loop()
    fired = 0

    def fire() -> None:
        nonlocal fired
        fired += 1

    for _ in range(10):
        for number in range(TIMERS // 10):
            loop.call_later(1e-6 * number, fire)
        await asyncio.sleep(0.01)
    while fired < TIMERS:
        await asyncio.sleep(0.001)
    return fired


async def tasks() -> int:
    """Tasks that do nothing but give way."""

    async def work() -> int:
        for _ in range(STEPS):
            await asyncio.sleep(0)
        return STEPS

    return sum(await asyncio.gather(*(work() for _ in range(TASKS))))


async def queue() -> int:
    """A producer and a consumer with room for one item between them."""
    items: asyncio.Queue[int] = asyncio.Queue(1)

    async def produce() -> None:
        for number in range(ITEMS):
            await items.put(number)

    producer = asyncio.create_task(produce())
    total = 0
    for _ in range(ITEMS):
        await items.get()
        total += 1
    await producer
    return total


async def streams() -> int:
    """Clients that ask one server, a line at a time."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        for number in range(REQUESTS):
            writer.write(b"%d\n" % number)
            assert await reader.readline() == b"%d\n" % number
        writer.close()
        return REQUESTS

    server = await asyncio.start_server(serve, "127.0.0.1", PORT)
    answers = await asyncio.gather(*(ask() for _ in range(CLIENTS)))
    server.close()
    return sum(answers)


PARTS: dict[str, tuple[Callable[[], Awaitable[int]], int]] = {
    "call_soon": (calls, CALLS),
    "call_later": (timers, TIMERS),
    "tasks": (tasks, TASKS * STEPS),
    "queue": (queue, ITEMS),
    "streams": (streams, CLIENTS * REQUESTS),
}
"""Each part and how many things it has to get done."""


def cpu() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def main() -> None:
    """Run all parts and print what they took."""
    took = {}
    for name, (part, expected) in PARTS.items():
        began = cpu()
        assert await part() == expected
        took[name] = cpu() - began
    print(json.dumps(took), flush=True)
