"""The list and the reports of the local page, asked without a browser."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import faces_values as made
import page_values as values
import pytest
from faces_fakes import keep

from crossroads.faces.cli import main
from crossroads.store.store import Store


def test_the_list_has_every_failure_with_its_curve(client: Any) -> None:
    text = client.get("/").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "AssertionError: both coins came up heads" in text
    assert 'href="/failure/b0a7b0a7"' in text
    assert "fails in 250 of 1000 futures" in text
    assert text.count("<polyline points=") == 1
    assert "not explained yet" in text
    assert "1000 futures lived, 750 passed." in text


def test_a_report_with_a_way_back(client: Any) -> None:
    text = client.get("/failure/3fa").text
    assert '<nav class="local"' in text
    assert "Where was it decided?" in text or 'id="answers"' in text
    assert "form-action &#39;self&#39;" in text
    assert 'name="referrer" content="same-origin"' in text


def test_what_is_not_there_is_said_in_a_sentence(client: Any) -> None:
    answer = client.get("/failure/ffffffff")
    assert answer.status_code == 404
    assert "isn&#39;t in the store" in answer.text
    assert client.get("/failure/zz").status_code == 404
    assert client.get("/nowhere").status_code == 404
    assert client.get("/assets/../views.py").status_code == 404


@pytest.mark.parametrize("text", [text for text in values.HOSTILE if len(text) < 1000], ids=range(len(values.HOSTILE) - 1))
def test_strangers_texts_stay_texts(client: Any, store: Path, text: str) -> None:
    failure, _ = values.hostile(text.replace("\ud800", ""))
    with Store(store) as kept:
        keep(kept, replace(failure, id="0badf00d", account=None))
    for path in ("/", "/failure/0badf00d"):
        page = client.get(path).text
        assert text not in page or "<" not in text
        assert not re.search(r"<img|onerror=\"|<script>document", page)
        assert "\x1b" not in page


def test_a_store_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", str(tmp_path / "none.sqlite"), "--no-open"]) == 4
    assert "none.sqlite isn't there; \"crossroads run TARGET --store " in capsys.readouterr().err


def test_two_stores(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", str(store), "--store", str(store)]) == 4
    assert "name the store once" in capsys.readouterr().err


def test_without_its_packages(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("crossroads.faces.cli.ui.find_spec", lambda name: None)
    assert main(["ui", str(store)]) == 4
    assert 'install them with pip install "crossroads[ui]"' in capsys.readouterr().err


def test_a_port_that_is_taken(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("uvicorn")
    from crossroads.faces.ui.server import listening

    with listening(0) as listener:
        port = listener.getsockname()[1]
        assert main(["ui", str(store), "--port", str(port), "--no-open"]) == 4
    assert f"port={port} is taken by another program; leave it out for a free one" in capsys.readouterr().err


def test_help_needs_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(sys.modules)
    assert main(["ui", "--help"]) == 0
    assert not {name.split(".")[0] for name in set(sys.modules) - before} & {"starlette", "uvicorn"}


def test_the_list_of_an_empty_store(tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    from crossroads.faces.ui.kept import programs

    assert programs(tmp_path / "new.sqlite") == []


def test_a_small_curve_begins_and_ends_where_the_run_does() -> None:
    pytest.importorskip("starlette")
    from crossroads.faces.ui.kept import small_curve

    points = small_curve(made.coins_account()).split()
    assert points[0].startswith("0.0,")
    assert points[-1] == "120.0,1.0"


def test_a_store_that_cant_be_written_is_looked_at_in_a_copy(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[Path] = []

    def serve(path: Path, port: int, open_browser: bool) -> None:
        served.append(path)
        with Store(path) as kept:
            assert len(kept.failures()) == 2

    pytest.importorskip("uvicorn")
    monkeypatch.setattr("crossroads.faces.ui.server.serve", serve)
    assert main(["ui", "--no-open", str(store)]) == 0
    assert served == [store]
    monkeypatch.setattr("crossroads.faces.cli.ui.os.access", lambda path, mode: mode != os.W_OK)
    assert main(["ui", "--no-open", str(store)]) == 0
    assert served[1].name == store.name
    assert not served[1].exists()
    assert f"{store} can't be written" in capsys.readouterr().err
