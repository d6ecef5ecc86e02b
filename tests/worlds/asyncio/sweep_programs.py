"""Programs in which a coroutine is cancelled at its awaits. Each raises where that did harm; nothing here knows of crossroads."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager


class Pool:
    """Slots that are handed over; the classic mistake: who is cancelled as the slot arrives doesn't pass it on."""

    def __init__(self, size):
        self.free, self.waiters = size, deque()

    async def acquire(self):
        if self.free:
            self.free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self.gave_up(waiter)
            raise

    def gave_up(self, waiter):
        if waiter in self.waiters:
            self.waiters.remove(waiter)

    def release(self):
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.free += 1


class SoundPool(Pool):
    """The slot that has arrived is passed on."""

    def gave_up(self, waiter):
        super().gave_up(waiter)
        if waiter.done() and not waiter.cancelled():
            self.release()


class StrictPool(SoundPool):
    """Takes it for granted that a waiter waits: not so in the pass of the loop between its cancellation and its next step."""

    def release(self):
        if self.waiters:
            self.waiters.popleft().set_result(None)
        else:
            self.free += 1


async def user(pool):
    await pool.acquire()
    try:
        await asyncio.sleep(0.01)
    finally:
        pool.release()


async def use(pool):
    tasks = [asyncio.create_task(user(pool), name=f"user-{number}") for number in range(3)]
    done, pending = await asyncio.wait(tasks, timeout=0.1)
    for task in pending:
        task.cancel()
    assert not pending, f"{len(pending)} users wait for a slot for ever"
    for task in done:
        assert task.cancelled() or task.exception() is None, task.exception()
    assert pool.free == 1, "a slot is lost"


async def leaky():
    await use(Pool(1))


async def sound():
    await use(SoundPool(1))


async def strict():
    await use(StrictPool(1))


async def handed_over():
    """An item that a task takes out of a queue, and a second await before it is put away."""
    queue, stored = asyncio.Queue(), []

    async def take():
        item = await queue.get()
        await asyncio.sleep(0)
        stored.append(item)

    tasks = [asyncio.create_task(take()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.put_nowait("letter")
    queue.put_nowait("parcel")
    await asyncio.wait(tasks)
    assert len(stored) + queue.qsize() == 2, "an item is lost"


async def taken_whole():
    """The same without anything between the queue and the store."""
    queue, stored = asyncio.Queue(), []

    async def take():
        stored.append(await queue.get())

    tasks = [asyncio.create_task(take()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.put_nowait("letter")
    queue.put_nowait("parcel")
    await asyncio.wait(tasks)
    assert len(stored) + queue.qsize() == 2, "an item is lost"


async def cleaning():
    """A finally block that waits: a cancellation there leaves the door open."""
    doors = ["open"]

    async def visit():
        try:
            await asyncio.sleep(0.01)
        finally:
            await asyncio.sleep(0.01)
            doors[0] = "closed"

    await asyncio.wait([asyncio.create_task(visit())])
    assert doors[0] == "closed", "the door was left open"


async def shielded():
    """The same, kept from harm."""
    doors = ["open"]

    async def close():
        await asyncio.sleep(0.01)
        doors[0] = "closed"

    async def visit():
        try:
            await asyncio.sleep(0.01)
        finally:
            await asyncio.shield(asyncio.create_task(close(), name="closing"))

    await asyncio.wait([asyncio.create_task(visit())])
    await asyncio.sleep(0.05)
    assert doors[0] == "closed", "the door was left open"


async def timed():
    """`asyncio.timeout` lets a cancellation of somebody else's through, and one of its own come out as TimeoutError."""
    ends = []

    async def patient():
        try:
            async with asyncio.timeout(0.02):
                await asyncio.sleep(0.01)
                await asyncio.Event().wait()
        except TimeoutError:
            ends.append("timeout")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    task = asyncio.create_task(patient())
    await asyncio.wait([task])
    assert ends == ["cancelled" if task.cancelled() else "timeout"], ends


async def grouped():
    """A group whose one child is cancelled goes on with the others; one whose parent is ends them."""
    log = []

    async def child(name):
        try:
            await asyncio.sleep(0.01)
            log.append(name)
        except asyncio.CancelledError:
            log.append(f"{name} cancelled")
            raise

    async def parent():
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a"))
            group.create_task(child("b"))

    await asyncio.wait([asyncio.create_task(parent())])
    assert len(log) == 2, log


class Ticket:
    """Awaited through `__await__`."""

    def __init__(self, event):
        self.event = event

    def __await__(self):
        return self.wait().__await__()

    async def wait(self):
        await self.event.wait()


async def count(event):
    await event.wait()
    yield 1


@asynccontextmanager
async def turn(event):
    await event.wait()
    yield


async def roundabout():
    """A coroutine below an awaitable of a class, one below an async generator, one below a context manager."""
    event = asyncio.Event()

    async def by_ticket():
        await Ticket(event)

    async def by_count():
        async for _ in count(event):
            pass

    async def by_turn():
        async with turn(event):
            pass

    tasks = [asyncio.create_task(one()) for one in (by_ticket, by_count, by_turn)]
    await asyncio.sleep(0.01)
    event.set()
    await asyncio.wait(tasks)


async def direct():
    """The main coroutine itself."""
    await asyncio.sleep(0.01)


async def stubborn():
    """Takes no notice at all, and waits for what nobody will bring it any more."""

    async def wait_again(event):
        try:
            await event.wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    event = asyncio.Event()
    task = asyncio.create_task(wait_again(event))
    await asyncio.sleep(0.01)
    event.set()
    await asyncio.wait([task])
