"""Stock asyncio's transports, streams and servers on the world's sockets."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from network_tools import run

FOLDER = Path(__file__).parent / "tls"


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


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.transport.sendto(data.upper(), address)


class Asking(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        transport.sendto(b"hello")

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.answer.set_result(data)

    def error_received(self, error: Exception) -> None:
        self.answer.set_exception(error)


async def ask_by_datagram(serve: bool) -> bytes:
    loop = asyncio.get_running_loop()
    transports = []
    if serve:
        transports.append((await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 5353)))[0])
    transport, protocol = await loop.create_datagram_endpoint(Asking, remote_addr=("127.0.0.1", 5353))
    try:
        return await protocol.answer
    finally:
        for one in (*transports, transport):
            one.close()


def test_datagrams() -> None:
    assert run(lambda: ask_by_datagram(True)) == b"HELLO"
    with pytest.raises(ConnectionRefusedError):
        run(lambda: ask_by_datagram(False))


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(FOLDER / "certificate.pem", FOLDER / "key.pem")
    return server, ssl.create_default_context(cafile=str(FOLDER / "certificate.pem"))


async def serve_upper(reader: Any, writer: Any) -> None:
    writer.write((await reader.readline()).upper())
    writer.close()


def test_tls_verifies() -> None:
    async def main(name: str) -> bytes:
        ours, theirs = contexts()
        async with await asyncio.start_server(serve_upper, "127.0.0.1", 443, ssl=ours):
            reader, writer = await asyncio.open_connection("127.0.0.1", 443, ssl=theirs, server_hostname=name)
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            return answer

    assert run(lambda: main("localhost")) == b"HELLO\n"
    with pytest.raises(ssl.SSLCertVerificationError):
        run(lambda: main("elsewhere"))


def test_start_tls() -> None:
    async def serve(reader: Any, writer: Any) -> None:
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"OK\n")
        await writer.start_tls(contexts()[0])
        await serve_upper(reader, writer)

    async def main() -> bytes:
        async with await asyncio.start_server(serve, "127.0.0.1", 25):
            reader, writer = await asyncio.open_connection("127.0.0.1", 25)
            writer.write(b"STARTTLS\n")
            assert await reader.readline() == b"OK\n"
            await writer.start_tls(contexts()[1], server_hostname="localhost")
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main) == b"HELLO\n"


def test_sendfile_falls_back(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"page" * 50_000)

    class Page(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.task = asyncio.ensure_future(self.send(transport))

        async def send(self, transport: Any) -> None:
            with (tmp_path / "page").open("rb") as page:
                await asyncio.get_running_loop().sendfile(transport, page)
            transport.close()

    async def main() -> int:
        server = await asyncio.get_running_loop().create_server(Page, "127.0.0.1", 80)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", 80)
            size = len(await reader.read())
            writer.close()
            return size

    assert run(main) == 200_000
