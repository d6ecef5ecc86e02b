"""A FastAPI app and a hundred thousand objects, then three requests, which change both: a future that sees another's changes fails.

The state is made while the module is imported. Whoever lives many futures in one process makes it anew for each with `refresh`.
"""

import asyncio
import json
from typing import Any

from fastapi import FastAPI

OBJECTS = 100_000
ENDED = []


class Item:
    """One thing in the shop."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sold = False
        self.tags = {"shelf": number % 97}


def build() -> tuple[FastAPI, list[Item]]:
    """The app and its stock."""
    app = FastAPI()
    stock = [Item(number) for number in range(OBJECTS)]

    @app.post("/items/{number}/sell")
    async def sell(number: int) -> dict[str, object]:
        await asyncio.sleep(0)
        item = stock[number]
        assert not item.sold, "sold in another future"
        item.sold = True
        return {"number": item.number, "shelf": item.tags["shelf"]}

    return app, stock


APP, STOCK = build()


def refresh() -> None:
    """The state as it is after the import."""
    global APP, STOCK
    APP, STOCK = build()


async def request(path: str) -> Any:
    """One request to the app, without a server."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await APP(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


async def main() -> None:
    answers = await asyncio.gather(*(request(f"/items/{number}/sell") for number in (1, 2, 99_999)))
    assert [answer["number"] for answer in answers] == [1, 2, 99_999]
    assert sum(item.sold for item in STOCK) == 3
    ENDED.append(len(answers))
