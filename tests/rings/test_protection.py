"""What is protected is after a return as it was at the mark; what isn't stays changed."""

import fcntl
import mmap
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from landing_tools import in_child, picture

from crossroads.errors import RingError, SettingError
from crossroads.rings.protection import Protection, protect

NAMES = ["a", "b", "ab", "a-wal", "x\ny", "\udcff", "-rf", "é", " ", "…" * 80]


def protection_of(*paths: Path) -> Protection:
    protection = Protection()
    protection.add([str(path) for path in paths])
    return protection


class Steps:
    """Random changes to a tree."""

    def __init__(self, root: Path) -> None:
        self.root, self.outside = root, root.parent / "outside"

    def do(self, kind: str, first: str, second: str, number: int) -> None:
        if not first and kind == "replace":
            return
        if kind in ("write", "append", "patch") and (self.root / first).is_fifo():
            return
        try:
            getattr(self, kind)(self.root / first, self.root / second, number)
        except OSError:
            pass

    def write(self, path: Path, _: Path, number: int) -> None:
        path.write_bytes(b"x" * number)

    def append(self, path: Path, _: Path, number: int) -> None:
        with path.open("ab") as file:
            file.write(b"y" * number)

    def patch(self, path: Path, _: Path, number: int) -> None:
        with path.open("r+b") as file:
            file.write(b"z" * number)

    def replace(self, path: Path, _: Path, number: int) -> None:
        new = path.with_name("new")
        new.write_bytes(b"n" * number)
        new.replace(path)

    def mkdir(self, path: Path, _: Path, number: int) -> None:
        path.mkdir(mode=number % 0o1000)

    def remove(self, path: Path, _: Path, __: int) -> None:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def rename(self, path: Path, other: Path, _: int) -> None:
        path.rename(other)

    def swap(self, path: Path, other: Path, _: int) -> None:
        aside = self.root / "aside"
        path.rename(aside)
        other.rename(path)
        aside.rename(other)

    def link(self, path: Path, other: Path, _: int) -> None:
        os.link(path, other, follow_symlinks=False)

    def symlink(self, path: Path, other: Path, number: int) -> None:
        path.symlink_to([self.outside, other, Path("gone"), Path()][number % 4])

    def link_from_outside(self, path: Path, _: Path, __: int) -> None:
        os.link(self.outside / "kept", path)

    def chmod(self, path: Path, _: Path, number: int) -> None:
        if not path.is_symlink():
            path.chmod(number % 0o10000)

    def utime(self, path: Path, _: Path, number: int) -> None:
        os.utime(path, ns=(number, number), follow_symlinks=False)

    def fifo(self, path: Path, _: Path, __: int) -> None:
        os.mkfifo(path)


KINDS = sorted(name for name in vars(Steps) if not name.startswith("_") and name != "do")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join) | st.sampled_from(["", "a", "b", "a/b"])


def lives(kinds: list[str]) -> st.SearchStrategy[list[tuple[str, str, str, int]]]:
    return st.lists(st.tuples(st.sampled_from(kinds), PATHS, PATHS, st.integers(0, 5000)), max_size=12)


BEFORE = lives([kind for kind in KINDS if kind != "link_from_outside"])
"""A file that has another name outside at the mark is protected under that name, too."""


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(BEFORE, BEFORE, lives(KINDS))
@example([("write", "a", "", 5), ("write", "b", "", 7)], [("swap", "a", "b", 0), ("patch", "a", "", 1)], [])
@example([("mkdir", "a", "", 0o700), ("write", "a/b", "", 7)], [("remove", "a", "", 0), ("symlink", "a", "", 0)], [])
@example(
    [("write", "a", "", 5), ("link", "a", "b", 0)], [("replace", "a", "", 9)], [("link_from_outside", "a", "", 0), ("append", "a", "", 1)]
)
@example([("mkdir", "a", "", 0o700), ("write", "b", "", 7)], [("remove", "a", "", 0), ("rename", "b", "a", 0)], [])
@example([("write", "a", "", 1)], [("rename", "a", "b", 0)], [])
def test_any_life_is_taken_back(tmp_path_factory: pytest.TempPathFactory, before: list, between: list, after: list) -> None:
    place = tmp_path_factory.mktemp("place")
    root = place / "data"
    root.mkdir()
    (place / "outside").mkdir()
    (place / "outside" / "kept").write_text("kept")
    protection, steps = protection_of(root), Steps(root)
    marks = []
    for number, life in enumerate((before, between), 1):
        for step in life:
            steps.do(*step)
        protection.marked(number)
        marks.append(picture(root))
    for mark in (2, 1):
        for step in after:
            steps.do(*step)
        kept = picture(place / "outside")
        assert list(protection.returned(mark)) == []
        assert picture(root) == marks[mark - 1]
        assert {path: rest[:3] for path, rest in picture(place / "outside").items()} == {path: rest[:3] for path, rest in kept.items()}
    protection.ended()
    assert sorted(path.name for path in place.iterdir()) == sorted({"outside", *(["data"] if marks[0] else [])})


def test_what_is_not_protected_stays_changed(place: Path) -> None:
    protection = protection_of(place / "data")
    protection.marked(1)
    (place / "beside").write_text("stays")
    (place / "data" / "in").write_text("goes")
    protection.returned(1)
    assert (place / "beside").read_text() == "stays"
    assert not (place / "data" / "in").exists()


def test_a_file_that_was_not_there_and_one_that_is_alone(place: Path) -> None:
    there, missing = place / "there", place / "missing"
    there.write_text("one")
    protection = protection_of(there, missing)
    protection.marked(1)
    there.unlink()
    missing.mkdir()
    (missing / "x").write_text("")
    protection.returned(1)
    assert there.read_text() == "one"
    assert not missing.exists()


def test_a_file_keeps_its_inode_open_descriptors_and_mappings(place: Path) -> None:
    path = place / "data" / "file"
    path.write_bytes(b"before" * 1000)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        protection = protection_of(place / "data")
        inode = path.stat().st_ino
        protection.marked(1)
        path.write_bytes(b"after")
        path.rename(place / "data" / "other")
        protection.returned(1)
        assert path.stat().st_ino == inode
        assert mapping[:6] == b"before"
        assert file.read() == b"before" * 1000


def test_changes_through_memory_are_seen_at_each_mark(place: Path) -> None:
    path = place / "data" / "file"
    path.write_bytes(b"0" * 5000)
    os.utime(path, ns=(1, 1))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        protection = protection_of(place / "data")
        for mark in (1, 2, 3):
            mapping[0] = 48 + mark
            protection.marked(mark)
        protection.returned(2)
        assert path.read_bytes()[0] == 50


def test_only_what_changed_is_copied_again(place: Path) -> None:
    old, new = place / "data" / "old", place / "data" / "new"
    old.write_text("old")
    protection = protection_of(place / "data")
    vault = protection._places[0].vault
    # Long ago, as the times tell it: the clock of the copies is ahead.
    vault.now_ns = lambda: os.stat(old).st_ctime_ns + 10**10  # type: ignore[method-assign]
    protection.marked(1)
    new.write_text("new")
    protection.marked(2)
    old.write_text("newer")
    protection.marked(3)
    contents = [protection._places[0].manifests[mark]["old"].content for mark in (1, 2, 3)]
    assert contents[0] == contents[1] != contents[2]


def test_copies_of_discarded_marks_are_given_up(place: Path) -> None:
    path = place / "data" / "file"
    path.write_bytes(b"x" * 100)
    protection = protection_of(place / "data")
    vault = Path(protection._places[0].vault.path)
    protection.marked(1)
    kept = sorted(vault.iterdir())
    for mark in (2, 3):
        path.write_bytes(b"y" * mark)
        protection.marked(mark)
    protection.returned(1)
    assert sorted(vault.iterdir()) == kept


def test_holes_stay_holes(place: Path) -> None:
    path = place / "data" / "sparse"
    with path.open("wb") as file:
        file.truncate(50_000_000)
        file.seek(20_000_000)
        file.write(b"here")
    blocks = path.stat().st_blocks
    protection = protection_of(place / "data")
    protection.marked(1)
    path.write_bytes(b"")
    protection.returned(1)
    assert path.stat().st_size == 50_000_000
    assert path.stat().st_blocks <= blocks + 16
    assert path.read_bytes()[20_000_000:20_000_004] == b"here"


def test_deep_names(place: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(place / "data")
        for _ in range(40):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("leaf").write_text("deep")
        protection = protection_of(place / "data")
        protection.marked(1)
        Path("leaf").write_text("changed")
        Path("more").write_text("new")
        assert list(protection.returned(1)) == []
        assert Path("leaf").read_text() == "deep"
        assert not Path("more").exists()
    finally:
        os.chdir(here)


def test_locks_of_the_program_are_not_lost_by_copying(place: Path) -> None:
    path = place / "data" / "locked"
    path.write_text("locked")
    with path.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        protection = protection_of(place / "data")
        protection.marked(1)

        def lock_too() -> None:
            with path.open("r+") as other, pytest.raises(BlockingIOError):
                fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

        assert in_child(lock_too) == 0
    path.write_text("changed")
    protection.returned(1)
    assert path.read_text() == "locked"


def test_a_socket_that_is_gone_is_named(place: Path) -> None:
    path = place / "data" / "special"
    os.mknod(path, stat.S_IFSOCK | 0o600)
    protection = protection_of(place / "data")
    protection.marked(1)
    assert list(protection.returned(1)) == []
    path.unlink()
    (finding,) = protection.returned(1)
    assert (finding.subject, finding.mended) == (str(path), False)


def test_going_back_without_copies_is_refused(place: Path) -> None:
    protection = protection_of(place / "data")
    protection.marked(1)
    shutil.rmtree(protection._places[0].vault.path)
    with pytest.raises(RingError, match=r"the copies of .*data are gone"):
        protection.returning(1, False)
    protection.returning(1, True)
    (finding,) = protection.returned(1)
    assert not finding.mended


def test_the_whole_file_system_is_refused() -> None:
    with pytest.raises(SettingError, match="whole file system"):
        protect("/")


def test_outside_of_a_ring_it_is_remembered_for_the_next(place: Path) -> None:
    protect(place / "data", str(place / "data" / "inner"))
    assert sorted(place.iterdir()) == [place / "data"]
    protection = Protection()
    assert protection.covers(str(place / "data" / "inner"))
    assert len(protection._places) == 1
    protection.ended()
    assert sorted(place.iterdir()) == [place / "data"]


def test_from_the_next_mark_on(place: Path) -> None:
    protection = Protection()
    protection.marked(1)
    protect(place / "data")
    (place / "data" / "x").write_text("")
    protection.returned(1)
    assert (place / "data" / "x").exists()
    assert not protection.covered_at(str(place / "data" / "x"), 1)


def test_a_place_in_a_protected_place(place: Path) -> None:
    inner = place / "data" / "inner"
    inner.mkdir()
    protection = protection_of(inner)
    protection.add([str(place / "data")])
    protection.marked(1)
    (inner / "x").write_text("")
    (place / "data" / "y").write_text("")
    assert list(protection.returned(1)) == []
    assert sorted(path.name for path in (place / "data").iterdir() if not path.name.startswith(".crossroads-")) == ["inner"]
    assert list(inner.iterdir()) == []


def test_copies_go_to_the_cache_where_nothing_may_be_written_beside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = os.mkdir

    def refuse(path: str, *rest: object, **options: object) -> None:
        if str(path).startswith(str(place)):
            raise PermissionError(13, "Permission denied", path)
        mkdir(path, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "mkdir", refuse)
    protection = protection_of(place / "data")
    monkeypatch.undo()
    (place / "data" / "x").write_text("x")
    protection.marked(1)
    (place / "data" / "x").unlink()
    protection.returned(1)
    assert (place / "data" / "x").read_text() == "x"
