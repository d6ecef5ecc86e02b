"""Line 8: the journal as a file: plain data there and back, torn and damaged files, and what the records mean together."""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroads.errors import JournalError, RingError
from crossroads.rings import plain
from crossroads.rings.guards import Death
from crossroads.rings.journals import SCHEMA, Journal, Record, read
from crossroads.rings.pasts import past_of

PROGRAM: Record = {
    "schema": SCHEMA,
    "target": "prog.py",
    "is_file": True,
    "directory": "/",
    "arguments": [],
    "world": "plain",
    "code": "0",
    "python": "cpython 3.13",
    "crossroads": "0",
    "seed": 7,
    "settings": {"max_returns": 10, "strict": False},
}

texts = st.text(st.characters(), max_size=5)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(allow_nan=False),
    texts,
    st.lists(st.sampled_from("\ud83d\ude00a"), max_size=4).map("".join),
    st.binary(max_size=5),
    st.builds(Death, st.sampled_from(["crash", "hang"]), texts.filter(lambda text: text.isascii())),
)
keys = st.recursive(leaves, lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)), max_leaves=4)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
    ),
    max_leaves=12,
)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types all the way down."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, list | tuple):
        return all(map(alike, one, other))
    if isinstance(one, dict):
        return all(map(alike, one, other)) and all(map(alike, one.values(), other.values()))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and all(any(alike(a, b) for b in other) for a in one)
    return repr(one) == repr(other)


@given(values)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    text = plain.dumped(value)
    assert text.isascii()
    assert b"\n" not in text
    assert alike(plain.loaded(text), value)
    assert plain.dumped(plain.loaded(text)) == text


def test_what_json_has_no_number_for_comes_back() -> None:
    assert math.isnan(plain.loaded(plain.dumped(math.nan)))
    assert plain.loaded(plain.dumped([math.inf, -math.inf])) == [math.inf, -math.inf]
    assert str(plain.loaded(plain.dumped(-0.0))) == "-0.0"


class Number(int):
    """Has more to say than its value."""


@pytest.mark.parametrize("value", [Number(1), object(), {"a": [range(3)]}, print, 1j, bytearray(b""), {1: {2: Number(3)}}])
def test_other_data_is_refused(value: object) -> None:
    with pytest.raises(RingError, match="a journal holds plain data alone"):
        plain.dumped(value)


def test_endless_data_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RingError, match="contains itself"):
        plain.dumped(endless)
    deep: list[Any] = []
    for _ in range(plain.DEPTH_MAX - 1):
        deep = [deep]
    assert plain.loaded(plain.dumped(deep)) == deep


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nan",
        "NaN",
        "1" * 5000,
        "[" * 100_000,
        "[" * 120 + "]" * 120,
        "{}",
        '{"int": 5}',
        '{"int": "xyz"}',
        '{"float": "1"}',
        '{"bytes": "?"}',
        '{"str": "0"}',
        '{"tuple": {}}',
        '{"set": [[]]}',
        '{"set": [1, 1]}',
        '{"dict": [[1, 2], [1, 3]]}',
        '{"dict": [[[], 2]]}',
        '{"dict": [1]}',
        '{"death": {}}',
        '{"death": {"how": "boredom", "what": "", "where": "", "output": "", "traceback": ""}}',
        '{"code": "import os"}',
        '{"tuple": [], "set": []}',
    ],
)
def test_texts_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(JournalError):
        plain.loaded(text)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["int", "float", "str", "bytes", "tuple", "set", "frozenset", "dict", "death", "x"]), inner, max_size=2)))  # fmt: skip
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        value = plain.loaded(json.dumps(data))
    except JournalError:
        return
    assert told(plain.loaded(plain.dumped(value))) == told(value)


def told(value: Any) -> str:
    """The text of a value, the same for equal sets, whose order follows how they came about."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} {sorted(map(told, value))}"
    if isinstance(value, dict):
        return f"dict {[(told(key), told(one)) for key, one in value.items()]}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {list(map(told, value))}"
    return repr(value)


# The file.


def written(path: Path) -> bytes:
    journal = Journal.begin(str(path), PROGRAM)
    journal.add("session", {"held": [True, False]})
    journal.add("mark", mark(1, label="\ud800 é"))
    journal.add("return", back(1, 1, [{"tuple": [1, {"bytes": "eA=="}]}]))
    journal.add("gone", {"mark": 1}, durable=False)
    return path.read_bytes()


def mark(number: int, label: str = "") -> Record:
    return {"mark": number, "label": label, "place": "", "draws": "", "files": {}, "packages": {}}


def back(number: int, ordinal: int, memory: list[Any]) -> Record:
    return {"mark": number, "ordinal": ordinal, "seed": ordinal, "memory": memory}


def test_a_file_torn_at_any_byte_holds_its_whole_lines(tmp_path: Path) -> None:
    text = written(tmp_path / "journal")
    lines = text.splitlines(keepends=True)
    for size in range(len(text)):
        whole = text[:size].count(b"\n")
        if not whole:
            with pytest.raises(JournalError, match="holds nothing yet"):
                read(text[:size], "journal")
            continue
        records, whole_bytes = read(text[:size], "journal")
        assert (len(records), whole_bytes) == (whole, len(b"".join(lines[:whole])))
        past_of(records)


def test_a_torn_line_is_cut_off_before_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(written(tmp_path / "other")[:-3])
    journal, records = Journal.reopen(str(path))
    assert [record["kind"] for record in records] == ["program", "session", "mark", "return"]
    journal.add("end")
    assert [record["kind"] for record in read(path.read_bytes(), "")[0]] == ["program", "session", "mark", "return", "end"]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (0, '{"kind":"program"}', "line 1 has schema='None' where this crossroads reads"),
        (0, '{"kind":"program","schema":"crossroads-journal/2"}', "line 1 has schema='crossroads-journal/2'"),
        (0, "[]", "line 1 isn't a JSON object"),
        (1, "\x00\x00", "line 2 isn't a JSON object"),
        (1, '{"kind":"program","schema":1}', "line 2 has kind='program', which has no place there"),
        (1, '{"kind":"party"}', "has kind='party'"),
        (1, '{"kind":["end"]}', "has kind="),
        (2, '{"kind":"gone"}', "line 3 hasn't the fields of kind='gone': mark"),
        (2, '{"kind":"gone","mark":1,"more":1}', "hasn't the fields"),
        (2, '{"kind":"gone","mark":true}', "line 3 has an unfit value of 'mark'"),
        (2, '{"kind":"gone","mark":0}', "unfit value"),
        (2, '{"kind":"gone","mark":9999999999999999999}', "unfit value"),
        (2, '{"kind":"landed","mark":1,"findings":[["a","b","c"]]}', "unfit value of 'findings'"),
    ],
)
def test_damaged_files_are_refused_by_line(tmp_path: Path, line: int, text: str, message: str) -> None:
    path = tmp_path / "journal"
    lines = written(tmp_path / "other").splitlines()
    lines[line] = text.encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="journal=") as caught:
        Journal.reopen(str(path))
    assert message in str(caught.value)
    assert path.read_bytes() == before


def test_memories_that_mean_nothing_are_refused() -> None:
    records = [PROGRAM, {"kind": "mark", **mark(1)}, {"kind": "return", **back(1, 1, [{"code": "1"}])}]
    with pytest.raises(JournalError, match="unknown tag 'code'"):
        past_of(records)
    with pytest.raises(JournalError, match="mark 1 after mark 2"):
        past_of([PROGRAM, {"kind": "mark", **mark(2)}, {"kind": "mark", **mark(1)}])


def test_one_journal_has_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "journal")
    journal = Journal.begin(path, PROGRAM)
    monkeypatch.setattr("crossroads.rings.journals.LOCK_WAIT_S", 0.0)
    with pytest.raises(JournalError, match="is in use"):
        Journal.reopen(path)
    with pytest.raises(JournalError, match="is there already"):
        Journal.begin(path, PROGRAM)
    os.close(journal._descriptor)
    with pytest.raises(RingError, match=r"can't be written \(Bad file descriptor\)"):
        journal.add("end")
    Journal.reopen(path)
    with pytest.raises(JournalError, match="can't be opened"):
        Journal.reopen(str(tmp_path / "none"))
    with pytest.raises(JournalError, match="can't be made"):
        Journal.begin(str(tmp_path / "no" / "journal"), PROGRAM)


# What the records mean.


@dataclass
class Model:
    """A program that marks and goes back: its past is a list, and going back cuts it."""

    past: list[list[Any]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    marks: int = 0
    returns: int = 0

    def set_mark(self) -> None:
        self.marks += 1
        self.past.append([self.marks, [], None])
        self.records.append({"kind": "mark", **mark(self.marks)})

    def go_back(self, which: int, memory: int | None, fate: str) -> None:
        if not self.past:
            return
        index = which % len(self.past)
        number = self.past[index][0]
        self.records.append({"kind": "return", **back(number, self.returns + 1, [] if memory is None else [memory])})
        if fate == "stays":
            self.records.append({"kind": "stayed"})
            return
        if fate == "dies":
            # Its supervisor comes back to the latest mark, and the letter never arrived.
            index, memory = len(self.past) - 1, -1
            self.records.append({"kind": "return", **back(self.past[index][0], self.returns + 1, [memory])})
        self.returns += 1
        del self.past[index + 1 :]
        if memory is not None:
            self.past[index][1].append(memory)
        self.past[index][2] = self.returns


steps = st.one_of(
    st.just(None), st.tuples(st.integers(0, 9), st.none() | st.integers(0, 99), st.sampled_from(["goes", "goes", "dies", "stays"]))
)


@given(st.lists(steps, max_size=30))
def test_the_past_is_what_a_model_says(program: list[Any]) -> None:
    model = Model()
    for step in program:
        if step is None:
            model.set_mark()
        else:
            model.go_back(*step)
    past = past_of([PROGRAM, *model.records])
    assert [[one.number, [json.loads(memory) for memory in one.memories], one.seed] for one in past.marks] == model.past
    assert (past.marks_count, past.returns) == (model.marks, model.returns)


def test_what_was_shown() -> None:
    session: Record = {"kind": "session", "held": [True, False]}
    marks: list[Record] = [{"kind": "mark", **mark(number)} for number in (1, 2, 3)]
    assert past_of([PROGRAM, session]).shown == [0, 0]
    assert past_of([PROGRAM, session, *marks]).shown == [1, 3]
    assert past_of([PROGRAM, session, *marks, {"kind": "gone", "mark": 1}]).shown == [2, 3]
    assert past_of([PROGRAM, session, *marks, {"kind": "shown"}]).shown == [3, 3]
    assert past_of([PROGRAM, session, *marks, {"kind": "return", **back(2, 1, [])}]).shown == [1, 2]
    assert past_of([PROGRAM, session, *marks, {"kind": "return", **back(2, 1, [])}, {"kind": "mark", **mark(4)}]).shown == [1, 4]
