"""aiohttp's client and server: JSON, a streamed answer, a websocket, and connections that are used again."""

import asyncio

import aiohttp
from aiohttp import web


async def double(request: web.Request) -> web.Response:
    data = await request.json()
    return web.json_response({"value": 2 * data["value"]})


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(5):
        await response.write(b"part %d\n" % number)
        await asyncio.sleep(0.01)
    await response.write_eof()
    return response


async def upper(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data.upper())
    return socket


async def main() -> None:
    app = web.Application()
    app.add_routes([web.post("/double", double), web.get("/stream", stream), web.get("/upper", upper)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession(base) as session:

            async def ask(value: int) -> int:
                async with session.post("/double", json={"value": value}) as response:
                    assert response.status == 200
                    return int((await response.json())["value"])

            assert await asyncio.gather(*(ask(value) for value in range(10))) == list(range(0, 20, 2))
            async with session.get("/stream") as response:
                assert await response.read() == b"".join(b"part %d\n" % number for number in range(5))
            async with session.ws_connect("/upper") as socket:
                await socket.send_str("hello")
                assert await socket.receive_str() == "HELLO"
            async with session.get("/nowhere") as response:
                assert response.status == 404
    finally:
        await runner.cleanup()
