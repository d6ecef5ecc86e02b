"""Killed at any step of a restore, and the next start finishes it; killed at any other time, and nothing stays behind."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from landing_tools import Deaths, in_child, picture

from crossroads.errors import RingError
from crossroads.rings.protection import Protection, current, finish_restores, protect

STEPS_MAX = 400


def build(place: Path) -> list[Path]:
    root, database = place / "data", place / "app.db"
    shutil.rmtree(place)
    (root / "inner").mkdir(parents=True)
    (root / "file").write_text("file")
    (root / "renamed").write_text("renamed")
    (root / "shut").mkdir()
    (root / "shut" / "deep").write_text("deep")
    (root / "shut").chmod(0o500)
    os.link(root / "file", root / "inner" / "again")
    (root / "points").symlink_to("inner/again")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES ('before')")
        connection.commit()
    return [root, database]


def ruin(place: Path) -> None:
    root = place / "data"
    (root / "file").write_text("ruined")
    (root / "renamed").rename(root / "elsewhere")
    shutil.rmtree(root / "shut")
    (root / "shut").write_text("a file now")
    (root / "points").unlink()
    (root / "points").mkdir()
    (root / "new" / "tree").mkdir(parents=True)
    (root / "new" / "tree" / "leaf").write_text("leaf")
    with closing(sqlite3.connect(place / "app.db")) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("UPDATE t SET x = 'ruined'")
        connection.commit()


def seen(place: Path) -> object:
    with closing(sqlite3.connect(place / "app.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return picture(place / "data"), connection.execute("SELECT x FROM t").fetchall()


def vaults(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.name.startswith(".crossroads-"))


def deaths(place: Path, steps: range) -> Iterator[int]:
    """Lives that were killed after this many steps of their restore, until one isn't."""
    for steps_count in steps:
        paths = build(place)

        def live(paths: list[Path] = paths, steps_count: int = steps_count) -> None:
            protection = Protection()
            protection.add([str(path) for path in paths])
            protection.marked(1)
            ruin(place)
            Deaths(steps_count)
            assert list(protection.returned(1)) == []

        if in_child(live) == 0:
            return
        yield steps_count
    raise AssertionError("more steps than there can be")


def finish(paths: list[Path]) -> None:
    findings = finish_restores(paths)
    assert [finding for finding in findings if not finding.mended] == []
    assert len(findings) == len(paths)


@pytest.mark.once
@pytest.mark.slow
def test_killed_at_each_step_of_a_restore(place: Path) -> None:
    paths = build(place)
    finished = 0
    for _ in deaths(place, range(STEPS_MAX)):
        restoring = [vault for vault in vaults(place) if (vault / "restoring").exists()]
        if len(restoring) == len(paths):
            finish(paths)
            assert_as_built(place)
            finished += 1
        assert vaults(place) == [] or not restoring or len(restoring) < len(paths)
    assert finished > 20


def assert_as_built(place: Path) -> None:
    root = place / "data"
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == sorted(
        ["file", "inner", "inner/again", "points", "renamed", "shut", "shut/deep"]
    )
    assert (root / "file").read_text() == "file"
    assert (root / "file").samefile(root / "inner" / "again")
    assert (root / "renamed").read_text() == "renamed"
    assert (root / "shut" / "deep").read_text() == "deep"
    assert (root / "shut").stat().st_mode & 0o777 == 0o500
    assert os.readlink(root / "points") == "inner/again"
    assert seen(place)[1] == [("before",)]  # type: ignore[index]


@pytest.mark.slow
def test_the_finishing_may_be_killed_too(place: Path) -> None:
    for steps_count in range(3, STEPS_MAX, 7):
        paths = build(place)
        assert next(deaths(place, range(40, STEPS_MAX))) == 40

        def finish_and_die(paths: list[Path] = paths, steps_count: int = steps_count) -> None:
            Deaths(steps_count)
            finish_restores(paths)

        is_done = in_child(finish_and_die) == 0
        finish_restores(paths)
        assert_as_built(place)
        if is_done:
            return
    raise AssertionError("more steps than there can be")


def killed(place: Path) -> None:
    """A ring of which every process is killed outside of a restore."""

    def live() -> None:
        protection = Protection()
        protection.add([str(place / "data")])
        protection.marked(1)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(live) == -signal.SIGKILL


def test_copies_of_a_killed_ring_go_with_the_next_anywhere(place: Path) -> None:
    killed(place)
    assert len(vaults(place)) == 1
    Protection().ended()
    assert vaults(place) == []


def test_copies_of_a_killed_ring_go_without_a_cache_directory_too(place: Path) -> None:
    killed(place)
    shutil.rmtree(os.environ["XDG_CACHE_HOME"])
    protect(place / "data")
    protection = Protection()
    assert len(vaults(place)) == 1
    protection.ended()
    assert vaults(place) == []


def test_a_restore_is_not_finished_by_a_ring_that_protects_something_else(place: Path) -> None:
    next(deaths(place, range(40, STEPS_MAX)))
    Protection().ended()
    assert len(vaults(place)) == 2
    protect(place / "data", place / "app.db")
    protection = Protection()
    assert_as_built(place)
    assert {finding.subject for finding in protection.ended()} == {str(place / "data"), str(place / "app.db")}
    assert vaults(place) == []


def test_two_rings_at_once_are_refused(place: Path) -> None:
    protection = Protection()
    protection.add([str(place / "data")])

    def second() -> None:
        with pytest.raises(RingError, match=f"already protected by another ring, of process {os.getppid()}"):
            Protection().add([str(place / "data")])

        current.remembered[:] = [str(place / "a"), str(place / "data")]
        with pytest.raises(RingError, match="already protected"):
            Protection()

    assert in_child(second) == 0
    assert len(vaults(place)) == 1
