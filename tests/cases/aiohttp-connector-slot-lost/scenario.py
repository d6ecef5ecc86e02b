"""aiohttp 3.10.10, client connector: a request that is cancelled (or times out) in
the very moment in which it is woken up to take a free connection slot does not
pass the slot on.  Everybody queued behind it waits for ever, although no
connection is in use any more.

Many requests share a session limited to one connection; some callers have little
patience, some have a lot.
"""

import asyncio

import aiohttp

OVERALL_TIMEOUT = 60.0


async def http_server(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def caller(session, url, patience, requests):
    for _ in range(requests):
        try:
            async with asyncio.timeout(patience):
                async with session.get(url) as response:
                    assert await response.text() == "hello"
        except TimeoutError:
            pass


async def main():
    server = await asyncio.start_server(http_server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    connector = aiohttp.TCPConnector(limit=1)
    session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            await asyncio.gather(caller(session, url, 0.02, 6), caller(session, url, 0.02, 6), caller(session, url, None, 4))
    except TimeoutError:
        raise AssertionError("a request waits for a connection slot, but nobody holds one") from None
    finally:
        await session.close()
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
