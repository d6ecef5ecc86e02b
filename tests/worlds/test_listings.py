import glob
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossroads.worlds import listings
from crossroads.worlds.listings import Listings

NAMES = ["b", "a", "c10", "c9", "Z"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on a file system that lists the last made first."""
    stock_listdir, stock_scandir = os.listdir, os.scandir

    class Backwards:
        def __init__(self, path: object) -> None:
            with stock_scandir(path) as entries:  # type: ignore[call-overload]
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> "Iterator[os.DirEntry[str]]":
            return iter(self.entries)

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(listings, "_listdir", lambda path: sorted(stock_listdir(path), reverse=True))
    monkeypatch.setattr(listings, "_scandir", Backwards)
    for name in NAMES:
        (tmp_path / name).mkdir()
    installed = Listings()
    installed.install()
    yield tmp_path
    installed.uninstall()
    assert os.listdir is stock_listdir
    assert os.scandir is stock_scandir


def test_listings_are_sorted(folder: Path) -> None:
    assert os.listdir(folder) == sorted(NAMES)
    assert os.listdir(os.fsencode(folder)) == sorted(map(os.fsencode, NAMES))
    assert [entry.name for entry in os.scandir(folder)] == sorted(NAMES)


def test_what_stands_on_them_is_sorted(folder: Path) -> None:
    assert next(os.walk(folder))[1] == sorted(NAMES)
    assert glob.glob("*", root_dir=folder) == sorted(NAMES)
    assert [path.name for path in folder.iterdir()] == sorted(NAMES)


def test_scandir_is_an_iterator_and_a_context_manager(folder: Path) -> None:
    with os.scandir(folder) as entries:
        assert next(entries).is_dir()
    assert list(entries) == []


def test_errors_are_those_of_the_system() -> None:
    installed = Listings()
    installed.install()
    with pytest.raises(FileNotFoundError):
        os.listdir("/no/such/directory")
    with pytest.raises(FileNotFoundError):
        os.scandir("/no/such/directory")
    installed.uninstall()
