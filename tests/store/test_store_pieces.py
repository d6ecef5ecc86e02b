"""Pieces are kept beside a failure, and stores from before there were any are brought up to date."""

import sqlite3

import pytest
from samples import KEY, timeline

from crossroads.errors import StoreError
from crossroads.store import schema
from crossroads.store.store import Store

ID = "00c0ffee"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "boats.sqlite"
    with Store(path) as store:
        store.add_failure(KEY, ID, timeline(), "", 0, 0)
    return path


def made_older(path):
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE pieces; PRAGMA user_version = 1;")
    connection.close()


def test_pieces_are_given_back_with_their_failure(path):
    with Store(path) as store:
        store.save_piece(ID, "verdict", {"fails": 1})
        store.save_piece(ID, "shrunk", {"steps": []})
        store.save_piece(ID, "verdict", {"fails": 2})
    with Store(path) as store:
        assert store.failure(ID).pieces == {"shrunk": {"steps": []}, "verdict": {"fails": 2}}
        assert store.failure(ID).account is None


def test_pieces_go_with_their_exploration(path):
    with Store(path) as store:
        store.save_piece(ID, "shrunk", {"steps": []})
        store.forget(KEY)
        store.add_failure(KEY, ID, timeline(), "", 0, 0)
        assert store.failure(ID).pieces == {}


def test_pieces_of_nothing_and_what_isnt_json_are_refused(path):
    with Store(path) as store:
        with pytest.raises(StoreError, match='failure "deadbeef" isn\'t in the store'):
            store.save_piece("deadbeef", "shrunk", {})
        with pytest.raises(StoreError, match='shrunk of "00c0ffee" must be plain JSON'):
            store.save_piece(ID, "shrunk", {"nan": float("nan")})


def test_a_damaged_piece_is_refused_by_name(path):
    with Store(path) as store:
        store.save_piece(ID, "shrunk", {"steps": []})
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE pieces SET data = '[]'")
    connection.close()
    with Store(path) as store, pytest.raises(StoreError, match="failure 00c0ffee: shrunk isn't a JSON object"):
        store.failure(ID)


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_all_it_holds(path):
    with Store(path) as store:
        store.save_account(ID, {"baseline": 1})
        before = store.failures()
    made_older(path)
    with Store(path) as store:
        assert store.failures() == before
        store.save_piece(ID, "shrunk", {"steps": []})
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA,)
    connection.close()


def test_two_processes_may_bring_it_up_to_date(path):
    with Store(path) as one:
        made_older(path)
        with Store(path) as other:
            other.save_piece(ID, "shrunk", {})
        assert one.failure(ID).pieces == {"shrunk": {}}


def test_tables_of_a_later_schema_in_an_older_store_are_refused(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(StoreError, match="its tables aren't those of a store"):
        Store(path)
