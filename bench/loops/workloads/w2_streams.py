"""Five clients and a server: 200 requests and as many answers over streams."""

import asyncio

CLIENTS, REQUESTS = 5, 40
HOST, PORT = "127.0.0.1", 8765
ENDED = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"answer to " + line)
        await writer.drain()
    writer.close()


async def client(number: int) -> int:
    reader, writer = await asyncio.open_connection(HOST, PORT)
    answers = 0
    for request in range(REQUESTS):
        line = b"%d of %d\n" % (request, number)
        writer.write(line)
        await writer.drain()
        assert await reader.readline() == b"answer to " + line
        answers += 1
    writer.close()
    return answers


async def main() -> None:
    server = await asyncio.start_server(serve, HOST, PORT)
    answers = await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    server.close()
    assert sum(answers) == CLIENTS * REQUESTS
    ENDED.append(sum(answers))
