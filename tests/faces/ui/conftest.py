"""A local page over a store with two failures, asked by a client that came with the token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faces_values as made
import pytest
from faces_fakes import keep

from crossroads.analysis.report import account_to_data
from crossroads.store.store import Store

PORT = 8123
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    with Store(path) as kept:
        keep(kept, made.boat())
        keep(kept, made.coins(), account=account_to_data(made.coins_account()))
    return path


@pytest.fixture
def stranger(store: Path, in_programs: Path) -> Iterator[Any]:
    """A client without the token, `stranger.token`."""
    pytest.importorskip("starlette", reason="starlette isn't installed")
    testclient = pytest.importorskip("starlette.testclient", reason="httpx isn't installed", exc_type=Exception)
    from crossroads.faces.ui.security import Guard
    from crossroads.faces.ui.views import Views

    guard = Guard(Views(store).app, PORT)
    with testclient.TestClient(guard, base_url=HOME, follow_redirects=False) as client:
        client.token = guard.token
        yield client


@pytest.fixture
def client(stranger: Any) -> Any:
    """A client that may ask, and sends the origin as the page does."""
    assert stranger.get(f"/?token={stranger.token}").status_code == 303
    stranger.headers["origin"] = HOME
    return stranger
