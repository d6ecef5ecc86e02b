"""What a program depends on beside its own file."""

from pathlib import Path

import pytest

from crossroads.worlds import surroundings
from crossroads.worlds.surroundings import surroundings_of
from crossroads.worlds.targets import Target, parse_target

FILES = {
    "boat.py": "import json\nimport weather.sea as sea\nfrom helpers import *\n\ndef main(): ...\n",
    "weather/__init__.py": "from . import wind",
    "weather/sea.py": "from ..nowhere import nothing\nfrom .waves import high",
    "weather/waves.py": "high = 3",
    "weather/wind.py": "",
    "helpers.py": "def later():\n    import rarely",
    "rarely.py": "import boat",
    "stranger.py": "",
}
IMPORTED = sorted(FILES.keys() - {"boat.py", "stranger.py"})


@pytest.fixture
def target(tmp_path: Path) -> Target:
    for name, source in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return parse_target(str(tmp_path / "boat.py"))


@pytest.mark.parametrize("name", IMPORTED)
def test_each_imported_module_counts(tmp_path: Path, target: Target, name: str) -> None:
    before = surroundings_of(target)
    assert surroundings_of(target) == before
    (tmp_path / name).write_text(FILES[name] + "\nCHANGED = 1\n")
    assert surroundings_of(target) != before


def test_other_files_and_the_program_itself_do_not_count(tmp_path: Path, target: Target) -> None:
    before = surroundings_of(target)
    (tmp_path / "stranger.py").write_text("CHANGED = 1")
    (tmp_path / "boat.py").write_text(FILES["boat.py"] + "# and more\n")
    assert surroundings_of(target) == before


def test_a_module_that_comes_to_be_counts(tmp_path: Path, target: Target) -> None:
    before = surroundings_of(target)
    (tmp_path / "nowhere.py").write_text("")
    (tmp_path / "weather" / "waves.py").write_text("high = 3\nimport stranger")
    assert surroundings_of(target) != before


@pytest.mark.parametrize("source", ["def main(:", "\0", "from ........ import far\nimport a.b.c\n"])
def test_what_cannot_be_read_is_left_out(tmp_path: Path, target: Target, source: str) -> None:
    (tmp_path / "helpers.py").write_text(source)
    assert len(surroundings_of(target)) == 16
    (tmp_path / "boat.py").unlink()
    assert len(surroundings_of(target)) == 16


def test_versions_of_packages_count(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site-packages"
    (folder / "sails-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    before = surroundings_of(target)
    (folder / "sails-1.0.dist-info").rename(folder / "sails-1.1.dist-info")
    assert surroundings_of(target) != before


def test_installed_modules_are_known_by_their_version(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "rarely.py").write_text("")
    (tmp_path / "rarely.py").unlink()
    monkeypatch.syspath_prepend(str(folder))
    before = surroundings_of(target)
    (folder / "rarely.py").write_text("CHANGED = 1")
    assert surroundings_of(target) == before


def test_the_number_of_files_is_bounded(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "FILES_MAX", 3)
    assert len(list(surroundings._modules_of(target))) == 2
