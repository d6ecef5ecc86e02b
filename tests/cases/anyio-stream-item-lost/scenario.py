"""anyio 4.3.0 on asyncio: an item sent into a memory object stream at the moment
when the waiting receiver's deadline passes is handed to that receiver and lost:
send() reports success, receive() raises the cancellation.

A feed reader passes readings from the network to a consumer, which wakes up every
POLL seconds to do its housekeeping.  Every reading must reach the consumer.
"""

import asyncio

import anyio

POLL = 0.02
READINGS = 12
OVERALL_TIMEOUT = 60.0


async def sensor(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"reading " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def feed(port, send_stream):
    async with send_stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for i in range(READINGS):
                writer.write(b"%d\n" % i)
                reading = await reader.readline()
                await send_stream.send(reading.decode().strip())
        finally:
            writer.close()


async def consume(receive_stream, received):
    async with receive_stream:
        while True:
            with anyio.move_on_after(POLL):
                try:
                    received.append(await receive_stream.receive())
                except anyio.EndOfStream:
                    return


async def main():
    server = await asyncio.start_server(sensor, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    send_stream, receive_stream = anyio.create_memory_object_stream(0)
    received = []
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            async with anyio.create_task_group() as tg:
                tg.start_soon(consume, receive_stream, received)
                tg.start_soon(feed, port, send_stream)
    finally:
        server.close()
    sent = [f"reading {i}" for i in range(READINGS)]
    assert received == sent, f"lost: {[r for r in sent if r not in received]}"


if __name__ == "__main__":
    asyncio.run(main())
