"""TLS that verifies: a good certificate passes, another name or another authority doesn't; a connection is upgraded in mid-stream."""

import asyncio
import ssl
from pathlib import Path

CERTIFICATES = Path(__file__).parents[1] / "certificates"


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    return context


def client_context(authority: str = "ca.pem") -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATES / authority))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass


async def ask(port: int, context: ssl.SSLContext, name: str | None = None) -> bytes:
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context, server_hostname=name)
    try:
        assert dict(pair[0] for pair in writer.get_extra_info("peercert")["subject"])["commonName"] == "localhost"
        writer.write(b"x" * 50_000 + b"\n")
        return await reader.readline()
    finally:
        writer.close()


async def refused(port: int, context: ssl.SSLContext, name: str | None = None) -> str:
    try:
        await ask(port, context, name)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    raise AssertionError("a certificate that can't be trusted was trusted")


async def upgraded() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"go ahead\n")
        await writer.drain()
        await writer.start_tls(server_context())
        await echo(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.write(b"STARTTLS\n")
    assert await reader.readline() == b"go ahead\n"
    await writer.start_tls(client_context(), server_hostname="localhost")
    writer.write(b"secret\n")
    assert await reader.readline() == b"secret\n"
    writer.close()
    server.close()


async def main() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_context())
    port = server.sockets[0].getsockname()[1]
    answers = await asyncio.gather(*(ask(port, client_context(), name) for name in (None, "localhost", "api.test")))
    assert answers == [b"x" * 50_000 + b"\n"] * 3
    assert "Hostname mismatch" in await refused(port, client_context(), "elsewhere.test")
    assert "unable to get local issuer" in await refused(port, client_context("other_ca.pem"))
    server.close()
    await upgraded()
