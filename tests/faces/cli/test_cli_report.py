"""The verb `report`, and `run --html`: which file is written, from what, and what is refused."""

from dataclasses import replace
from pathlib import Path

import faces_values as made
import pytest
from faces_fakes import Fakes, keep

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.report import account_to_data
from crossroads.faces.cli import main
from crossroads.store.store import Store

pytestmark = pytest.mark.usefixtures("in_programs")

BEGINNING = "<!doctype html>\n<!-- crossroads report -->"


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    path = tmp_path / "store.sqlite"
    with Store(path) as kept:
        keep(kept, made.coins(), account=account_to_data(made.coins_account()))
    return ["--store", str(path)]


def test_a_page_is_written_and_written_again(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    for _ in range(2):
        fakes = Fakes()
        assert main(["report", "3fa9", "-o", str(file), "--watch", "coins", "--wall", "2", *store], fakes.services) == 0
        assert fakes.calls[0][1][0].id == "3fa9c2d1"
        assert fakes.named("gather")["watch"] == ("coins",)
        assert fakes.named("gather")["limits"].wall_s == 2
    text = file.read_text()
    assert text.startswith(BEGINNING)
    assert "crossroads replay 3fa9c2d1 --store" in text
    assert capsys.readouterr().out == ""


def test_a_page_on_stdout(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "3fa9c2d1", "-o", "-", "--no-run", *store], Fakes().services) == 0
    assert capsys.readouterr().out.startswith(BEGINNING)


def test_without_running_anything(store: list[str], tmp_path: Path) -> None:
    fakes = Fakes(evidence=AssertionError("not to be asked"))
    assert main(["report", "3fa9c2d1", "-o", str(tmp_path / "r.html"), "--no-run", *store], fakes.services) == 0
    assert fakes.calls == []


def test_what_the_evidence_lacks_is_said(store: list[str], tmp_path: Path) -> None:
    fakes = Fakes(evidence=Evidence(notes=("the program could not be run for this page: it is gone",)))
    assert main(["report", "3fa9c2d1", "-o", str(tmp_path / "r.html"), *store], fakes.services) == 0
    assert "The program could not be run for this page: it is gone." in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("options", [["report", "3fa9c2d1", "-o"], ["run", "boat.py", "--html"]])
def test_other_files_stay(store: list[str], tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.html"
    file.write_text("<html>mine</html>")
    fakes = Fakes()
    assert main([*options, str(file), *store], fakes.services) == 4
    assert file.read_text() == "<html>mine</html>"
    assert "holds something else than a report and won't be overwritten" in capsys.readouterr().err
    assert fakes.calls == []


def test_watching_needs_running(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "3fa9c2d1", "-o", str(tmp_path / "r.html"), "--no-run", "--watch", "x", *store], Fakes().services) == 4
    assert "leave --no-run out" in capsys.readouterr().err


def test_an_unknown_failure(store: list[str], tmp_path: Path) -> None:
    assert main(["report", "ffff", "-o", str(tmp_path / "r.html"), *store], Fakes().services) == 4


def test_run_writes_a_page_for_each_explained_failure(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = replace(made.boat(), account=None)
    fakes = Fakes(exploration=made.exploration(made.coins(account=False), second))
    file = tmp_path / "found.html"
    assert main(["run", "two_coins.py", "--html", str(file), *store], fakes.services) == 1
    assert file.read_text().startswith(BEGINNING)
    assert (tmp_path / "found-b0a7b0a7.html").read_text().startswith(BEGINNING)
    assert "Failure 3fa9c2d1 as a page:" in capsys.readouterr().err


def test_run_needs_to_explain_for_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "two_coins.py", "--no-explain", "--html", str(tmp_path / "r.html")], Fakes().services) == 4
    assert "leave --no-explain out" in capsys.readouterr().err
