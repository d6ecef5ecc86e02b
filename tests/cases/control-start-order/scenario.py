"""Control: looks racy, never fails on stock asyncio.

It relies on what asyncio does promise in fact: call_soon() is first in, first out,
so tasks take their first step in the order in which they were created, whatever one
does before its first await is done before the next one begins, and a contended
asyncio.Lock is handed over in the order of arrival.

Workers take a ticket in their first step and then use a shared connection under a
lock.  The answers must come in ticket order, although nothing waits for anything
explicitly.
"""

import asyncio

WORKERS = 6
OVERALL_TIMEOUT = 60.0


async def printer(reader, writer):
    count = 0
    try:
        while line := await reader.readline():
            count += 1
            writer.write(b"%d: " % count + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Counter:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.lock = asyncio.Lock()
        self.tickets = []
        self.config = None

    async def open(self):
        self.config = "ready"  # before the first await: everybody after us sees it
        await asyncio.sleep(0)

    async def work(self, number):
        assert self.config == "ready", "used before it was opened"
        ticket = len(self.tickets)
        self.tickets.append(number)
        async with self.lock:
            self.writer.write(b"job %d\n" % number)
            answer = (await self.reader.readline()).decode().strip()
        assert answer == f"{ticket + 1}: job {number}", f"ticket {ticket} got {answer!r}"


async def main():
    server = await asyncio.start_server(printer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    counter = Counter(reader, writer)
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            async with asyncio.TaskGroup() as tg:
                tg.create_task(counter.open())
                for number in range(WORKERS):
                    tg.create_task(counter.work(number))
        assert counter.tickets == list(range(WORKERS)), counter.tickets
    finally:
        writer.close()
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
