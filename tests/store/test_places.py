"""One store per project, in the user's cache directory."""

import os
import re

import pytest

from crossroads.errors import StoreError
from crossroads.store import places


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "user_cache_dir", lambda name, appauthor: str(tmp_path / "cache" / name))
    return tmp_path / "cache" / "crossroads"


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.py", "setup.cfg", ".git"])
def test_the_project_is_the_nearest_parent_with_a_mark(tmp_path, mark):
    inner = tmp_path / "boats" / "src" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "setup.py").touch()
    (tmp_path / "boats" / mark).touch()
    assert places.project_directory(inner) == tmp_path / "boats"


def test_without_a_mark_the_directory_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_PROJECT_MARKS", ("no file has this name",))
    (tmp_path / "boat.py").touch()
    assert places.project_directory(tmp_path) == tmp_path
    assert places.project_directory(tmp_path / "boat.py") == tmp_path
    monkeypatch.chdir(tmp_path)
    assert places.project_directory() == tmp_path


def test_the_file_is_named_after_the_project_and_its_path(tmp_path, cache):
    for parent in ("a", "b"):
        (tmp_path / parent / "boats").mkdir(parents=True)
        (tmp_path / parent / "boats" / "setup.py").touch()
    first, second = (places.default_path(tmp_path / parent / "boats") for parent in ("a", "b"))
    assert first.parent == second.parent == cache
    assert re.fullmatch(r"boats-[0-9a-f]{8}\.sqlite", first.name)
    assert first != second
    assert first == places.default_path(tmp_path / "b" / ".." / "a" / "boats")
    assert not cache.exists()


def test_awkward_names_of_directories_make_plain_file_names(tmp_path, cache):
    for name in ("two words\nand a line", "ü" * 120, os.fsdecode(b"\xff\xfe"), "x" * 255):
        project = tmp_path / name
        project.mkdir()
        (project / "setup.py").touch()
        found = places.default_path(project).name
        assert re.fullmatch(r"[\w.-]{1,40}-[0-9a-f]{8}\.sqlite", found)
        assert len(os.fsencode(found)) <= 255


def test_the_root_directory_has_a_name_too(cache, monkeypatch):
    monkeypatch.setattr(places, "_PROJECT_MARKS", ("no file has this name",))
    assert places.default_path(places.Path("/")).name.startswith("root-")


def test_a_working_directory_that_is_gone_is_said(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StoreError, match="change to one that exists"):
        places.default_path()
