"""websockets: a chat room with three guests, pings, a broadcast and an orderly close."""

import asyncio
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosedOK

GUESTS = 3
PATIENT: dict[str, Any] = {"open_timeout": 60, "close_timeout": 60, "ping_interval": None}
"""A slow network is not what fails here."""


async def main() -> None:
    room: set[ServerConnection] = set()
    everybody = asyncio.Event()

    async def chat(connection: ServerConnection) -> None:
        room.add(connection)
        if len(room) == GUESTS:
            everybody.set()
        try:
            async for message in connection:
                broadcast(sorted(room, key=lambda each: each.id), message)
        finally:
            room.discard(connection)

    async def guest(port: int, name: str) -> list[str]:
        async with connect(f"ws://127.0.0.1:{port}", **PATIENT) as connection:
            await everybody.wait()
            await (await connection.ping())
            await connection.send(f"{name} is here" * 100)
            return [str(await connection.recv()) for _ in range(GUESTS)]

    async with serve(chat, "127.0.0.1", 0, **PATIENT) as server:
        port = server.sockets[0].getsockname()[1]
        heard = await asyncio.gather(*(guest(port, f"guest {number}") for number in range(GUESTS)))
        assert all(sorted(each) == sorted(heard[0]) for each in heard)
        assert sorted(heard[0]) == [f"guest {number} is here" * 100 for number in range(GUESTS)]
        async with connect(f"ws://127.0.0.1:{port}", **PATIENT) as connection:
            await connection.close(1000, "bye")
            code = 0
            try:
                await connection.recv()
            except ConnectionClosedOK as closed:
                code = closed.rcvd.code if closed.rcvd else 0
            assert code == 1000
