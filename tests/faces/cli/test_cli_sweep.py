"""`crossroads run --cancel`: what it asks for, what it prints where, and its exit codes."""

import json
from dataclasses import replace
from pathlib import Path

import faces_values as made
import pytest
from faces_fakes import Fakes

from crossroads.errors import SettingError
from crossroads.faces.cli import main
from crossroads.snapshots.limits import Limits

pytestmark = pytest.mark.usefixtures("in_programs")


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    return ["--store", str(tmp_path / "store.sqlite")]


def test_nothing_failed(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes()
    assert main(["run", "boat.py", "--cancel", "sail", *store], fakes.services) == 0
    assert "No future failed in which sail was cancelled" in capsys.readouterr().out
    assert [name for name, _, _ in fakes.calls] == ["sweep"]


def test_failures_are_listed_and_not_explained(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(swept=made.sweep(replace(made.coins(account=False), count=3)))
    assert main(["run", "boat.py", "--cancel", "sail", *store], fakes.services) == 1
    printed = capsys.readouterr()
    assert "Not safe: cancelled at 1 of its 4 awaits, sail made futures fail." in printed.out
    assert printed.out.rstrip().endswith(f"crossroads replay 3fa9c2d1 --store {store[1]}")
    assert [name for name, _, _ in fakes.calls] == ["sweep"]


def test_settings_are_passed_on(store: list[str]) -> None:
    fakes = Fakes()
    options = [
        "--futures",
        "500",
        "--seed",
        "7",
        "--engine",
        "replay",
        "--jobs",
        "2",
        "--wall",
        "1.5",
        "--steps",
        "99",
        "--faults",
        "reset",
    ]
    main(["run", "boat.py:main", "--cancel", "sail", *options, *store], fakes.services)
    assert fakes.calls[0][1] == ("boat.py:main",)
    asked = {"cancel": "sail", "futures": 500, "seed": 7, "engine": "replay", "jobs": 2, "steps": 99, "faults": ("reset",)}
    named = fakes.named("sweep")
    assert {**asked, "limits": Limits(wall_s=1.5), "store": Path(store[1])}.items() <= named.items()


def test_json_alone(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "boat.py", "--cancel", "sail", "--json", "-", *store], Fakes().services) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "crossroads-report/1"
    assert data["sweep"]["awaits"][0]["within"] == ["boat.py:9 in tack"]


def test_an_interrupted_sweep(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    swept = made.sweep()
    fakes = Fakes(swept=replace(swept, exploration=replace(swept.exploration, complete=False)))
    assert main(["run", "boat.py", "--cancel", "sail", *store], fakes.services) == 2
    assert "It was interrupted." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--html", "page.html"], "html needs explained failures, and a sweep explains none"),
        (["--futures", "0"], "futures=0 must be at least 1"),
    ],
)
def test_what_is_refused(store: list[str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "boat.py", "--cancel", "sail", *options, *store], Fakes().services) == 4
    assert message in capsys.readouterr().err


def test_a_name_that_never_waits(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(swept=SettingError("cancel=sial was never met"))
    assert main(["run", "boat.py", "--cancel", "sial", *store], fakes.services) == 4
    assert capsys.readouterr().err == "crossroads: cancel=sial was never met\n"
