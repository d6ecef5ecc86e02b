"""redis-py asyncio: a command cancelled while its reply is on the way puts the
connection back into the pool; the next user of that connection reads the
previous user's reply (CVE-2023-28858, the ChatGPT leak of March 2023).

A small web backend: every request looks up its own user's session in Redis and
gives up after REQUEST_TIMEOUT.  No request may ever see another user's data.
"""

import asyncio

import redis.asyncio as redis

REQUEST_TIMEOUT = 0.05
OVERALL_TIMEOUT = 60.0


async def redis_server(reader, writer):
    """Just enough RESP: GET key -> "session of <key>"; anything else -> +OK."""
    try:
        while line := await reader.readline():
            args = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                args.append((await reader.readexactly(size + 2))[:-2])
            if args[0].upper() == b"GET":
                body = b"session of " + args[1]
                writer.write(b"$%d\r\n%s\r\n" % (len(body), body))
            else:
                writer.write(b"+OK\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def handle_request(client, user):
    try:
        session = await asyncio.wait_for(client.get(user), REQUEST_TIMEOUT)
    except (asyncio.TimeoutError, redis.ConnectionError, redis.TimeoutError):
        return  # answered 504; the user tries again later
    assert session == f"session of {user}", f"{user} was shown {session!r}"


async def backend(client, name):
    for i in range(5):
        await handle_request(client, f"{name}-{i}")


async def main():
    server = await asyncio.start_server(redis_server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = redis.Redis(host="localhost", port=port, decode_responses=True)
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            await asyncio.gather(*(backend(client, n) for n in ("alice", "bob")))
    finally:
        await client.connection_pool.disconnect()
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
