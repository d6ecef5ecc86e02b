"""Unix sockets: streams over a path, a path that nobody listens on, and one that is taken."""

import asyncio
import tempfile
from pathlib import Path


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"you said " + line)
        await writer.drain()
    writer.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "talk")
        try:
            await asyncio.open_unix_connection(path)
            raise AssertionError("nobody listens there")
        except FileNotFoundError:
            pass
        server = await asyncio.start_unix_server(answer, path)
        try:
            await asyncio.start_unix_server(answer, folder)
            raise AssertionError("a folder is no address")
        except OSError:
            pass

        async def talk(name: bytes) -> bytes:
            reader, writer = await asyncio.open_unix_connection(path)
            assert writer.get_extra_info("peername") == path
            writer.write(name + b"\n")
            said = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return said

        assert await asyncio.gather(talk(b"one"), talk(b"two")) == [b"you said one\n", b"you said two\n"]
        server.close()
