"""The verbs that work on what was found: list, show, explain, export, replay."""

import json
import signal
from pathlib import Path
from typing import Any

import faces_values as made
import pytest
from faces_fakes import Fakes, keep

from crossroads.analysis.replay import Replay, Watched
from crossroads.analysis.report import account_to_data
from crossroads.faces.cli import main
from crossroads.store.store import Store
from crossroads.timeline.formats import loads
from crossroads.timeline.outcomes import Outcome

pytestmark = pytest.mark.usefixtures("in_programs")


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    path = tmp_path / "store.sqlite"
    with Store(path) as kept:
        keep(kept, made.boat())
        keep(kept, made.coins(), account=account_to_data(made.coins_account()))
    return ["--store", str(path)]


def replay_of(**changes: Any) -> Replay:
    timeline = made.coins_timeline()
    return Replay(**{"timeline": timeline, "expected": timeline, "same": True, "watched": (), **changes})


def test_list(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", *store]) == 0
    heading, coins, boat, *_ = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["id", "what"]
    assert coins.startswith("3fa9c2d1  AssertionError: both coins came up heads  two_coins.py:19 in main  two_coins.py:main  250 of 1000")
    assert coins.endswith("yes")
    assert boat.startswith("b0a7b0a7")
    assert boat.endswith("no")


def test_list_as_json(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", *store]) == 0
    coins, boat = json.loads(capsys.readouterr().out)
    assert coins.items() >= {"id": "3fa9c2d1", "count": 250, "futures": 1000, "explained": True, "exception": "AssertionError"}.items()
    assert boat["explained"] is False


def test_list_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--store", str(tmp_path / "new.sqlite")]) == 0
    assert "crossroads run TARGET" in capsys.readouterr().out


def test_show_prints_the_report_from_the_store(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "3fa", *store]) == 0
    text = capsys.readouterr().out
    assert text.replace(f" --store {store[1]}", "") == (made.SNAPSHOTS / "failure-coins.txt").read_text(encoding="utf-8")


def test_show_as_json(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "3fa9c2d1", "--json", *store]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["id"] == "3fa9c2d1"
    assert data["count"] == 250
    assert data["account"]["turning_points"][0]["point"] == 21


@pytest.mark.parametrize("verb", ["show", "explain", "replay"])
def test_an_unknown_id_is_a_usage_error(store: list[str], verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "ffffffff", "--survivor" if verb == "replay" else "--json", *store], Fakes().services) == 4
    message = capsys.readouterr().err
    assert "ffffffff" in message
    assert "crossroads list" in message


def test_explain_asks_for_an_account_and_shows_it(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    account = made.boat().account
    assert account is not None
    fakes = Fakes(account=account)
    assert main(["explain", "b0a7", "--budget", "500", "--seed", "3", "--eps", "0.05", *store], fakes.services) == 0
    assert fakes.calls[0][1] == ("b0a7b0a7",)
    assert {"budget": 500, "seed": 3, "eps": 0.05}.items() <= fakes.named("explain").items()
    assert "the program's choice" in capsys.readouterr().out


@pytest.mark.parametrize("eps", ["0", "0.21", "x", "nan"])
def test_explain_checks_eps(store: list[str], eps: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "b0a7", "--eps", eps, *store]) == 4
    assert f"eps={eps} must be more than 0 and at most 0.2" in capsys.readouterr().err


def test_export_to_a_file_and_to_stdout(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "coins.json"
    assert main(["export", "3fa9c2d1", str(file), *store]) == 0
    assert capsys.readouterr().out == ""
    assert loads(file.read_text()) == made.coins_timeline()
    assert main(["export", "3fa9c2d1", "-", *store]) == 0
    assert capsys.readouterr().out == file.read_text()


def test_export_the_survivor(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "3fa9c2d1", "-", "--survivor", *store]) == 0
    assert loads(capsys.readouterr().out).outcome == Outcome("passed")
    assert main(["export", "b0a7", "-", "--survivor", *store]) == 4
    assert 'explain it with "crossroads explain b0a7b0a7" first' in capsys.readouterr().err


def test_export_never_overwrites_a_program(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "program.py"
    program.write_text("print()\n")
    assert main(["export", "3fa9c2d1", str(program), *store]) == 4
    assert program.read_text() == "print()\n"
    assert "won't be overwritten" in capsys.readouterr().err


def test_replay_says_whether_it_is_the_same_run(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(replayed=replay_of())
    assert main(["replay", "3fa9c2d1", *store], fakes.services) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert text == "The same run again, 101 points: AssertionError: both coins came up heads (two_coins.py:19 in main)."
    assert fakes.calls[0][1] == ("3fa9c2d1",)
    assert {"to": None, "watch": None, "debugger": False, "quiet": False}.items() <= fakes.named("replay").items()


def test_replay_that_diverges(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    lived = made.coins_timeline(outcome=Outcome("passed"), points=100)
    assert main(["replay", "3fa9c2d1", *store], Fakes(replayed=replay_of(timeline=lived, same=False)).services) == 3
    text = capsys.readouterr().out
    assert "recorded: 101 points: AssertionError" in text
    assert "now:      100 points: passed" in text


def test_replay_of_the_survivor(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    saved = made.coins_timeline(outcome=Outcome("passed"))
    fakes = Fakes(replayed=replay_of(timeline=saved, expected=saved))
    assert main(["replay", "3fa9c2d1", "--survivor", *store], fakes.services) == 0
    way_out = made.coins_account().last_way_out
    assert way_out is not None
    assert fakes.calls[0][1] == (way_out.survivor,)


def test_replay_up_to_a_point(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    stopped = replay_of(timeline=made.coins_timeline(outcome=None), stopped=Watched(30, "mark", "step", "two_coins.py:12 in main", 0.0))
    fakes = Fakes(replayed=stopped)
    assert main(["replay", "3fa9c2d1", "--to", "30", *store], fakes.services) == 0
    assert fakes.named("replay")["to"] == 30
    assert capsys.readouterr().out == 'Stopped at point 30, mark "step" (two_coins.py:12 in main), 71 points before the end.\n'


WATCHED = (
    Watched(0, "start", "", "", 0.0, None, "None", "NameError: name 'x' is not defined"),
    Watched(1, "mark", "step", "two_coins.py:12 in main", 0.25, [1, 2.5], "[1, 2.5]", ""),
    Watched(2, "mark", "st\nep", "two_coins.py:12 in main", 0.5, float("nan"), "nan", ""),
)


def test_watched_values_are_printed_point_by_point(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "3fa9c2d1", "--watch", "x", *store], Fakes(replayed=replay_of(), watched=WATCHED).services) == 1
    made.check_snapshot("replay-watch", capsys.readouterr().out)


def test_watched_values_as_json_lines(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(replayed=replay_of(), watched=WATCHED)
    assert main(["replay", "3fa9c2d1", "--watch", "x", "--json", *store], fakes.services) == 1
    start, first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert start["error"] == "NameError: name 'x' is not defined"
    assert first == {"point": 1, "kind": "mark", "label": "step", "where": "two_coins.py:12 in main", "time": 0.25, "value": [1, 2.5]}
    assert second["value"] == "nan"
    assert fakes.named("replay")["quiet"] is True


def test_replay_as_json(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "3fa9c2d1", "--json", *store], Fakes(replayed=replay_of()).services) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["same"] is True
    assert data["timeline"]["outcome"]["exception"] == "AssertionError"


def test_the_debugger_and_json_exclude_each_other(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "3fa9c2d1", "--pdb", "--json", *store], Fakes(replayed=replay_of()).services) == 4


def test_under_the_debugger_ctrl_c_is_the_programs(store: list[str]) -> None:
    fakes = Fakes(replayed=replay_of(), during=lambda name, named: signal.raise_signal(signal.SIGINT))
    assert main(["replay", "3fa9c2d1", "--pdb", *store], fakes.services) == 1
    assert fakes.named("replay")["debugger"] is True
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_damaged_store_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database " * 100)
    assert main(["list", "--store", str(path)]) == 4
    assert capsys.readouterr().err.count("\n") == 1
    assert path.read_bytes() == b"not a database " * 100
