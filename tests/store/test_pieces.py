"""Whatever else is known of a failure is kept beside it, also in a file that an older crossroads has made."""

import sqlite3

import pytest
from samples import KEY, OTHER_KEY, timeline

from crossroads.errors import StoreError
from crossroads.store import schema
from crossroads.store.store import Store


@pytest.fixture
def path(tmp_path):
    """A store with one failure."""
    path = tmp_path / "boats.sqlite"
    with Store(path) as store:
        store.add_failure(KEY, "0123abcd", timeline(), "out", 0, 3)
    return path


def test_a_piece_is_given_back_as_it_was_and_can_be_replaced(path):
    with Store(path) as store:
        assert store.piece("0123abcd", "past") is None
        store.save_piece("0123abcd", "past", {"a": [1, None, "ü"]})
        store.save_piece("0123abcd", "verdict", {"b": 1})
        store.save_piece("0123abcd", "verdict", {"b": 2})
    with Store(path) as store:
        assert store.piece("0123abcd", "past") == {"a": [1, None, "ü"]}
        assert store.piece("0123abcd", "verdict") == {"b": 2}


def test_a_piece_goes_with_its_failure(path):
    with Store(path) as store:
        store.save_piece("0123abcd", "past", {"a": 1})
        store.forget(OTHER_KEY)
        assert store.piece("0123abcd", "past") == {"a": 1}
        store.forget(KEY)
        assert store.piece("0123abcd", "past") is None


def test_pieces_of_unknown_failures_and_what_json_lacks_are_refused(path):
    with Store(path) as store:
        with pytest.raises(StoreError, match="isn't in the store"):
            store.save_piece("00000000", "past", {})
        with pytest.raises(StoreError, match=r"past of .* must be plain JSON"):
            store.save_piece("0123abcd", "past", {"a": float("nan")})


@pytest.mark.parametrize("data", ["[]", "nonsense", "7"])
def test_a_damaged_piece_is_refused(path, data):
    sqlite = sqlite3.connect(path)
    sqlite.execute("INSERT INTO pieces VALUES ('0123abcd', 'past', ?)", (data,))
    sqlite.commit()
    sqlite.close()
    with Store(path) as store, pytest.raises(StoreError, match="damaged"):
        store.piece("0123abcd", "past")


def test_a_store_of_schema_1_is_opened_with_all_it_holds(path):
    sqlite = sqlite3.connect(path, isolation_level=None)
    sqlite.execute("DROP TABLE pieces")
    sqlite.execute("PRAGMA user_version = 1")
    sqlite.close()
    for _ in range(2):
        with Store(path) as store:
            assert store.failure("0123abcd").timeline == timeline()
            store.save_piece("0123abcd", "past", {"a": 1})
    sqlite = sqlite3.connect(path)
    assert sqlite.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA,)
    sqlite.close()


def test_a_store_of_schema_1_with_a_table_too_many_is_refused(path):
    sqlite = sqlite3.connect(path, isolation_level=None)
    sqlite.execute("PRAGMA user_version = 1")
    sqlite.close()
    with pytest.raises(StoreError, match="its tables aren't those of a store"):
        Store(path)
