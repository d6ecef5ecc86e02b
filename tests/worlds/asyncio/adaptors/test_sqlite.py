"""Databases in files: found as they are, never written, locked and waited for as SQLite does."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from crossroads.worlds.asyncio.adaptors.sqlite import Databases, Patience

from jobs_tools import Place  # isort: skip


@pytest.fixture
def place() -> Place:
    return Place(1)


@pytest.fixture
def databases(place: Place) -> Databases:
    return Databases(sqlite3, Patience(sqlite3, place.jobs, place.clock))


def test_what_the_file_holds_is_found_and_stays(databases: Databases, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as real:
        real.execute("create table stock (item text)")
        real.execute("insert into stock values ('tea')")
    real.close()
    before = path.read_bytes()
    for number in (1, 2):
        connection = databases.connect(path)
        assert connection.execute("select count(*) from stock").fetchone() == (number,)
        connection.execute("insert into stock values ('rice')")
        connection.commit()
        connection.close()
    assert path.read_bytes() == before


def test_a_new_database_leaves_no_file(databases: Databases, tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with databases.connect(str(path)) as one, databases.connect(f"file:{path}?mode=rw", uri=True) as other:
        one.execute("create table stock (item text)")
        assert other.execute("select * from stock").fetchall() == []
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_opened_cannot_be_opened(databases: Databases, tmp_path: Path) -> None:
    for name in (tmp_path / "no" / "folder.sqlite", tmp_path):
        with pytest.raises(sqlite3.OperationalError):
            databases.connect(name)
    with pytest.raises(sqlite3.OperationalError):
        databases.connect(f"file:{tmp_path}/absent.sqlite?mode=ro", uri=True)


def test_databases_in_memory_are_apart(databases: Databases) -> None:
    databases.connect(":memory:").execute("create table stock (item text)")
    with pytest.raises(sqlite3.OperationalError):
        databases.connect(":memory:").execute("select * from stock")


def test_on_the_loop_a_locked_database_costs_its_timeout(databases: Databases, place: Place, tmp_path: Path) -> None:
    holder, other = databases.connect(tmp_path / "a"), databases.connect(tmp_path / "a", timeout=3.0)
    holder.execute("create table stock (item text)")
    holder.execute("begin immediate")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("insert into stock values ('tea')")
    assert place.clock.elapsed_ns >= 3 * 10**9


def test_a_job_waits_for_the_lock_while_the_loop_goes_on(databases: Databases, place: Place, tmp_path: Path) -> None:
    pytest.importorskip("greenlet")
    holder, other = (databases.connect(tmp_path / "a") for _ in range(2))
    holder.execute("create table stock (item text)")
    holder.execute("begin immediate")

    async def program() -> float:
        began = asyncio.get_running_loop().time()
        writing = asyncio.create_task(asyncio.to_thread(other.executemany, "insert into stock values (?)", iter([("tea",), ("rice",)])))
        await asyncio.sleep(2.0)
        holder.commit()
        await writing
        return asyncio.get_running_loop().time() - began

    assert 2.0 <= place.run(program) < 4.0
    assert other.execute("select count(*) from stock").fetchone() == (2,)
