"""aiohttp 3.13.1: a websocket message being compressed in the executor whose send
is cancelled (here: takes too long) has gone through the connection's compressor
but is never sent; everything sent after it decompresses to something else.

A server pushes snapshots over a compressed websocket and skips one when the send
takes too long.  What does arrive has to be what was sent.
"""

import asyncio

import aiohttp
from aiohttp import web

SNAPSHOTS = 5
SEND_TIMEOUT = 0.05
OVERALL_TIMEOUT = 60.0


def snapshot(number):
    return f"snapshot {number}: " + " ".join(str(n * n + number) for n in range(6000))


async def snapshots(request):
    ws = web.WebSocketResponse(compress=True)
    await ws.prepare(request)
    for number in range(SNAPSHOTS):
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await ws.send_str(snapshot(number))
        except TimeoutError:
            pass  # the next one will do
    await ws.close()
    return ws


async def main():
    app = web.Application()
    app.router.add_get("/", snapshots)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    expected = {snapshot(number) for number in range(SNAPSHOTS)}
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            async with aiohttp.ClientSession() as session:
                async with session.ws_connect(f"http://127.0.0.1:{port}/", compress=15) as ws:
                    async for msg in ws:
                        assert msg.type is aiohttp.WSMsgType.TEXT, f"broken stream: {msg.data!r}"
                        assert msg.data in expected, f"garbled: {msg.data[:60]!r}..."
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
