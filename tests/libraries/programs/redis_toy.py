"""redis-py against a toy server: commands, a pipeline, a pool shared by tasks, a blocking pop."""

import asyncio
from typing import Any

import redis.asyncio as redis

PATIENT: dict[str, Any] = {"socket_timeout": 60, "socket_connect_timeout": 60}
"""A slow network is not what fails here."""


class Toy:
    """As much of Redis as is asked for below."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.lists: dict[bytes, list[bytes]] = {}
        self.pushed = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                writer.write(await self.answer(words[0].upper(), words[1:]))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, command: bytes, words: list[bytes]) -> bytes:
        match command:
            case b"SET":
                self.values[words[0]] = words[1]
            case b"GET":
                return bulk(self.values.get(words[0]))
            case b"INCRBY":
                self.values[words[0]] = b"%d" % (int(self.values.get(words[0], b"0")) + int(words[1]))
                return b":%s\r\n" % self.values[words[0]]
            case b"LPUSH":
                async with self.pushed:
                    self.lists.setdefault(words[0], []).insert(0, words[1])
                    self.pushed.notify_all()
                return b":1\r\n"
            case b"BRPOP":
                async with self.pushed:
                    await self.pushed.wait_for(lambda: self.lists.get(words[0]))
                    return b"*2\r\n" + bulk(words[0]) + bulk(self.lists[words[0]].pop())
        return b"+OK\r\n"


def bulk(value: bytes | None) -> bytes:
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


async def main() -> None:
    server = await asyncio.start_server(Toy().serve, "127.0.0.1", 0)
    client = redis.Redis(host="localhost", port=server.sockets[0].getsockname()[1], decode_responses=True, protocol=2, **PATIENT)
    try:
        await client.set("name", "crossroads")
        assert await client.get("name") == "crossroads"
        assert await client.get("nothing") is None
        assert sorted(await asyncio.gather(*(client.incr("count") for _ in range(8)))) == list(range(1, 9))
        async with client.pipeline(transaction=False) as pipe:
            assert await pipe.set("a", 1).get("a").incr("a").execute() == [True, "1", 2]
        popping = asyncio.create_task(client.brpop(["jobs"], timeout=5))
        await asyncio.sleep(0.05)
        await client.lpush("jobs", "one")
        assert tuple(await popping) == ("jobs", "one")
    finally:
        await client.aclose()
        server.close()
