"""Verdicts and kept regressions on the command line: what is printed, exit codes, and what later runs replay first."""

import json
from pathlib import Path

import faces_values as made
import pytest
from faces_fakes import Fakes, keep

from crossroads.analysis.judging import VerdictKind
from crossroads.analysis.kept import KeptResult
from crossroads.analysis.pasts import PAST, RecordedPast, Step, past_to_data
from crossroads.analysis.report import account_to_data, shrunk_to_data
from crossroads.analysis.verdict import VERDICT, verdict_from_data, verdict_to_data
from crossroads.faces.cli import main
from crossroads.faces.cli.verify import FUTURES
from crossroads.store.store import Store
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.regressions import loads

pytestmark = pytest.mark.usefixtures("in_programs")

BOAT = "b0a7b0a7"


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    path = tmp_path / "store.sqlite"
    with Store(path) as kept:
        keep(kept, made.boat())
        keep(kept, made.coins(), account=account_to_data(made.coins_account()))
        kept.save_piece(BOAT, "shrunk", shrunk_to_data(made.boat_shrunk()))
    return ["--store", str(path)]


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("prevented", 0, "Prevented: the run comes to 'weather' ('storm') as recorded and survives"),
        ("gone", 0, "The crossing is gone: the run leaves the recorded one behind 'route'"),
        ("reduced", 1, "Reduced: from behind 'weather' it fails in 10 %"),
        ("unchanged", 1, "Unchanged: from the start it fails in 4.9 %"),
        ("worse", 1, "Worse: "),
        ("moved", 1, "Moved: this failure wasn't seen any more, but 12 of 1000 futures from the start end in KeyError"),
        ("cannot tell", 5, "Cannot tell: the run isn't the recorded one any more"),
    ],
)
def test_the_verdict_comes_first(kind: VerdictKind, code: int, words: str, store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(verdict=made.verdict(kind))
    assert main(["verify", BOAT[:4], *store], fakes.services) == code
    printed = capsys.readouterr().out
    assert " ".join(printed.split()).startswith(words)
    assert "Followed:" in printed
    assert all(len(line) <= 88 for line in printed.splitlines() if "crossroads " not in line)
    given = fakes.named("verify")
    assert given["futures"] == FUTURES
    assert str(given["store"]) == store[1]


@pytest.mark.parametrize("kind", ["prevented", "moved", "gone", "cannot tell", "reduced"])
def test_verdicts_as_printed(kind: VerdictKind, store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", BOAT, "--store", store[1]], Fakes(verdict=made.verdict(kind)).services)
    made.check_snapshot(f"verdict-{kind.replace(' ', '-')}", capsys.readouterr().out.replace(store[1], "s.sqlite"))


def test_the_verdict_as_json(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = made.verdict("gone")
    fakes = Fakes(verdict=verdict)
    assert main(["verify", BOAT, "--json", "-", *store], fakes.services) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["format"] == "crossroads-verdict/1"
    assert data["verdict"] == "gone"
    assert data["sentence"] == verdict.sentence
    assert verdict_from_data(data) == verdict
    file = tmp_path / "verdict.json"
    assert main(["verify", BOAT, "--json", str(file), "--futures", "59", *store], fakes.services) == 0
    assert json.loads(file.read_text()) == data
    assert "The crossing is gone" in capsys.readouterr().out


def test_what_cant_be_verified_is_refused(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "ffff", *store], Fakes().services) == 4
    assert main(["verify", BOAT, "--futures", "0", *store], Fakes().services) == 4
    assert "futures=0 must be at least 1" in capsys.readouterr().err


def test_the_latest_verdict_stands_in_the_report(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with Store(store[1]) as kept:
        kept.save_piece(BOAT, VERDICT, verdict_to_data(made.verdict()))
    assert main(["show", BOAT, *store]) == 0
    assert "when last verified: prevented: the run comes to 'weather'" in " ".join(capsys.readouterr().out.split())
    assert main(["show", BOAT, "--json", *store]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["verdict"] == "prevented"


def test_keep_writes_the_shortest_way(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keep", BOAT, "--dir", str(tmp_path / "kept"), *store]) == 0
    assert "Kept failure b0a7b0a7" in capsys.readouterr().out
    [file] = (tmp_path / "kept").iterdir()
    assert file.name.endswith("-b0a7b0a7.json")
    regression = loads(file.read_text())
    assert regression.failing.named == made.boat_shrunk().named.named
    assert regression.failure.exception == made.boat().outcome.exception


def test_keep_takes_the_choices_where_nothing_is_shrunk(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coins = made.coins()
    assert main(["keep", coins.id, "--dir", str(tmp_path / "kept"), *store]) == 4
    assert "has nothing to keep" in capsys.readouterr().err
    steps = (Step(1, "chance", "coin", 0, 1, "'tails'"), Step(2, "chance", "coin", 1, 1, "'tails'"))
    past = RecordedPast(coins.timeline.digest, coins.timeline.points, steps, True, "assert heads")
    with Store(store[1]) as kept:
        kept.save_piece(coins.id, PAST, past_to_data(past))
    assert main(["keep", coins.id, "--dir", str(tmp_path / "kept"), *store]) == 0
    [file] = (tmp_path / "kept").iterdir()
    assert loads(file.read_text()).failing.named[0].name == "coin"


RESULTS = [
    KeptResult("tests/crossroads/a.json", "boat.py:main", "failing", "still fails", Outcome("failed", "ValueError", "sank", "a.py:3 in f")),
    KeptResult("tests/crossroads/a.json", "boat.py:main", "saved", "passes", Outcome("passed")),
    KeptResult("tests/crossroads/b.json", "boat.py:main", "failing", "stale", Outcome("passed"), "the choice 'sky' isn't met any more"),
]


def test_run_replays_what_was_kept_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = made.exploration()
    said: list[str] = []
    fakes = Fakes(quiet, kept=RESULTS, during=lambda name, named: said.append(name))
    assert main(["run", "boat.py", "--kept", str(tmp_path), "--jobs", "2"], fakes.services) == 1
    assert said[:2] == ["replay_kept", "explore"]
    assert fakes.named("replay_kept")["jobs"] == 2
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith("Replayed 2 kept regressions: 1 run failed, 1 run stale. Fails: tests/crossroads/a.json, the run that failed")
    assert "Stale: tests/crossroads/b.json, the run that failed: the choice 'sky' isn't met any more." in printed
    assert main(["run", "boat.py", "--kept", str(tmp_path), "--json", "-"], Fakes(quiet, kept=RESULTS).services) == 1
    assert [result["status"] for result in json.loads(capsys.readouterr().out)["kept"]] == ["still fails", "passes", "stale"]


def test_stale_and_passing_ones_are_no_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "boat.py", "--kept", str(tmp_path)], Fakes(made.exploration(), kept=RESULTS[1:]).services) == 0
    assert "Replayed 2 kept regressions: 1 run stale." in capsys.readouterr().out
    fakes = Fakes(made.exploration())
    assert main(["run", "boat.py", "--kept", str(tmp_path / "none")], fakes.services) == 0
    assert "replay_kept" not in [name for name, _, _ in fakes.calls]
