"""Stock asyncio's transports, streams and servers on the world's sockets."""

import asyncio
import socket
from typing import Any

import pytest
from network_tools import run


def test_streams_echo() -> None:
    async def main() -> list[bytes]:
        async def serve(reader: Any, writer: Any) -> None:
            while line := await reader.readline():
                writer.write(line.upper())
                await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        answers = []
        for line in (b"one\n", b"two\n"):
            writer.write(line)
            answers.append(await reader.readline())
        writer.write_eof()
        answers.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return answers

    assert run(main) == [b"ONE\n", b"TWO\n", b""]


def test_a_megabyte_flows_through_the_window() -> None:
    async def main() -> int:
        got = asyncio.get_running_loop().create_future()

        async def serve(reader: Any, writer: Any) -> None:
            got.set_result(len(await reader.read()))
            writer.close()

        async with await asyncio.start_server(serve, "::1", 8080):
            _, writer = await asyncio.open_connection("::1", 8080)
            writer.write(b"x" * 1_000_000)
            await writer.drain()
            writer.close()
            return await got

    assert run(main) == 1_000_000


def test_refused() -> None:
    async def main() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(ConnectionRefusedError):
        run(main)


def test_sock_methods() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        server = socket.create_server(("127.0.0.1", 0))
        server.setblocking(False)
        client = socket.socket()
        client.setblocking(False)
        _, (connection, address) = await asyncio.gather(loop.sock_connect(client, server.getsockname()), loop.sock_accept(server))
        assert address == client.getsockname()
        await loop.sock_sendall(client, b"hello")
        data = await loop.sock_recv(connection, 100)
        for one in (server, client, connection):
            one.close()
        return data

    assert run(main) == b"hello"


def test_unix_streams() -> None:
    async def main() -> bytes:
        async def serve(reader: Any, writer: Any) -> None:
            writer.write(await reader.read(100))
            writer.close()

        async with await asyncio.start_unix_server(serve, "/nowhere/server.sock"):
            reader, writer = await asyncio.open_unix_connection("/nowhere/server.sock")
            writer.write(b"hello")
            data = await reader.read()
            writer.close()
            return data

    assert run(main) == b"hello"
