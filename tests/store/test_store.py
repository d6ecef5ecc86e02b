"""What is put into the store is given back, by this process and by the next."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from samples import KEY, OTHER_KEY, timeline

from crossroads.errors import StoreError, TimelineError
from crossroads.store.keys import failure_id
from crossroads.store.store import OUTPUT_CHARS_MAX, Store
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "crossroads" / "boats.sqlite"


@pytest.fixture
def store(path):
    with Store(path) as opened:
        yield opened


def test_a_new_store_is_empty_and_its_directories_are_made(store, path):
    assert path.exists()
    assert store.path == path
    assert store.exploration(KEY) is None
    assert store.done_blocks(KEY) == {}
    assert store.failures() == store.failures(KEY) == []


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "empty.sqlite"
    path.touch()
    with Store(path) as store:
        assert store.failures() == []


def test_a_path_that_sqlite_would_read_otherwise_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "file:x?mode=memory"):
        with Store(name) as store:
            assert store.path == tmp_path / name
        assert (tmp_path / name).stat().st_size > 0


def test_blocks_are_summed(store):
    assert store.record_block(KEY, 3, 100, {"passed": 98, "failed": 2})
    assert store.record_block(KEY, 0, 50, {"passed": 49, "out of memory": 1})
    row = store.exploration(KEY)
    assert (row.key, row.futures, row.blocks) == (KEY, 150, (0, 3))
    assert row.counts == {"passed": 147, "failed": 2, "out of memory": 1}
    assert datetime.now(UTC).year - datetime.fromisoformat(row.started_at).year <= 1
    assert store.done_blocks(KEY) == {0: (50, {"passed": 49, "out of memory": 1}), 3: (100, {"passed": 98, "failed": 2})}
    assert list(store.done_blocks(KEY)) == [0, 3]


def test_a_block_recorded_again_changes_nothing(store):
    store.add_failure(KEY, "0123abcd", timeline(), "", 0, 7)
    assert store.record_block(KEY, 0, 10, {"failed": 2}, {"0123abcd": 2})
    assert not store.record_block(KEY, 0, 11, {"failed": 3}, {"0123abcd": 3, "ffffffff": 1})
    assert store.done_blocks(KEY) == {0: (10, {"failed": 2})}
    assert store.failure("0123abcd").count == 2


def test_a_failure_is_given_back_as_it_was(store):
    store.add_failure(KEY, "0123abcd", timeline(), "the sea\0 was \udcff rough", 0, 7)
    row = store.failure("0123abcd")
    assert (row.id, row.key, row.target, row.seed) == ("0123abcd", KEY, "boat.py:main", 2**64 - 1)
    assert (row.timeline, row.output) == (timeline(), "the sea\0 was \\udcff rough")
    assert (row.block_index, row.future_index, row.count, row.account) == (0, 7, 0, None)
    assert store.failures(KEY) == store.failures() == [row]


def test_a_failure_is_counted_in_finished_blocks(store):
    store.record_block(KEY, 1, 10, {"failed": 4}, {"0123abcd": 3, "99999999": 1})
    store.add_failure(KEY, "0123abcd", timeline(), "", 0, 7)
    assert store.failure("0123abcd").count == 3
    store.record_block(KEY, 0, 10, {"failed": 1}, {"0123abcd": 1})
    assert store.failure("0123abcd").count == 4


def test_the_example_of_the_lowest_future_is_kept(store):
    for future_index in (7, 5, 6, 5):
        store.add_failure(KEY, "0123abcd", timeline(future_index), f"future {future_index}", 0, future_index)
    row = store.failure("0123abcd")
    assert (row.future_index, row.timeline, row.output) == (5, timeline(5), "future 5")


def test_the_example_that_is_explained_stays(store):
    store.add_failure(KEY, "0123abcd", timeline(7), "", 1, 7)
    store.save_account("0123abcd", {"baseline": 0.5})
    store.add_failure(KEY, "0123abcd", timeline(5), "", 0, 5)
    row = store.failure("0123abcd")
    assert (row.future_index, row.timeline, row.account) == (7, timeline(7), {"baseline": 0.5})


def test_accounts_are_replaced_and_given_back(store):
    account = {"curve": [{"point": 1, "time": 0.25, "label": "\udcff ü"}], "last_way_out": None, "big": 2**70}
    store.add_failure(KEY, "0123abcd", timeline(), "", 0, 7)
    store.save_account("0123abcd", {"old": True})
    store.save_account("0123abcd", account)
    assert store.failure("0123abcd").account == account


@pytest.mark.parametrize("account", [{"q": float("nan")}, {"q": {1, 2}}, {"q": object()}])
def test_what_json_cannot_hold_is_no_account(store, account):
    store.add_failure(KEY, "0123abcd", timeline(), "", 0, 7)
    with pytest.raises(StoreError, match='account of "0123abcd" must be plain JSON'):
        store.save_account("0123abcd", account)
    assert store.failure("0123abcd").account is None


def test_order_of_failures(store):
    for index, (key, found) in enumerate([(KEY, "00000001"), (OTHER_KEY, "00000002"), (KEY, "00000003")]):
        store.add_failure(key, found, timeline(), "", 0, 10 - index)
    assert [row.id for row in store.failures()] == ["00000003", "00000002", "00000001"]
    assert [row.id for row in store.failures(KEY)] == ["00000003", "00000001"]


def test_forget_takes_exactly_one_exploration(store):
    for key, found in ((KEY, "00000001"), (OTHER_KEY, "00000002")):
        store.add_failure(key, found, timeline(), "", 0, 1)
        store.record_block(key, 0, 10, {"failed": 1}, {found: 1})
    store.forget(KEY)
    assert store.exploration(KEY) is None
    assert store.done_blocks(KEY) == {}
    assert [(row.id, row.count) for row in store.failures()] == [("00000002", 1)]
    assert store.exploration(OTHER_KEY).futures == 10
    store.forget(KEY)
    assert store.record_block(KEY, 0, 10, {"failed": 1})
    store.add_failure(KEY, "00000001", timeline(), "", 0, 1)
    assert store.failure("00000001").count == 0


def test_a_failure_is_found_by_an_unambiguous_beginning(store):
    for found in ("abc00001", "abc00002", "abd00001"):
        store.add_failure(KEY, found, timeline(), "", 0, 1)
    assert store.failure("abd").id == "abd00001"
    assert store.failure("ABD0").id == "abd00001"
    assert store.failure("abc00002").id == "abc00002"
    with pytest.raises(StoreError, match='failure "abc" is one of abc00001, abc00002; give more of its digits'):
        store.failure("abc")


def test_an_ambiguous_beginning_names_ten_ids_at_most(store):
    for index in range(12):
        store.add_failure(KEY, f"abc0000{index:x}", timeline(), "", 0, 1)
    with pytest.raises(StoreError, match=r"abc00009, \.\.\.; give more"):
        store.failure("abc")


@pytest.mark.parametrize("wrong", ["", "ab", "abcdefg", "0123456789", "%%%", "abc%", "ab_", "١٢٣", "abc\n", "x" * 9999])
def test_what_is_no_id_is_refused(store, wrong):
    with pytest.raises(StoreError, match="must be 3 to 8 hexadecimal digits") as caught:
        store.failure(wrong)
    assert len(str(caught.value)) < 200


def test_unknown_ids_are_refused(store):
    with pytest.raises(StoreError, match=r'failure "abcd" isn\'t in the store .*; "crossroads list" shows'):
        store.failure("ABCD")
    with pytest.raises(StoreError, match='"crossroads list"'):
        store.save_account("0123abcd", {})


def test_an_id_of_two_explorations_is_refused(store):
    store.add_failure(KEY, "0123abcd", timeline(), "", 0, 1)
    with pytest.raises(StoreError, match="by chance; explore with another seed"):
        store.add_failure(OTHER_KEY, "0123abcd", timeline(), "", 0, 0)
    assert store.failure("0123abcd").key == KEY
    assert store.exploration(OTHER_KEY) is None


def test_a_timeline_that_could_not_be_read_again_is_not_stored(store):
    with pytest.raises(TimelineError):
        store.add_failure(KEY, "0123abcd", Timeline("", (Epoch(0, 1),)), "", 0, 1)
    assert store.failures() == []


def test_long_outputs_keep_their_end(store):
    store.add_failure(KEY, "0123abcd", timeline(), "x" * 50 + "y" * OUTPUT_CHARS_MAX, 0, 1)
    output = store.failure("0123abcd").output
    assert output == "[crossroads left out the first 50 characters]\n" + "y" * OUTPUT_CHARS_MAX


def test_the_next_process_finds_everything(path):
    with Store(path) as store:
        store.record_block(KEY, 0, 10, {"failed": 1}, {"0123abcd": 1})
        store.add_failure(KEY, "0123abcd", timeline(), "out", 0, 1)
        store.save_account("0123abcd", {"a": 1})
        before = store.failures(), store.exploration(KEY)
    with Store(path) as store:
        assert (store.failures(), store.exploration(KEY)) == before


def test_a_closed_store_is_whole_in_one_file(path):
    with Store(path) as store:
        store.record_block(KEY, 0, 10, {"passed": 10})
    store.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_the_settings_of_the_file(store, path):
    with sqlite3.connect(path) as sqlite:
        assert sqlite.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert sqlite.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    sqlite.close()


def test_an_interrupted_write_leaves_nothing_and_the_store_works_on(store):
    def work(sqlite):
        sqlite.execute("INSERT INTO explorations (key, started_at) VALUES ('[]', '')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store._connection.write(work)
    assert store.failures() == []
    store._connection._sqlite.execute("BEGIN")  # as an interrupt after BEGIN would leave it
    assert store.record_block(KEY, 0, 1, {"passed": 1})
    assert store.exploration(KEY).futures == 1


def test_a_failure_has_its_id_in_all_surroundings_but_where_both_are_kept(store):
    failed = Outcome("failed", "ValueError", "sank", "boat.py:3 in main")
    here, there = (replace(KEY, surroundings=name) for name in ("here", "there"))
    usual = store.id_for(here, failed)
    assert usual == store.id_for(there, failed) == failure_id(KEY, failed)
    store.add_failure(here, usual, timeline(), "", 0, 0)
    assert store.id_for(here, failed) == usual
    assert store.id_for(there, failed) == failure_id(there, failed) != usual
