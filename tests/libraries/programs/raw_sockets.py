"""Sockets that the program makes itself: the loop's sock_ methods, servers and connections over them, readers by descriptor."""

import asyncio
import socket


def listening() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    server.listen(5)
    server.setblocking(False)
    return server


async def receive(loop: asyncio.AbstractEventLoop, connection: socket.socket, size: int) -> bytes:
    """So many bytes, in however many pieces they come; fewer at the end."""
    word = b""
    while len(word) < size and (piece := await loop.sock_recv(connection, size - len(word))):
        word += piece
    return word


async def by_sock_methods(loop: asyncio.AbstractEventLoop) -> None:
    server = listening()
    client = socket.socket()
    client.setblocking(False)

    async def serve() -> None:
        connection, address = await loop.sock_accept(server)
        assert address == client.getsockname()
        with connection:
            while word := await receive(loop, connection, 3):
                await loop.sock_sendall(connection, word[::-1])

    serving = asyncio.create_task(serve())
    with client:
        await loop.sock_connect(client, server.getsockname())
        assert client.getpeername() == server.getsockname()
        await loop.sock_sendall(client, b"abc")
        buffer, size = bytearray(3), 0
        while size < 3:
            size += await loop.sock_recv_into(client, memoryview(buffer)[size:])
        assert buffer == b"cba"
        client.shutdown(socket.SHUT_WR)
        assert await loop.sock_recv(client, 10) == b""
    await serving
    server.close()


async def by_streams(loop: asyncio.AbstractEventLoop) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.write_eof()
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, sock=listening())
    client = socket.create_connection(server.sockets[0].getsockname())
    client.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=client)
    writer.write(b"x" * 300_000)
    writer.write_eof()
    assert await reader.read() == b"x" * 300_000
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def by_readers(loop: asyncio.AbstractEventLoop) -> None:
    left, right = socket.socketpair()
    readable = loop.create_future()
    with left, right:
        left.setblocking(False)
        right.setblocking(False)
        loop.add_reader(left, readable.set_result, None)
        right.send(b"knock")
        await readable
        assert loop.remove_reader(left)
        assert left.recv(10) == b"knock"


async def main() -> None:
    loop = asyncio.get_running_loop()
    await by_sock_methods(loop)
    await by_streams(loop)
    await by_readers(loop)
    refused = socket.socket()
    refused.bind(("127.0.0.1", 0))
    port = refused.getsockname()[1]
    refused.close()
    try:
        await asyncio.open_connection("127.0.0.1", port)
        raise AssertionError("nobody listens there")
    except ConnectionRefusedError:
        pass
