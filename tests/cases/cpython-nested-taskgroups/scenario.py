"""CPython <= 3.12, asyncio.TaskGroup: when a child of the outer group and a child of
a group nested in it fail at the same moment, the inner group swallows the outer
group's cancellation.  The outer group is aborting, but its body was never told and
goes on for ever.

A session keeps a heartbeat (outer group) while it works through batches (inner
groups).  A batch may fail and is tried again; without heartbeat the session is over.
"""

import asyncio

RETRY_DELAY = 0.05
OVERALL_TIMEOUT = 30.0


async def service(reader, writer):
    """Answers some requests, then goes down."""
    try:
        for _ in range(4):
            writer.write(b"ok " + await reader.readline())
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def talk(port, name, pause):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(name.encode() + b"\n")
            if not await reader.readline():
                raise ConnectionResetError(f"{name}: service went down")
            await asyncio.sleep(pause)
    finally:
        writer.close()


async def session(port):
    async with asyncio.TaskGroup() as outer:
        outer.create_task(talk(port, "heartbeat", 0.01))
        while True:
            try:
                async with asyncio.TaskGroup() as batch:
                    batch.create_task(talk(port, "upload", 0.01))
                    batch.create_task(talk(port, "download", 0.01))
            except* ConnectionError:
                await asyncio.sleep(RETRY_DELAY)


async def main():
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    task = asyncio.create_task(session(port))
    try:
        done, pending = await asyncio.wait([task], timeout=OVERALL_TIMEOUT)
        assert not pending, "the heartbeat is dead, and the session goes on"
        error = task.exception()
        assert isinstance(error, ExceptionGroup), f"unexpected end: {error!r}"
    finally:
        server.close()
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)


if __name__ == "__main__":
    asyncio.run(main())
