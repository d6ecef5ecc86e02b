"""Notes that outlive the life that made them."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landing_tools import in_child

from crossroads.rings.record import MARKED, RETURNED, Record, lived

VALUES = st.recursive(st.none() | st.integers() | st.text() | st.just("\udcff\n"), st.lists, max_leaves=5)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), VALUES)))
def test_what_is_added_is_read(entries: list) -> None:
    record = Record()
    for name, value in entries:
        record.add(name, value)
    assert list(record.entries()) == entries
    record.close()
    assert list(record.entries()) == []


def test_what_a_dead_life_added_stays() -> None:
    record = Record()
    record.add("before", 1)
    assert in_child(lambda: record.add("lived", [2])) == 0
    record.add("after")
    assert list(record.entries()) == [("before", 1), ("lived", [2]), ("after", None)]
    record.close()


@pytest.mark.parametrize("length", range(1, 18))
def test_an_entry_cut_short_spoils_no_other(length: int) -> None:
    record, whole = Record(), Record()
    whole.add("lived", 2)
    record.add("before", 1)
    os.write(record._descriptor, os.pread(whole._descriptor, 1000, 0)[:length])
    record.add("after", 3)
    assert list(record.entries()) == [("before", 1), ("after", 3)]
    record.close()
    whole.close()


def test_a_descriptor_that_the_program_took_is_left_alone(tmp_path: object) -> None:
    record = Record()
    number = record._descriptor
    os.close(number)
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(writing)
    record.add("lost")
    assert list(record.entries()) == []
    record.close()
    os.close(number)
    assert os.read(reading, 10) == b""
    os.close(reading)


def test_only_what_no_return_has_discarded_was_lived() -> None:
    entries = [("a", 0), (MARKED, 1), ("b", 0), (MARKED, 2), ("c", 0), (RETURNED, 2), ("d", 0), (MARKED, 3), ("e", 0)]
    assert [name for name, _ in lived(entries, 0)] == ["a", "b", "d", "e"]
    assert [name for name, _ in lived(entries, 1)] == ["b", "d", "e"]
    assert [name for name, _ in lived(entries, 2)] == ["d", "e"]
    assert [name for name, _ in lived(entries, 3)] == ["e"]
    assert lived([*entries, (RETURNED, 1)], 1) == []
