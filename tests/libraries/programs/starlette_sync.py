"""Starlette's endpoints, background tasks and iterators that aren't coroutines: it runs them in threads, through anyio."""

import asyncio
import contextvars
from collections.abc import Iterator

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
DONE: list[str] = []


def greet(request: Request) -> PlainTextResponse:
    name = request.path_params["name"]
    return PlainTextResponse(f"hello {name}, {user.get()}", background=BackgroundTask(DONE.append, name))


def parts(request: Request) -> StreamingResponse:
    def lines() -> Iterator[bytes]:
        for number in range(4):
            yield b"%d\n" % number

    return StreamingResponse(lines())


async def main() -> None:
    DONE.clear()
    user.set("tester")
    app = Starlette(routes=[Route("/greet/{name}", greet), Route("/parts", parts)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        names = [f"guest{number}" for number in range(6)]
        answers = await asyncio.gather(*(client.get(f"/greet/{name}") for name in names))
        assert [answer.text for answer in answers] == [f"hello {name}, tester" for name in names]
        assert sorted(DONE) == names
        assert (await client.get("/parts")).text == "0\n1\n2\n3\n"
