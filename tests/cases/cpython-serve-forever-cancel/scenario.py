"""CPython 3.12 and 3.13, asyncio.Server.serve_forever(): cancelling it waits for
every connection to end by itself (3.11 did not), so a server whose clients stay
connected cannot be stopped by the cancellation that the documentation shows.

A news server is stopped after a while.  Subscribers find it through a directory and
then stay connected until the server hangs up.
"""

import asyncio

SERVE_FOR = 0.02
STOP_TIMEOUT = 30.0


async def subscriber(directory_port, welcomed):
    reader, writer = await asyncio.open_connection("127.0.0.1", directory_port)
    port = int(await reader.readline())
    writer.close()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return  # closed for today
    try:
        if await reader.readline():
            welcomed.append(port)
            await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    async def news(reader, writer):
        try:
            writer.write(b"welcome\n")
            await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    news_server = await asyncio.start_server(news, "127.0.0.1", 0)
    news_port = news_server.sockets[0].getsockname()[1]

    async def directory(reader, writer):
        writer.write(b"%d\n" % news_port)
        writer.close()

    directory_server = await asyncio.start_server(directory, "127.0.0.1", 0)
    directory_port = directory_server.sockets[0].getsockname()[1]

    welcomed = []
    serving = asyncio.create_task(news_server.serve_forever())
    subscribers = [asyncio.create_task(subscriber(directory_port, welcomed)) for _ in range(2)]
    try:
        await asyncio.wait(subscribers, timeout=SERVE_FOR)
        serving.cancel()
        done, pending = await asyncio.wait([serving], timeout=STOP_TIMEOUT)
        assert done, f"serve_forever() was cancelled, but waits for {len(welcomed)} subscriber(s)"
    finally:
        for task in subscribers:
            task.cancel()
        await asyncio.gather(serving, *subscribers, return_exceptions=True)
        directory_server.close()


if __name__ == "__main__":
    asyncio.run(main())
