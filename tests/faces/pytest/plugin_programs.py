"""Tests as one meets them: flaky for a reason each, and what they are tests of."""

DICE = """
import random

def test_dice():
    assert random.randint(1, 6) < 6, "a six"
"""

CONSUMER = '''
"""Workers take orders from a queue; one of them looks whether there is stock, waits for the payment, and only then takes it."""
import asyncio
import random


class Shop:
    def __init__(self, stock):
        self.stock = stock
        self.sold = 0

    async def sell(self):
        if self.stock > 0:
            await asyncio.sleep(random.uniform(0.01, 0.05))
            self.stock -= 1
            self.sold += 1


async def work(queue, shop):
    while True:
        await queue.get()
        await shop.sell()
        queue.task_done()


async def test_never_sells_more_than_there_is():
    shop, queue = Shop(stock=1), asyncio.Queue()
    workers = [asyncio.create_task(work(queue, shop)) for _ in range(2)]
    queue.put_nowait("first order")
    await asyncio.sleep(random.uniform(0.01, 0.1))
    queue.put_nowait("second order")
    await queue.join()
    for worker in workers:
        worker.cancel()
    assert shop.stock >= 0, f"sold {shop.sold} of 1"


async def test_sells():
    shop, queue = Shop(stock=2), asyncio.Queue()
    worker = asyncio.create_task(work(queue, shop))
    queue.put_nowait("order")
    await queue.join()
    worker.cancel()
    assert shop.sold == 1
'''

SIMULATION = '''
"""A reservoir that is filled by rain and emptied by a town, with a level at which the pump is switched on."""
import random


def level_after(days, start=50.0):
    level = start
    for _ in range(days):
        level = min(100.0, level + random.expovariate(1 / 4.0))
        level -= random.uniform(3.0, 6.0)
        if level < 0:
            raise RuntimeError(f"dry after {_} days")
    return level


def test_a_month():
    assert level_after(30, start=22.0) > 0
'''

SERVER = '''
"""A client that retries after a time, and a server that isn't idempotent."""
import asyncio


class Server:
    def __init__(self):
        self.total = 0

    async def handle(self, reader, writer):
        await reader.readline()
        self.total += 1
        writer.write(b"done\\n")
        await writer.drain()
        writer.close()


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"add one\\n")
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()


async def ask_again(port, patience):
    try:
        return await asyncio.wait_for(ask(port), patience)
    except asyncio.TimeoutError:
        return await ask(port)


async def test_adds_once():
    server = Server()
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        assert await ask_again(port, patience=PATIENCE) == b"done\\n"
    assert server.total == 1
'''
