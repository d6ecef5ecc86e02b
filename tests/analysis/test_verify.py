"""Failures are verified against edited programs: fixes are told from half fixes, and from edits that change nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import edited_programs as programs
import pytest

import crossroads
from crossroads.analysis.sources import load_failure, open_store
from crossroads.analysis.verdict import Verdict, verdict_from_data, verdict_to_data
from crossroads.analysis.verify import FUTURES
from crossroads.errors import SettingError, StoreError

pytestmark = [pytest.mark.once, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")]


class Place:
    """A folder with a program that was explained, so that it can be edited and verified."""

    def __init__(self, folder: Path, source: str, **settings: int) -> None:
        self.folder, self.program, self.store = folder, folder / "program.py", folder / "found.sqlite"
        self.program.write_text(source)
        found = crossroads.explore("program.py", futures=settings.get("futures", 500), store=self.store)
        self.id = found.failures[0].id
        if settings.get("budget"):
            crossroads.explain(self.id, budget=settings["budget"], store=self.store)

    def verdict(self, source: str, futures: int = FUTURES) -> Verdict:
        self.program.write_text(source)
        return crossroads.verify(self.id, futures=futures, store=self.store)


def placed(tmp_path_factory: pytest.TempPathFactory, source: str, **settings: int) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("program"))
        yield Place(folder, source, **settings)


@pytest.fixture(scope="module")
def chances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from placed(tmp_path_factory, programs.CHANCES, budget=3000, futures=300)


@pytest.fixture(scope="module")
def draws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from placed(tmp_path_factory, programs.DRAWS, budget=800, futures=300)


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from placed(tmp_path_factory, programs.RACE, budget=1500, futures=300)


def assert_told(place: Place, edits: dict[str, tuple[str, set[str]]], edit: str, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    monkeypatch.chdir(place.folder)
    source, expected = edits[edit]
    verdict = place.verdict(source, futures=64 if edit in QUICK else FUTURES)
    assert verdict.kind in expected, verdict.sentence
    assert verdict.sentence.startswith({"gone": "the crossing is gone"}.get(verdict.kind, verdict.kind))
    assert verdict_from_data(verdict_to_data(verdict)) == verdict
    with open_store(place.store) as kept:
        assert load_failure(kept, place.id).verdict == verdict
    return verdict


QUICK = ("as it was", "comments", "fixed", "half fixed: by a retry", "another failure", "no Python", "another function")


@pytest.mark.parametrize(
    "edit", [edit if edit in QUICK else pytest.param(edit, marks=pytest.mark.slow) for edit in programs.CHANCES_EDITED]
)
def test_a_program_of_chances(chances: Place, edit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_told(chances, programs.CHANCES_EDITED, edit, monkeypatch)


@pytest.mark.parametrize("edit", [pytest.param(edit, marks=[] if edit in QUICK else pytest.mark.slow) for edit in programs.DRAWS_EDITED])
def test_a_program_that_draws_itself(draws: Place, edit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = assert_told(draws, programs.DRAWS_EDITED, edit, monkeypatch)
    if edit.startswith("draws otherwise"):
        assert verdict.match is not None
        assert (verdict.match.expected, verdict.match.met) == ("'random.choice'", "'random.random'")


@pytest.mark.slow
@pytest.mark.parametrize("edit", programs.RACE_EDITED)
def test_a_race(race: Place, edit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_told(race, programs.RACE_EDITED, edit, monkeypatch)


def test_what_a_verdict_says(chances: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chances.folder)
    verdict = chances.verdict(programs.CHANCES.replace("late < 4", "late < 40"))
    assert verdict.still_happens is False
    assert verdict.is_changed
    assert verdict.match is not None
    assert verdict.match.is_exact
    assert verdict.place is not None
    assert (verdict.place.spot, verdict.place.now.failed, verdict.place.now.futures) == ("crossing", 0, FUTURES)
    assert verdict.place.bound is not None
    assert verdict.place.bound < 0.01
    assert {place.spot for place in verdict.places} >= {"start", "crossing", "turning point", "unlikely options"}
    assert verdict.again == crossroads.Outcome("passed")
    assert "less than 1 % of all do, before 100 %" in verdict.sentence
    again = chances.verdict(programs.CHANCES)
    assert again.still_happens is True
    assert not again.is_changed
    assert again.is_again


def test_too_few_futures_are_said_to_be_too_few(chances: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chances.folder)
    verdict = chances.verdict(programs.CHANCES.replace("late < 4", "late < 40"), futures=20)
    assert (verdict.kind, verdict.needed) == ("cannot tell", 59)
    assert verdict.still_happens is None
    assert "--futures 59 may tell" in verdict.sentence


def test_a_failure_that_was_never_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, programs.CHANCES)
    verdict = place.verdict(programs.CHANCES.replace("late < 4", "late < 40"), futures=60)
    assert verdict.kind == "prevented"
    assert any("never explained" in note for note in verdict.notes)
    assert place.verdict(programs.CHANCES, futures=60).kind == "unchanged"


def test_a_failure_whose_past_isnt_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, programs.CHANCES)
    with open_store(place.store) as kept:
        failure = load_failure(kept, place.id)
        kept.save_piece(place.id, "past", {"format": "crossroads-past/1", "digest": "", "points": 0, "is_whole": True, "raised": "",
                                           "others": [], "texts": [], "columns": [], "steps": []})  # fmt: skip
    with pytest.raises(StoreError, match="a past in the store can't be read"):
        place.verdict(programs.CHANCES)
    other = tmp_path / "other.sqlite"
    fixed = programs.CHANCES.replace("late < 4", "late < 40")
    place.program.write_text(fixed)
    verdict = crossroads.verify(failure, futures=60, store=other)
    assert verdict.kind == "cannot tell"
    assert "wasn't recorded" in verdict.sentence
    place.program.write_text(programs.CHANCES)
    assert crossroads.verify(failure, futures=60, store=other).kind == "unchanged"


@pytest.mark.parametrize("setting", [{"futures": 0}, {"seconds": 0.0}, {"seed": -1}], ids=str)
def test_settings_out_of_range_are_refused(setting: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        crossroads.verify("00000000", store=tmp_path / "s.sqlite", **setting)  # type: ignore[arg-type]


def test_unknown_failures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        crossroads.verify("00000000", store=tmp_path / "s.sqlite")


def test_the_same_seed_gives_the_same_numbers(chances: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chances.folder)
    source = programs.CHANCES_EDITED["half fixed: by a retry"][0]
    one, other = chances.verdict(source, futures=100), chances.verdict(source, futures=100)
    assert one.places == other.places
    assert one.sentence == other.sentence
