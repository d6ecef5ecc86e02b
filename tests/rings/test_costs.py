"""What a return costs, counted: memory that is copied, notes that are read."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ring_tools import Log, fork_and_run

import crossroads
from crossroads.rings.draws import generators
from crossroads.rings.landing import Landing
from crossroads.rings.record import MARKED, RETURNED, Record, lived
from crossroads.snapshots import kernel

OBJECTS = 100_000
STATE_BYTES = 15_000_000
"""What so many lists take at least."""

DIRTY_BYTES_MAX = 8_000_000
"""An interpreter's own pages, some of which every life writes to."""


def own_bytes() -> int:
    """Memory of this process that it shares with no other."""
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))


@pytest.mark.slow
def test_a_life_shares_its_state_with_its_snapshot(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        state = [[number] for number in range(OBJECTS)]
        with crossroads.ring():
            here = crossroads.mark()
            log(own_bytes(), random.random())
            if here.returns < 3:
                crossroads.go_back(here)
            assert len(state) == OBJECTS

    before = own_bytes()
    rows = [line.split() for line in fork_and_run(tmp_path, program).log]
    assert before > 0
    assert [int(copied) < DIRTY_BYTES_MAX < STATE_BYTES for copied, _ in rows] == [True] * 4, rows
    assert len({drawn for _, drawn in rows}) == 4


def test_all_kinds_of_generators_are_found() -> None:
    class Own(random.Random):
        pass

    class Other(Own):
        pass

    own = [random.Random(1), Own(2), Other(3), random._inst]  # type: ignore[attr-defined]
    found = generators()
    assert all(any(one is each for each in found) for one in own)
    numpy = pytest.importorskip("numpy")
    own = [numpy.random.default_rng(1), numpy.random.RandomState(2), random.Random(3)]
    found = generators()
    assert all(any(one is each for each in found) for one in own)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[int]]:
    """What lives add, with marks and returns to those on the past; and the marks on it at the end."""
    entries: list[tuple[str, int]] = []
    past: list[int] = []
    for number in range(1, draw(st.integers(0, 25))):
        what = draw(st.sampled_from(["note", "mark", "return"]))
        if what == "mark":
            entries.append((MARKED, number))
            past.append(number)
        elif what == "return" and past:
            place = draw(st.integers(0, len(past) - 1))
            del past[place + 1 :]
            entries.append((RETURNED, past[place]))
        else:
            entries.append(("note", number))
    return entries, past


@settings(derandomize=True, max_examples=300, deadline=None)
@given(histories())
def test_what_was_lived_is_the_same_without_reading_it_all(history: tuple[list[tuple[str, int]], list[int]]) -> None:
    entries, past = history
    record = Record()
    for name, value in entries:
        record.add(name, value)
    for mark in [0, *past]:
        assert record.lived_since(mark) == lived(entries, mark)
    record.close()


def test_nothing_is_noted_of_lives_that_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "thread_names", list)
    landing = Landing()
    landing.marked(1)
    for _ in range(3):
        landing.returning(1, False)
        landing.returned(1)
    assert landing._record.entries() == []
    landing.ended()
