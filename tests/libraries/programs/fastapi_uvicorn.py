"""httpx asks a FastAPI application that uvicorn serves: validation, a dependency, an endpoint and a dependency that run in threads."""

import asyncio
from collections.abc import Iterator

import httpx
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel

app = FastAPI()
OPEN: list[int] = []


class Order(BaseModel):
    item: str
    count: int = 1


def session() -> Iterator[list[str]]:
    OPEN.append(1)
    try:
        yield []
    finally:
        OPEN.pop()


@app.post("/orders")
async def order(order: Order, log: list[str] = Depends(session)) -> dict[str, object]:  # noqa: B008
    await asyncio.sleep(0.005)
    log.append(order.item)
    return {"item": order.item, "count": order.count, "log": log}


@app.get("/square/{number}")
def square(number: int) -> int:
    return number * number


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_keep_alive=600, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(timeout=60, base_url=f"http://localhost:{port}") as client:
        answer = await client.post("/orders", json={"item": "tea", "count": 2})
        assert answer.json() == {"item": "tea", "count": 2, "log": ["tea"]}
        assert (await client.post("/orders", json={"count": "many"})).status_code == 422
        squares = await asyncio.gather(*(client.get(f"/square/{number}") for number in range(5)))
        assert [answer.json() for answer in squares] == [0, 1, 4, 9, 16]
    server.should_exit = True
    await serving
    assert OPEN == []
