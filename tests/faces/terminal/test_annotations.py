"""Failures as GitHub shows them beside the source."""

from pathlib import Path

import pytest

from crossroads.errors import SettingError
from crossroads.faces.terminal.annotations import annotation, failure_annotation, wanted


def test_a_failure_stands_at_its_line(tmp_path: Path) -> None:
    text = annotation("AssertionError", "lost 5 %\nof it", f"{tmp_path}/tests/test_bank.py:14 in test_it", tmp_path)
    assert text == "::error file=tests/test_bank.py,line=14,title=AssertionError::lost 5 %25%0Aof it"


def test_a_place_outside_of_the_repository_is_named_whole(tmp_path: Path) -> None:
    assert "file=/elsewhere/a.py,line=3," in annotation("E", "m", "/elsewhere/a.py:3 in f", tmp_path)


def test_what_separates_is_escaped(tmp_path: Path) -> None:
    text = annotation("a:b,c%\r\n", "x::y,z\r", f"{tmp_path}/a,b:c.py:1 in f", tmp_path)
    assert text == "::error file=a%2Cb%3Ac.py,line=1,title=a%3Ab%2Cc%25%0D%0A::x::y,z%0D"


def test_without_a_place_there_is_no_file() -> None:
    assert annotation("E", "m") == "::error title=E::m"


def test_the_workspace_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "file=a.py," in annotation("E", "m", f"{tmp_path}/a.py:1 in f")


def test_github_is_told_by_itself_and_others_when_asked() -> None:
    assert wanted(None, {"GITHUB_ACTIONS": "true"})
    assert wanted("github", {})
    assert not wanted(None, {})
    with pytest.raises(SettingError, match="annotations=gitlab must be github"):
        wanted("gitlab", {})


def test_a_failure_says_how_often_and_how_to_see_it_again() -> None:
    text = failure_annotation("", "", "", (3, 500), "boat.py:main", "crossroads replay 3fa9c2d1")
    assert text == "::error title=failure::fails in 3 of 500 futures of boat.py:main%0Acrossroads replay 3fa9c2d1"
