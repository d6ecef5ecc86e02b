"""A file that can't be read or written is refused in one sentence and left as it is."""

import os
import random
import sqlite3
import subprocess
import sys

import pytest
from samples import KEY, timeline

from crossroads.errors import InternalError, StoreError
from crossroads.store import schema
from crossroads.store.store import Store


@pytest.fixture
def path(tmp_path):
    """A store with one block and one explained failure."""
    path = tmp_path / "boats.sqlite"
    with Store(path) as store:
        store.record_block(KEY, 0, 10, {"passed": 9, "failed": 1}, {"0123abcd": 1})
        store.add_failure(KEY, "0123abcd", timeline(), "out", 0, 3)
        store.save_account("0123abcd", {"a": 1})
    return path


def _change(path, *statements):
    sqlite = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        sqlite.execute(statement)
    sqlite.close()


def _refusal(call, *parts):
    with pytest.raises(StoreError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert message[0].islower()
    for part in parts:
        assert part in message
    return message


@pytest.mark.parametrize("content", [b"hello", b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000, b"\0", b"x" * 511])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    _refusal(lambda: Store(path), f"store {path} is damaged, or isn't a store", "move it away to begin a new one, it was left as it is")
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "cookies.sqlite"
    _change(path, "CREATE TABLE cookies (a)", "INSERT INTO cookies VALUES (1)")
    content = path.read_bytes()
    _refusal(lambda: Store(path), "is an SQLite file of another program; choose another place")
    assert path.read_bytes() == content


def test_a_store_of_a_newer_crossroads_is_left_as_it_is(path):
    _change(path, f"PRAGMA user_version = {schema.SCHEMA + 1}", "CREATE TABLE dreams (a)")
    content = path.read_bytes()
    _refusal(lambda: Store(path), f"written by a newer crossroads (schema {schema.SCHEMA + 1}, this one knows", "upgrade crossroads")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
        "DROP TABLE blocks",
        "ALTER TABLE blocks ADD COLUMN extra",
        "ALTER TABLE blocks RENAME COLUMN futures TO pasts",
        "CREATE TABLE extra (a)",
        "CREATE TRIGGER evil AFTER INSERT ON blocks BEGIN DELETE FROM failures; END",
        "CREATE VIEW evil AS SELECT 1",
    ],
)
def test_other_tables_than_ours_are_refused(path, statement):
    _change(path, statement)
    _refusal(lambda: Store(path), "is damaged, or isn't a store (its tables aren't those of a store)")


def test_a_cut_off_file_is_refused_when_it_is_read(path):
    content = path.read_bytes()
    for size in (len(content) // 2, 4096, 1000, 100, 50):
        path.write_bytes(content[:size])

        def use():
            with Store(path) as store:
                store.failures()

        _refusal(use, "is damaged")
        assert path.read_bytes() == content[:size]


def test_garbage_in_the_middle_is_refused_or_read_rightly(path):
    content = path.read_bytes()
    with Store(path) as store:
        whole = store.failures(), store.done_blocks(KEY)
    for start in range(0, len(content), 512):
        path.write_bytes(content[:start] + b"\xa5" * 256 + content[start + 256 :])
        try:
            with Store(path) as store:
                assert (store.failures(), store.done_blocks(KEY)) in (whole, ([], {}), (whole[0], {}), ([], whole[1]))
        except StoreError:
            continue


@pytest.mark.slow
def test_a_damaged_file_is_read_or_refused_whatever_the_damage(path):
    content = path.read_bytes()
    chance = random.Random(1)
    refusals = []
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 4, 40])):
            start = chance.randrange(len(content))
            damaged[start : start + 8] = chance.randbytes(len(damaged[start : start + 8]))
        path.write_bytes(damaged)
        for use in (Store.failures, lambda store: store.record_block(KEY, 9, 1, {}), lambda store: store.forget(KEY)):
            try:
                with Store(path) as store:
                    use(store)
            except StoreError as error:
                refusals.append(str(error))
    assert refusals
    assert all(refusal.isprintable() for refusal in refusals)


def test_a_schema_that_is_no_text_is_refused(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"block_index INTEGER NOT NULL, futures", b"block_index INTEGER \xff\xfe\xfd \x1b[7m futures"))
    _refusal(lambda: Store(path), "is damaged")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE failures SET timeline = '{'", "failure 0123abcd: timeline isn't JSON"),
        ("UPDATE failures SET timeline = replace(timeline, '[[0,1]]', '[[0,-1]]')", "failure 0123abcd: epochs[0][1]=-1 must be"),
        ("UPDATE failures SET timeline = 5.5", "failure 0123abcd: timeline=5.5 must be a JSON object"),
        ("UPDATE failures SET timeline = x'00'", "failure 0123abcd: timeline isn't a text"),
        ("UPDATE failures SET output = CAST(x'ff' AS TEXT)", "UTF-8"),
        ("UPDATE failures SET future_index = 'five'", "failure 0123abcd: future_index isn't a number"),
        ("UPDATE failures SET future_index = -1", "failure 0123abcd: future_index isn't a number of at least 0"),
        ("UPDATE failures SET account = '[]'", "failure 0123abcd: account isn't a JSON object"),
        ("UPDATE failures SET account = x'00'", "failure 0123abcd: account isn't a text"),
        ("UPDATE failures SET account = '" + "[" * 100_000 + "'", "failure 0123abcd: account isn't JSON"),
        ("UPDATE block_failures SET count = -3", "failure 0123abcd: count isn't a number"),
        ("UPDATE block_failures SET count = 0.5", "failure 0123abcd: count isn't a number"),
        ("UPDATE explorations SET key = '[]'", "key of an exploration isn't valid"),
        ("UPDATE explorations SET key = x'00'", "key of an exploration isn't a text"),
        ("UPDATE failures SET id = x'00'", "id isn't a text"),
    ],
)
def test_hostile_values_in_failures_are_refused_by_name(path, statement, says):
    _change(path, statement)
    with Store(path) as store:
        _refusal(store.failures, says, "is damaged")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE blocks SET futures = -1",
        "UPDATE blocks SET futures = 'ten'",
        "UPDATE blocks SET block_index = x'00'",
        "UPDATE blocks SET counts = '[]'",
        "UPDATE blocks SET counts = '{\"passed\": -1}'",
        "UPDATE blocks SET counts = '{\"passed\": true}'",
        "UPDATE blocks SET counts = '{\"passed\": 1e999}'",
        "UPDATE blocks SET counts = '{'",
    ],
)
def test_hostile_values_in_blocks_are_refused(path, statement):
    _change(path, statement)
    with Store(path) as store:
        _refusal(lambda: store.done_blocks(KEY), "is damaged")
        _refusal(lambda: store.exploration(KEY), "is damaged")


def test_a_directory_is_refused(tmp_path):
    _refusal(lambda: Store(tmp_path), f"store {tmp_path} is a directory; choose another place")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_pipe_or_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    _refusal(lambda: Store(tmp_path / "pipe"), "is no regular file")
    _refusal(lambda: Store(os.devnull), "is no regular file")


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "boats.sqlite", tmp_path / ("x" * 300), "\0"):
        _refusal(lambda place=place: Store(place), "can't be written (", "choose another place")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    _refusal(lambda: Store(loop), "can't be written (", "choose another place")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a directory that not even root can write to")
def test_a_read_only_directory_is_refused():
    for place in ("/proc/boats.sqlite", "/proc/deeper/boats.sqlite"):
        _refusal(lambda place=place: Store(place), f"store {place} can't be written (", "make it and its directory writable")


def test_a_read_only_file_is_refused_when_it_is_written(path):
    with Store(path) as store:
        store._connection._sqlite.execute("PRAGMA query_only = ON")
        _refusal(lambda: store.record_block(KEY, 1, 1, {}), "can't be written (", "make it and its directory writable")
        assert store.exploration(KEY).futures == 10


def test_a_full_disk_loses_nothing(path):
    with Store(path) as store:
        sqlite = store._connection._sqlite
        pages = sqlite.execute("PRAGMA page_count").fetchone()[0]
        sqlite.execute(f"PRAGMA max_page_count = {pages}")
        call = lambda: store.add_failure(KEY, "ffffffff", timeline(), "x" * 100_000, 1, 20)  # noqa: E731
        _refusal(call, "the disk is full; free some space", "all that was stored is kept")
        assert [row.id for row in store.failures()] == ["0123abcd"]
        sqlite.execute(f"PRAGMA max_page_count = {pages + 100}")
        store.add_failure(KEY, "ffffffff", timeline(), "x" * 100_000, 1, 20)
    with Store(path) as store:
        assert len(store.failures()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="the platform can't limit the size of files")
def test_a_write_that_fails_half_way_loses_nothing(path):
    code = f"""
import resource, sys
from samples import KEY, timeline
from crossroads.errors import StoreError
from crossroads.store.store import Store
with Store({str(path)!r}) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    try:
        for index in range(1, 50):
            store.add_failure(KEY, f"{{index:08x}}", timeline(), "x" * 20_000, 1, index)
            print(f"{{index:08x}}", flush=True)
    except StoreError as error:
        print(error, file=sys.stderr)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert "can't be read or written (disk I/O error); check the disk and its quota" in done.stderr
    kept = done.stdout.split()
    assert kept
    with Store(path) as store:
        assert {row.id for row in store.failures()} == {"0123abcd", *kept}


def test_a_store_locked_for_too_long_is_said(path):
    holder = sqlite3.connect(path, isolation_level=None)
    with Store(path, busy_timeout_s=0) as store:
        holder.execute("BEGIN IMMEDIATE")
        _refusal(lambda: store.record_block(KEY, 1, 1, {}), f"store {path} is locked by another process; wait until that one ends")
        assert store.exploration(KEY).futures == 10
        holder.execute("ROLLBACK")
        assert store.record_block(KEY, 1, 1, {})
    holder.close()


def test_a_lock_that_goes_is_waited_for(path, monkeypatch):
    holder = sqlite3.connect(path, isolation_level=None)
    monkeypatch.setattr("crossroads.store.connection.sleep", lambda _: holder.execute("ROLLBACK"))
    with Store(path) as store:
        store._connection._sqlite.execute("PRAGMA busy_timeout = 0")
        holder.execute("BEGIN IMMEDIATE")
        assert store.record_block(KEY, 1, 1, {})
    holder.close()


def test_a_store_removed_while_in_use_is_said(path):
    with Store(path) as store:
        path.rename(path.with_suffix(".away"))
        _refusal(lambda: store.record_block(KEY, 1, 1, {}), "was moved or removed while it was in use; run the same command again")
        path.touch()
        _refusal(lambda: store.record_block(KEY, 1, 1, {}), "was moved or removed")


def test_a_closed_store_is_our_own_bug(path):
    store = Store(path)
    store.close()
    with pytest.raises(InternalError, match="Cannot operate on a closed database"):
        store.failures()
