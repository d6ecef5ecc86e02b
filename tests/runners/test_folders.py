"""The directory of a test's temporary files: one path, one holder, as it was at a snapshot, and nothing left behind."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossroads.runners import folders
from crossroads.runners.folders import NAME, Folder, clear_folders


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(folders, "_STARTER", os.getpid())
    yield tmp_path / NAME
    clear_folders("a.py::test")
    assert not (tmp_path / NAME).exists()


def test_the_path_is_the_same_each_time_and_empty_and_gone_in_the_end(root: Path) -> None:
    first = Folder("a.py::test")
    path = first.claim()
    assert first.claim() == path
    Path(path, "file").write_text("left")
    first.clear()
    assert not root.exists()
    second = Folder("a.py::test")
    assert second.claim() == path
    assert os.listdir(path) == []
    second.clear()


def test_another_one_has_another_path_while_the_first_is_held_on_to(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "PATIENCE_S", 0.0)
    first, second = Folder("a.py::test"), Folder("a.py::test")
    paths = [first.claim(), second.claim()]
    assert paths[0] != paths[1]
    assert len(paths[0]) == len(paths[1])
    monkeypatch.setattr(folders, "SLOTS", 2)
    with pytest.raises(OSError, match=r"temporary directories of a\.py::test are all in use"):
        Folder("a.py::test").claim()
    first.clear()
    second.clear()


def test_what_is_there_at_a_snapshot_is_there_again_whatever_happened_between(root: Path) -> None:
    folder = Folder("a.py::test")
    path = Path(folder.claim())
    (path / "inside").mkdir(mode=0o500)
    (path / "file").write_text("as it was")
    (path / "removed").write_text("again")
    (path / "link").symlink_to("file")
    os.mkfifo(path / "pipe")
    open_file = (path / "removed").open("r+")
    assert folder.leave() == ""
    other = Folder("a.py::test")
    assert Path(other.claim()) == path
    assert os.listdir(path) == []
    (path / "file").write_text("another's")
    other.clear()
    for _ in range(2):
        folder.enter()
        assert sorted(os.listdir(path)) == ["file", "inside", "link", "pipe", "removed"]
        assert (path / "link").read_text() == "as it was"
        assert (path / "inside").stat().st_mode & 0o777 == 0o500
        open_file.seek(0)
        open_file.write("AGAIN")
        open_file.flush()
        assert (path / "removed").read_text() == "AGAIN"
        (path / "removed").unlink()
        (path / "file").write_text("something longer")
        (path / "new").touch()
        folder.clear()
    open_file.close()


def test_the_working_directory_is_put_right(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    folder = Folder("a.py::test")
    inside = Path(folder.claim(), "inside")
    inside.mkdir()
    os.chdir(inside)
    folder.leave()
    folder.enter()
    Path("file").touch()
    assert os.listdir(inside) == ["file"]
    os.chdir(root.parent)
    folder.clear()


def test_an_open_file_without_a_name_holds_what_it_held(root: Path) -> None:
    folder = Folder("a.py::test")
    with tempfile.TemporaryFile(dir=root.parent) as file:
        file.write(b"before")
        file.flush()
        folder.leave()
        file.write(b", and after")
        file.flush()
        folder.enter()
        assert os.pread(file.fileno(), 100, 0) == b"before"


def test_too_much_cant_be_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "KEPT_BYTES_MAX", 1024**2)
    folder = Folder("a.py::test")
    Path(folder.claim(), "file").write_bytes(bytes(1024**2 + 1))
    assert folder.leave() == "more than 1 MB of temporary files"
    folder.clear()


def test_what_belongs_to_another_session_that_lives_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder("a.py::test")
    Path(folder.claim(), "file").touch()
    monkeypatch.setattr(folders, "_STARTER", os.getppid())
    folder.leave()
    clear_folders("a.py::test")
    (box,) = root.iterdir()
    assert len(list(box.iterdir())) == 1
    folder.enter()
    assert os.path.exists(os.path.join(folder.path, "file"))
    folder.clear()
    for home in box.iterdir():
        home.rename(box / f"home-{2**22 + 1}-1-1")
