"""websockets 14.1: a pong that arrives after its ping() was cancelled (here by a
wait_for timeout, the way the documentation itself tells one to measure a
connection) raises InvalidStateError in the reading callback and kills a healthy
connection.

A client watches its connection with pings that may time out: a slow pong is
fine and only counted.  Every message has to be echoed nevertheless.
"""

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

PING_TIMEOUT = 0.05
MESSAGES = 5
OVERALL_TIMEOUT = 60.0


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def probe(connection):
    """True if the peer answered a ping in time."""
    pong = await connection.ping()
    try:
        await asyncio.wait_for(pong, PING_TIMEOUT)
    except asyncio.TimeoutError:
        return False
    return True


async def main():
    async with serve(echo, "127.0.0.1", 0, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(OVERALL_TIMEOUT):
            async with connect(f"ws://127.0.0.1:{port}", ping_interval=None) as ws:
                for i in range(MESSAGES):
                    await probe(ws)
                    await ws.send(f"message {i}")
                    assert await ws.recv() == f"message {i}"


if __name__ == "__main__":
    asyncio.run(main())
