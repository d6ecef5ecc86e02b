"""Who may ask the local page for anything, and what every answer says."""

import os
import socket
import sys
from typing import Any

import pytest

from crossroads.faces.ui.neighbours import user_of

HOME = "http://127.0.0.1:8123"


def test_without_the_token_nothing_is_told(stranger: Any) -> None:
    for path in ("/", "/failure/3fa9c2d1", "/assets/ui.js", "/nothing"):
        answer = stranger.get(path)
        assert answer.status_code == 403
        assert answer.text == 'crossroads: the page doesn\'t know you; open the address that "crossroads ui" printed\n'
    assert stranger.get("/?token=wrong").status_code == 403
    assert stranger.get("/?token=%F0%9F%92%A9").status_code == 403
    assert stranger.get("/", headers={"cookie": "crossroads-8123=wrong"}).status_code == 403


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(stranger: Any) -> None:
    answer = stranger.get(f"/?token={stranger.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"] == f"crossroads-8123={stranger.token}; HttpOnly; Path=/; SameSite=strict"
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1", "127.0.0.1:8124", "127.0.0.1:8123.evil.example", ""])
def test_other_hosts_are_refused_though_they_have_the_cookie(client: Any, host: str) -> None:
    """DNS rebinding: a stranger's name that leads here."""
    assert client.get("/", headers={"host": host}).status_code == 421
    assert client.get(f"/?token={client.token}", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://127.0.0.1:8123", "http://127.0.0.1:9", "http://localhost:8123"])
def test_other_origins_may_start_nothing(client: Any, origin: str) -> None:
    answer = client.post("/explore", headers={"origin": origin})
    assert (answer.status_code, answer.text) == (403, "crossroads: only the page itself may ask for this\n")


def test_a_request_without_an_origin_may_start_nothing(client: Any) -> None:
    del client.headers["origin"]
    assert client.post("/explore").status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_may_not_even_look(client: Any, site: str) -> None:
    """A server on another port of this machine is "same-site", and cookies are sent there."""
    assert client.get("/", headers={"sec-fetch-site": site}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/nothing", "/failure/ffffffff", "/assets/ui.js", "/failure/3fa9c2d1"])
def test_every_answer_says_what_may_run(client: Any, path: str) -> None:
    headers = client.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert "unsafe" not in headers["content-security-policy"]
    if not path.startswith("/failure/3"):
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")


def test_what_is_not_a_request_is_not_answered(client: Any) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


def test_other_users_are_refused_though_they_have_the_cookie(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for user, status in ((os.getuid() + 1, 403), (os.getuid(), 200), (0, 200), (None, 200)):
        monkeypatch.setattr("crossroads.faces.ui.security.user_of", lambda *_, user=user: user)
        assert client.get("/").status_code == status


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has these tables")
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")])
def test_whose_process_has_connected_is_known(family: socket.AddressFamily, host: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.socket(family) as other:
            try:
                other.connect((host, port))
            except OSError:
                pytest.skip("there is no such family of addresses here")
            connection, (address, other_port) = listener.accept()
            with connection:
                assert user_of(address, other_port, port) == os.getuid()
    assert user_of("testclient", 1, 2) is None
    assert user_of("127.0.0.1", 1, 2) is None
