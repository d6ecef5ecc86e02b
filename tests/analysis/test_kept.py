"""Failures that were kept are found again while they happen, pass once they don't, and are stale where they say nothing any more."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import edited_programs as programs
import pytest

import crossroads
from crossroads.analysis.kept import KeptResult, kept_to_data, read_regressions, regression_of, replay_kept, write_regression
from crossroads.analysis.sources import failure_from_row, open_store
from crossroads.errors import StoreError, TargetError, TimelineError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """With a shrunk failure of each of two programs, both kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("kept"))
        for name, source in (("chances", programs.CHANCES), ("draws", programs.DRAWS)):
            Path(f"{name}.py").write_text(source)
            failure = crossroads.explore(f"{name}.py", futures=200, store="found.sqlite").failures[0]
            if name == "chances":
                crossroads.shrink(failure.id, store="found.sqlite", budget=500)
            assert keep(failure.id).parent == Path("tests/crossroads")
        yield folder


def keep(id: str) -> Path:
    with open_store("found.sqlite") as kept:
        row = kept.failure(id)
        return write_regression(regression_of(failure_from_row(kept, row), row), Path("tests/crossroads"))


def replayed(folder: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> list[KeptResult]:
    monkeypatch.chdir(folder)
    Path(f"{name}.py").write_text(source)
    results = replay_kept(target=f"{name}.py")
    assert json.loads(json.dumps(kept_to_data(results)))[0]["status"] == results[0].status
    return results


def statuses(results: list[KeptResult]) -> list[tuple[str, str]]:
    return [(result.which, result.status) for result in results]


def test_the_shortest_way_and_its_saved_neighbour_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    [(file, regression)] = read_regressions(Path("tests/crossroads"), "chances.py:main")
    assert file.name.startswith("chances-main-")
    assert [choice.name for choice in regression.failing.named] == ["weather", "weather"]
    assert regression.saved is not None
    assert len(regression.saved.named) < 2
    assert regression.line.startswith("assert late < 4")
    assert len(read_regressions(Path("tests/crossroads"))) == 2


@pytest.mark.parametrize("edit", ["as it was", "comments", "an option renamed", "an earlier choice renamed"])
def test_it_still_fails(folder: Path, edit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = replayed(folder, "chances", programs.CHANCES_EDITED[edit][0], monkeypatch)
    assert statuses(results) == [("failing", "still fails"), ("saved", "passes")]
    assert [result.is_failure for result in results] == [True, False]


def test_it_passes_once_it_is_fixed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = replayed(folder, "chances", programs.CHANCES_EDITED["fixed"][0], monkeypatch)
    assert statuses(results) == [("failing", "passes"), ("saved", "passes")]


def test_another_failure_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = replayed(folder, "chances", programs.CHANCES.replace("    late = 0", '    raise KeyError("mast")'), monkeypatch)
    assert statuses(results) == [("failing", "fails otherwise"), ("saved", "fails otherwise")]
    assert all(result.is_failure for result in results)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        (programs.CHANCES_EDITED["the crossing renamed"][0], "isn't met any more"),
        (
            programs.CHANCES.replace('"storm"]', '"fog"]').replace('"storm": 2 if route == "coast" else 1', '"fog": 0'),
            "has no option 'storm'",
        ),
        (programs.CHANCES_EDITED["another function"][0], "has no function 'main'"),
    ],
    ids=["renamed", "option renamed", "no function"],
)
def test_what_doesnt_apply_any_more_is_stale_and_no_failure(
    folder: Path, source: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = replayed(folder, "chances", source, monkeypatch)
    assert results[0].status == "stale"
    assert detail in results[0].detail
    assert not any(result.is_failure for result in results)


def test_a_run_of_draws_is_kept_by_its_seed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(replayed(folder, "draws", programs.DRAWS, monkeypatch)) == [("failing", "still fails")]
    assert statuses(replayed(folder, "draws", programs.DRAWS_EDITED["fixed"][0], monkeypatch)) == [("failing", "passes")]
    [result] = replayed(folder, "draws", programs.DRAWS_EDITED["draws otherwise, and fixed"][0], monkeypatch)
    assert result.status == "stale"
    assert "any more" in result.detail


def test_no_directory_has_no_regressions(tmp_path: Path) -> None:
    assert replay_kept(tmp_path / "none", "nowhere.py") == []
    with pytest.raises(TargetError):
        read_regressions(tmp_path, "nowhere.py")


def test_a_file_that_is_no_regression_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("<<<<<<< HEAD")
    with pytest.raises(TimelineError, match=r"kept regression '.*a\.json': "):
        replay_kept(tmp_path)


def test_nothing_is_kept_of_what_isnt_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with open_store("found.sqlite") as kept:
        row = next(row for row in kept.failures() if row.target == "draws.py:main")
        row.pieces.clear()
        with pytest.raises(StoreError, match="has nothing to keep"):
            regression_of(failure_from_row(kept, row), row)
