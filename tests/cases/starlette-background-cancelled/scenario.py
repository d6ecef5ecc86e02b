"""Starlette 0.19.1: behind a BaseHTTPMiddleware a response's background task is
cancelled when the client, which has its whole answer already, hangs up before the
background task is through.

A shop takes an order, answers, and mails the confirmation in the background.  Every
order that was answered has to be confirmed.
"""

import asyncio

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

ORDERS = 2
OVERALL_TIMEOUT = 60.0


async def line_server(reader, writer):
    """The mail queue and the static file server: one line in, one line out."""
    try:
        while line := await reader.readline():
            writer.write(b"ok " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class AsgiServer:
    """One HTTP/1.1 request a connection; tells the application when the client is gone."""

    def __init__(self, app):
        self.app = app
        self.requests = set()

    async def handle(self, reader, writer):
        self.requests.add(asyncio.current_task())
        try:
            request_line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]
            scope = {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "POST",
                "path": request_line.split()[1].decode(),
                "query_string": b"",
                "headers": [],
                "root_path": "",
                "scheme": "http",
            }
            messages = [{"type": "http.request", "body": b"", "more_body": False}]

            async def receive():
                if messages:
                    return messages.pop()
                await reader.read()
                return {"type": "http.disconnect"}

            async def send(message):
                if message["type"] == "http.response.start":
                    writer.write(b"HTTP/1.1 %d OK\r\n" % message["status"])
                    writer.writelines(b"%s: %s\r\n" % header for header in message["headers"])
                    writer.write(b"\r\n")
                else:
                    writer.write(message.get("body", b""))
                try:
                    await writer.drain()
                except ConnectionError:
                    pass

            await self.app(scope, receive, send)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def ask(port, line):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(line)
        return await reader.readline()
    finally:
        writer.close()


async def browser(port, static_port, order):
    """Sends an order, loads the logo that the answer shows, and leaves."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST /order/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % order)
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split()[0])
        answer = await reader.readexactly(size)
        await ask(static_port, b"logo.png\n")
        return answer
    finally:
        writer.close()


async def main():
    mail = await asyncio.start_server(line_server, "127.0.0.1", 0)
    mail_port = mail.sockets[0].getsockname()[1]
    static = await asyncio.start_server(line_server, "127.0.0.1", 0)
    static_port = static.sockets[0].getsockname()[1]
    confirmed = set()

    async def confirm(order):
        await ask(mail_port, b"order %d\n" % order)
        confirmed.add(order)

    async def take_order(request):
        order = request.path_params["number"]
        return PlainTextResponse("thank you", background=BackgroundTask(confirm, order))

    class Timing(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            response.headers["x-took"] = "not long"
            return response

    app = Starlette(routes=[Route("/order/{number:int}", take_order, methods=["POST"])], middleware=[Middleware(Timing)])
    shop = AsgiServer(app)
    server = await asyncio.start_server(shop.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            for order in range(ORDERS):
                assert await browser(port, static_port, order) == b"thank you"
            await asyncio.gather(*shop.requests)
        missing = set(range(ORDERS)) - confirmed
        assert not missing, f"orders taken, but never confirmed: {sorted(missing)}"
    finally:
        for each in (server, mail, static):
            each.close()


if __name__ == "__main__":
    asyncio.run(main())
