"""Who may ask the local page for anything: only the browser that came with the token, and only from the page itself.

Host is checked against DNS rebinding, Origin and Sec-Fetch-Site against requests from other pages, the cookie against whoever else can
connect. As browsers send cookies to every port of a host, another user's server here may come to know it: so processes of other users are
refused, too, where the system tells whose they are. Every answer says that nothing but our own script may run.
"""

import os
import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossroads.faces.ui.neighbours import user_of

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not "no-referrer", with which browsers send forms with "Origin: null".
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
SAFE_METHODS: Final = ("GET", "HEAD")
WAY_OUT: Final = 'open the address that "crossroads ui" printed'


class Guard:
    """Lets nobody through to an application but those who may.

    Args:
        app: what is guarded.
        port: that it listens on.
        token: a secret; None makes one.
    """

    def __init__(self, app: ASGIApp, port: int, token: str | None = None) -> None:
        self._app, self._port = app, port
        self.token = token or secrets.token_urlsafe(32)
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        # Cookies don't know ports: each server on this machine has a name of its own.
        self._cookie = f"crossroads-{port}"

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{self._hosts[0]}/?token={self.token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._answer(Request(scope))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (answer or self._app)(scope, receive, send_guarded)

    def _answer(self, request: Request) -> Response | None:
        """A refusal or a welcome; None for who may pass."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _refusal(f"this address isn't the page's own; {WAY_OUT}", 421)
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refusal(f"another page asks for this one; {WAY_OUT}")
        if request.client is not None and user_of(*request.client, self._port) not in (None, 0, os.getuid()):
            return _refusal("the page is another user's")
        given = request.query_params.get("token")
        if given is not None and request.method == "GET":
            return self._welcome() if self._is_token(given) else _refusal(f"the token isn't this server's; {WAY_OUT}")
        if not self._is_token(request.cookies.get(self._cookie, "")):
            return _refusal(f"the page doesn't know you; {WAY_OUT}")
        if request.method not in SAFE_METHODS and request.headers.getlist("origin") != [f"http://{hosts[0]}"]:
            return _refusal("only the page itself may ask for this")
        return None

    def _welcome(self) -> Response:
        """The token goes from the address, which histories keep, into a cookie, which no script reads."""
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(self._cookie, self.token, httponly=True, samesite="strict", path="/")
        return response

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())


def _refusal(reason: str, status: int = 403) -> Response:
    return PlainTextResponse(f"crossroads: {reason}\n", status_code=status)
