"""SQLite databases that are protected, with connections to them open."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from landing_tools import in_child

from crossroads.errors import RingError
from crossroads.rings import databases
from crossroads.rings.protection import Protection

MODES = ("delete", "wal")


def connect(path: Path, mode: str = "delete", **options: object) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.1, **options)  # type: ignore[call-overload]
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("PRAGMA synchronous=OFF")
    return connection  # type: ignore[no-any-return]


def fill(connection: sqlite3.Connection, *rows: str) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [(row,) for row in rows])
    connection.commit()


def rows(path: Path | sqlite3.Connection) -> list[str]:
    if isinstance(path, sqlite3.Connection):
        return [row for (row,) in path.execute("SELECT x FROM t ORDER BY x").fetchall()]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return rows(connection)


@pytest.fixture
def path(place: Path) -> Path:
    return place / "data" / "app.db"


def protection_of(path: Path) -> Protection:
    protection = Protection()
    protection.add([str(path)])
    return protection


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("alone", [True, False])
def test_with_a_connection_opened_before_the_mark(path: Path, mode: str, alone: bool) -> None:
    with closing(connect(path, mode)) as connection:
        fill(connection, "before")
        protection = protection_of(path if alone else path.parent)
        protection.marked(1)
        assert rows(connection) == ["before"]
        for life in range(3):
            fill(connection, f"life {life}")
            connection.execute("CREATE TABLE more (y)")
            assert list(protection.returned(1)) == []
            assert rows(connection) == ["before"]
            assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
        fill(connection, "after")
        assert rows(connection) == ["after", "before"]
    assert rows(path) == ["after", "before"]


@pytest.mark.parametrize("mode", MODES)
def test_in_the_lives_of_a_forked_process(path: Path, mode: str) -> None:
    connection = connect(path, mode)
    fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)

    def live() -> None:
        fill(connection, "lived")
        assert rows(connection) == ["before", "lived"]

    def come_back() -> None:
        assert list(protection.returned(1)) == []
        assert rows(connection) == ["before"]
        live()

    for life in (live, come_back, come_back):
        assert in_child(life) == 0
        assert rows(path) == ["before", "lived"]
    connection.close()


@pytest.mark.parametrize("mode", MODES)
def test_what_another_process_has_open_stays_good(path: Path, mode: str) -> None:
    with closing(connect(path, mode)) as connection:
        fill(connection, "before")

        def other() -> None:
            with closing(connect(path, mode)) as theirs:
                assert rows(theirs) == ["before"]
                protection = protection_of(path)
                protection.marked(1)
                fill(theirs, "lived")
                protection.returned(1)
                fill(theirs, "again")
                protection.ended()

        assert in_child(other) == 0
        assert rows(connection) == ["again", "before"]
        fill(connection, "here")
    assert rows(path) == ["again", "before", "here"]


@pytest.mark.parametrize("mode", MODES)
def test_one_that_was_deleted_comes_back(path: Path, mode: str) -> None:
    with closing(connect(path, mode)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    path.unlink()
    protection.returned(1)
    assert rows(path) == ["before"]


@pytest.mark.parametrize("mode", MODES)
def test_one_that_was_not_there_goes(path: Path, mode: str) -> None:
    protection = protection_of(path)
    protection.marked(1)
    with closing(connect(path, mode)) as connection:
        fill(connection, "lived")
        protection.returned(1)
        assert not [name for name in os.listdir(path.parent) if name.startswith("app")]


def test_one_that_was_written_over_comes_back(path: Path) -> None:
    with closing(connect(path)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    path.write_bytes(b"not a database" * 1000)
    protection.returned(1)
    assert rows(path) == ["before"]


def test_one_that_is_damaged_comes_back(path: Path) -> None:
    with closing(connect(path)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    path.write_bytes(databases.HEADER + b"damaged" * 1000)
    protection.returned(1)
    assert rows(path) == ["before"]


@pytest.mark.parametrize(("before", "after"), [MODES, MODES[::-1]])
def test_the_journal_mode_comes_back(path: Path, before: str, after: str) -> None:
    with closing(connect(path, before)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    with closing(connect(path, after)) as connection:
        fill(connection, "lived")
    protection.returned(1)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (before,)
    assert rows(path) == ["before"]


def test_another_page_size_is_no_obstacle(path: Path) -> None:
    with closing(connect(path)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA page_size=8192")
        connection.execute("VACUUM")
        fill(connection, *map(str, range(1000)))
    assert list(protection.returned(1)) == []
    assert rows(path) == ["before"]


@pytest.mark.parametrize("mode", MODES)
def test_an_open_transaction_is_refused_at_the_mark(path: Path, mode: str) -> None:
    with closing(connect(path, mode)) as connection:
        fill(connection, "before")
        protection = protection_of(path)
        connection.execute("INSERT INTO t VALUES ('open')")
        with pytest.raises(RingError, match=r"app\.db has an open transaction"):
            protection.marked(1)
        connection.commit()
        protection.marked(1)


def test_unfinished_reading_is_refused_where_it_keeps_writers_out(path: Path) -> None:
    with closing(connect(path)) as connection:
        fill(connection, "a", "b", "c")
        protection = protection_of(path)
        reading = connection.execute("SELECT x FROM t")
        reading.fetchone()
        with pytest.raises(RingError, match="finish reading"):
            protection.marked(1)
        reading.fetchall()
        protection.marked(1)


@pytest.mark.parametrize("mode", MODES)
def test_copying_gives_up_no_lock(path: Path, mode: str) -> None:
    with closing(connect(path, mode)) as connection:
        fill(connection, "before")
        protection = protection_of(path)
        protection.marked(1)
        connection.execute("BEGIN IMMEDIATE")
        # A mark is refused now; that alone must not let anybody else in.
        with pytest.raises(RingError):
            protection.marked(2)

        def write_too() -> None:
            from subprocess import run
            from sys import executable

            code = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('BEGIN IMMEDIATE')"
            assert b"locked" in run([executable, "-c", code], capture_output=True, check=False).stderr

        write_too()
        connection.rollback()


def test_a_locked_one_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_BUSY_S", 0.01)
    with closing(connect(path)) as connection:
        fill(connection, "before")
    protection = protection_of(path)
    protection.marked(1)
    reading, writing = os.pipe()
    done_reading, done_writing = os.pipe()
    child = os.fork()
    if not child:
        other = sqlite3.connect(path)
        other.execute("INSERT INTO t VALUES ('theirs')")
        os.write(writing, b".")
        os.read(done_reading, 1)
        os._exit(0)
    os.read(reading, 1)
    (finding,) = protection.returned(1)
    assert not finding.mended
    assert "locked" in finding.text
    os.write(done_writing, b".")
    os.waitpid(child, 0)
    for descriptor in (reading, writing, done_reading, done_writing):
        os.close(descriptor)


def test_only_changed_ones_are_copied_again(path: Path) -> None:
    with closing(connect(path, "wal")) as connection:
        fill(connection, "before")
        protection = protection_of(path)
        vault = protection._places[0].vault
        vault.now_ns = lambda: os.stat(path).st_ctime_ns + 10**10  # type: ignore[method-assign]
        protection.marked(1)
        protection.marked(2)
        fill(connection, "more")
        protection.marked(3)
        contents = [protection._places[0].manifests[mark][""].content for mark in (1, 2, 3)]
        assert contents[0] == contents[1] != contents[2]
        protection.returned(3)
        assert rows(connection) == ["before", "more"]
        protection.returned(2)
        assert rows(connection) == ["before"]
