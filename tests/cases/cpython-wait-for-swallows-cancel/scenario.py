"""CPython <= 3.11, asyncio.wait_for(): a task cancelled in the moment in which the
thing it waits for completes gets the result instead of the cancellation.  A loop
around wait_for() then simply goes on, and whoever cancelled it waits for ever.

A collector polls a device in a loop, with a limit on every answer, until the
supervisor has enough and cancels it.
"""

import asyncio

READ_TIMEOUT = 5.0
COLLECT_FOR = 0.1
STOP_TIMEOUT = 20.0


async def device(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"reading " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def collect(port, readings):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(b"%d\n" % len(readings))
            readings.append(await asyncio.wait_for(reader.readline(), READ_TIMEOUT))
            await asyncio.sleep(0.01)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(device, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    readings = []
    collector = asyncio.create_task(collect(port, readings))
    try:
        await asyncio.wait([collector], timeout=COLLECT_FOR)
        collector.cancel()
        done, pending = await asyncio.wait([collector], timeout=STOP_TIMEOUT)
        assert not pending, "the collector was cancelled, and goes on collecting"
        assert collector.cancelled()
    finally:
        server.close()
        while not collector.done():
            collector.cancel()
            await asyncio.wait([collector], timeout=1)


if __name__ == "__main__":
    asyncio.run(main())
