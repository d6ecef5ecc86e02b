"""httpx asks a Starlette application that uvicorn serves: lifespan, a streamed answer, a background task, keep-alive, a shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

EVENTS: list[str] = []


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    EVENTS.append("started")
    yield
    EVENTS.append("stopped")


async def note(text: str) -> None:
    await asyncio.sleep(0.01)
    EVENTS.append(text)


async def echo(request: Request) -> JSONResponse:
    data = await request.json()
    return JSONResponse({"you said": data}, background=BackgroundTask(note, f"noted {data}"))


async def numbers(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(5):
            await asyncio.sleep(0.001)
            yield b"%d " % number

    return StreamingResponse(parts())


async def main() -> None:
    EVENTS.clear()
    app = Starlette(routes=[Route("/echo", echo, methods=["POST"]), Route("/numbers", numbers)], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_keep_alive=600))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(timeout=60, base_url=f"http://127.0.0.1:{port}") as client:
        answers = await asyncio.gather(*(client.post("/echo", json=number) for number in range(4)))
        assert [answer.json() for answer in answers] == [{"you said": number} for number in range(4)]
        assert (await client.get("/numbers")).text == "0 1 2 3 4 "
        assert (await client.get("/nowhere")).status_code == 404
    server.should_exit = True
    await serving
    assert EVENTS[0] == "started"
    assert EVENTS[-1] == "stopped"
    assert sorted(EVENTS[1:-1]) == [f"noted {number}" for number in range(4)]
