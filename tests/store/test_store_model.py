"""Any sequence of operations on the store equals the same on a dict."""

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import KEY, OTHER_KEY, timeline

from crossroads.errors import StoreError
from crossroads.store.store import Store

KEYS = (KEY, OTHER_KEY, dataclasses.replace(KEY, python="3.12"))
KEY_INDEXES = st.integers(0, len(KEYS) - 1)
SMALL = st.integers(0, 3)
COUNTS = st.dictionaries(st.sampled_from(["passed", "failed", "hung"]), st.integers(0, 5))
OPERATIONS = st.one_of(
    st.tuples(st.just("record"), KEY_INDEXES, SMALL, st.integers(0, 2**63 - 1), COUNTS, st.dictionaries(SMALL, st.integers(1, 5))),
    st.tuples(st.just("add"), KEY_INDEXES, SMALL, st.integers(0, 9)),
    st.tuples(st.just("account"), KEY_INDEXES, SMALL, st.integers()),
    st.tuples(st.just("forget"), KEY_INDEXES),
    st.tuples(st.just("reopen")),
)


class Model:
    """The store as dicts."""

    def __init__(self):
        self.blocks = {key_index: {} for key_index in range(len(KEYS))}
        self.failures = {}
        self.known = set()

    def record(self, key_index, block_index, futures, counts, failure_counts):
        self.known.add(key_index)
        self.blocks[key_index].setdefault(block_index, (futures, counts, failure_counts))

    def add(self, key_index, failure, future_index):
        self.known.add(key_index)
        kept = self.failures.get((key_index, failure))
        if kept is None:
            self.failures[key_index, failure] = [future_index, None]
        elif kept[1] is None:
            kept[0] = min(kept[0], future_index)

    def account(self, key_index, failure, value):
        self.failures[key_index, failure][1] = {"value": value}

    def forget(self, key_index):
        self.known.discard(key_index)
        self.blocks[key_index] = {}
        self.failures = {key: kept for key, kept in self.failures.items() if key[0] != key_index}

    def rows(self, key_index):
        return {
            _id(key_index, failure): (future_index, sum(block[2].get(failure, 0) for block in self.blocks[key_index].values()), account)
            for (owner, failure), (future_index, account) in self.failures.items()
            if owner == key_index
        }


def _id(key_index, failure):
    return f"{key_index:04x}{failure:04x}"


def _apply(store, model, name, *values):
    if name == "record":
        key_index, block_index, futures, counts, failure_counts = values
        new = block_index not in model.blocks[key_index]
        named = {_id(key_index, failure): count for failure, count in failure_counts.items()}
        assert store.record_block(KEYS[key_index], block_index, futures, counts, named) == new
    elif name == "add":
        key_index, failure, future_index = values
        store.add_failure(KEYS[key_index], _id(key_index, failure), timeline(future_index), str(future_index), 0, future_index)
    elif name == "account":
        key_index, failure, value = values
        if (key_index, failure) not in model.failures:
            with pytest.raises(StoreError):
                store.save_account(_id(key_index, failure), {"value": value})
            return
        store.save_account(_id(key_index, failure), {"value": value})
    else:
        store.forget(KEYS[values[0]])
    getattr(model, name)(*values)


def _compare(store, model):
    for key_index, key in enumerate(KEYS):
        blocks = {index: block[:2] for index, block in sorted(model.blocks[key_index].items())}
        assert store.done_blocks(key) == blocks
        row = store.exploration(key)
        assert (row is None) == (key_index not in model.known)
        if row is not None:
            assert (row.blocks, row.futures) == (tuple(blocks), sum(futures for futures, _ in blocks.values()))
            for kind in ("passed", "failed", "hung"):
                assert row.counts.get(kind, 0) == sum(counts.get(kind, 0) for _, counts in blocks.values())
        found = store.failures(key)
        assert {row.id: (row.future_index, row.count, row.account) for row in found} == model.rows(key_index)
        assert all(row.timeline == timeline(row.future_index) and row.output == str(row.future_index) for row in found)
    assert len(store.failures()) == len(model.failures)


@pytest.mark.slow
@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(OPERATIONS, max_size=12))
def test_any_sequence_of_operations_equals_the_same_on_a_dict(operations):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store.sqlite"
        store, model = Store(path), Model()
        try:
            for operation in operations:
                if operation == ("reopen",):
                    store.close()
                    store = Store(path)
                else:
                    _apply(store, model, *operation)
            _compare(store, model)
        finally:
            store.close()
