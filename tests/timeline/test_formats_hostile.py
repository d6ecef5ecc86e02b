"""Timelines from anywhere: whatever the text, it loads or is refused with one clear sentence."""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import TimelineError
from crossroads.timeline import formats
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Override, Timeline

VALID = Timeline(
    "boat.py:main", (Epoch(0, 7), Epoch(9, 8)), (Override(3, 1), Override(10, 0)), outcome=Outcome("exited", code=3), points=20
)
TEXT = formats.dumps(VALID)


def _data(path=(), value=None, **changes):
    """The valid object with one value replaced, anywhere."""
    data = json.loads(TEXT) | changes
    if path:
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
    return data


def _refusal(data):
    with pytest.raises(TimelineError) as caught:
        formats.from_data(data)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    assert ";" in message
    return message


NAMED = {"name": "wind", "occurrence": 2, "option": 1, "text": "'storm'"}

WRONG = [
    (["target"], "", 'target="" must be a string of 1 to 10000 characters'),
    (["target"], 3, "target=3 must be a string"),
    (["target"], "x" * 10_001, 'target="xxxx'),
    (["world"], [], "world=(a list of 0) must be a JSON object"),
    (["world", "name"], None, "world.name=null must be a string"),
    (["world", "points"], True, "world.points=true must be a string"),
    (["world", "step_limit"], 0, "world.step_limit=0 must be a whole number from 1 to 2**64 - 1"),
    (["world", "step_limit"], 1.0, "world.step_limit=1.0 must be a whole number"),
    (["world", "faults"], [], "world.faults=(a list of 0) must be a list of at least one of crash, partition, reset, loss"),
    (["world", "faults"], "crash", 'world.faults="crash" must be a list'),
    (["world", "faults"], ["loss", "crash"], "world.faults=(a list of 2) must be a list"),
    (["world", "faults"], ["crash", "crash"], "world.faults=(a list of 2) must be a list"),
    (["world", "faults"], [["crash"]], "world.faults=(a list of 1) must be a list"),
    (["world", "faults"], ["fire"], "world.faults=(a list of 1) must be a list"),
    (["epochs"], [], "epochs=(a list of 0) must start at point 0"),
    (["epochs"], {}, "epochs=(an object) must be a list of at most 10000 pairs"),
    (["epochs"], [[0, 1]] * 10_001, "epochs=(a list of 10001) must be a list of at most 10000"),
    (["epochs", 0, 0], 1, "epochs=1 must start at point 0"),
    (["epochs", 0], [0], "epochs[0]=(a list of 1) must be a pair"),
    (["epochs", 0], [0, 1, 2], "epochs[0][2]=2 must be choices or all, or left out"),
    (["epochs", 0], [0, 1, ""], 'epochs[0][2]="" must be choices or all'),
    (["epochs", 0], [0, 1, ["all"]], "epochs[0][2]=(a list of 1) must be choices or all"),
    (["epochs", 0], [0, 1, "all", 2], "epochs[0]=(a list of 4) must be a pair"),
    (["named"], [], "named=(a list of 0) must be a list of 1 to 10000 objects"),
    (["named"], {}, "named=(an object) must be a list"),
    (["named"], ["wind"], 'named[0]="wind" must be a JSON object'),
    (["named"], [{"name": "wind", "occurrence": 0, "option": 1}], "named[0].text is missing"),
    (["named"], [NAMED | {"code": 1}], 'named[0]."code" is no field'),
    (["named"], [NAMED | {"name": 1}], "named[0].name=1 must be a string"),
    (["named"], [NAMED | {"occurrence": -1}], "named[0].occurrence=-1 must be a whole number from 0"),
    (["named"], [NAMED | {"option": 2**64}], "named[0].option=18446744073709551616 must be"),
    (["named"], [NAMED | {"text": None}], "named[0].text=null must be a string"),
    (["named"], [NAMED, NAMED | {"option": 0}], 'named[1].name="wind" must not come twice with occurrence 2'),
    (["epochs", 0], "01", 'epochs[0]="01" must be a pair'),
    (["epochs", 1, 0], 0, "epochs[1][0]=0 must be above the point before it, 0"),
    (["epochs", 1, 1], -5, "epochs[1][1]=-5 must be a whole number from 0"),
    (["epochs", 1, 1], 2**64, "epochs[1][1]=18446744073709551616 must be"),
    (["epochs", 1, 1], 10**5000, "epochs[1][1]=(a number of 16610 bits) must be"),
    (["epochs", 1, 1], True, "epochs[1][1]=true must be a whole number"),
    (["epochs", 1, 1], float("inf"), "epochs[1][1]=Infinity must be a whole number"),
    (["overrides"], None, "overrides=null must be a list"),
    (["overrides"], [[1, 1]] * 10_001, "overrides=(a list of 10001) must be a list of at most 10000"),
    (["overrides", 0, 0], 0, "overrides[0][0]=0 must be a whole number from 1"),
    (["overrides", 1, 0], 3, "overrides[1][0]=3 must be above the point before it, 3"),
    (["overrides", 1, 0], 2, "overrides[1][0]=2 must be above the point before it, 3"),
    (["outcome"], "passed", 'outcome="passed" must be a JSON object'),
    (["outcome", "kind"], "lost", 'outcome.kind="lost" must be one of passed, failed'),
    (["outcome", "kind"], ["passed"], "outcome.kind=(a list of 1) must be a string"),
    (["outcome", "message"], "x" * 10_001, 'outcome.message="xxxx'),
    (["outcome", "code"], "3", 'outcome.code="3" must be a whole number from -(2**64 - 1)'),
    (["outcome", "code"], False, "outcome.code=false must be"),
    (["digest"], "0x12", 'digest="0x12" must be hexadecimal digits'),
    (["digest"], "ab\n", 'digest="ab\\n" must be hexadecimal digits'),
    (["points"], -1, "points=-1 must be"),
    (["points"], b"1", "points=(a bytes) must be"),
    (["python"], 3.13, "python=3.13 must be a string"),
    (["code"], None, "code=null must be a string"),
    (["seed"], 1, '"seed" is no field of crossroads-timeline/1; remove it'),
    (["world", "x" * 5000], 1, 'world."xxxx'),
    (["outcome", "why"], 1, 'outcome."why" is no field'),
    (["format"], "crossroads-timeline/2", "was written by a newer crossroads"),
    (["format"], "crossroads-timeline/0", 'must be "crossroads-timeline/1"'),
    (["format"], "crossroads-timeline/" + "9" * 5000, 'must be "crossroads-timeline/1"'),
    (["format"], "something", 'format="something" must be'),
    (["format"], 1, "format=1 must be"),
]


@pytest.mark.parametrize(("path", "value", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_wrong_values_are_refused_by_name(path, value, says):
    assert says in _refusal(_data(path, value))


@pytest.mark.parametrize("name", list(json.loads(TEXT)))
def test_each_field_must_be_there(name):
    data = json.loads(TEXT)
    del data[name]
    message = _refusal(data)
    assert f"{name} is missing" in message or (name == "format" and "format=null must be" in message)


@pytest.mark.parametrize("inner", ["world", "outcome"])
def test_each_inner_field_must_be_there(inner):
    for name in json.loads(TEXT)[inner]:
        data = json.loads(TEXT)
        del data[inner][name]
        assert f"{inner}.{name} is missing" in _refusal(data)


@pytest.mark.parametrize("data", [None, 1, "x", [], True, {}, object()])
def test_what_is_no_object_is_refused(data):
    _refusal(data)


HOSTILE = [
    ("", "isn't JSON, or was cut off, at line 1 column 1"),
    ("{", "isn't JSON"),
    (TEXT[: len(TEXT) // 2], "isn't JSON, or was cut off, at line"),
    (TEXT + "x", "isn't JSON"),
    (b"\xff\xfe", "isn't UTF-8 at byte 0"),
    (TEXT.encode("utf-16"), "isn't UTF-8"),
    ("null", "timeline=null must be a JSON object"),
    ('{"format": NaN}', "NaN isn't JSON"),
    ('{"format": -Infinity}', "-Infinity isn't JSON"),
    (TEXT.replace('"points": 20', '"points": 1e999'), "points=Infinity must be a whole number"),
    (TEXT.replace('"points": 20', '"points": 2.0'), "points=2.0 must be a whole number"),
    (TEXT.replace('"points": 20', '"points": ' + "9" * 9000), "of 9000 digits must be at most 2**64 - 1"),
    (TEXT.replace('"points": 20', '"points": -0'), None),
    ("[" * 400_000, "nested deeper"),
    ('{"a":' * 150_000, "nested deeper"),
    ("[" * 400_000 + "]" * 400_000, "nested deeper"),
    (" " * 1_000_001, "timeline of 1000001 bytes is longer than 1000000"),
    (b" " * 1_000_001, "timeline of 1000001 bytes is longer than 1000000"),
]


@pytest.mark.parametrize(("text", "says"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts(text, says):
    if says is None:
        assert formats.loads(text).points == 0
        return
    with pytest.raises(TimelineError) as caught:
        formats.loads(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_long_numbers_are_refused_though_the_interpreter_reads_them():
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(TimelineError, match="of 900000 digits"):
            formats.loads("9" * 900_000)
    finally:
        sys.set_int_max_str_digits(limit)


def test_a_shallow_stack_is_no_crash():
    def deeper(left):
        return deeper(left - 1) if left else formats.loads("[" * 400_000)

    with pytest.raises(TimelineError, match="nested deeper"):
        deeper(50)


PIECES = st.sampled_from(
    ["", "0", "-1", "1e999", "NaN", "null", "true", '"', "[", "]", "{", "}", ",", ":", "[0, 1]", '"x": 1,', "\\u0000", "\\ud800", "9" * 30]
)


@pytest.mark.slow
@settings(derandomize=True, max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), PIECES | st.text(max_size=3)), min_size=1, max_size=4))
def test_any_mutation_loads_or_is_refused(mutations):
    text = TEXT
    for start, length, piece in mutations:
        text = text[:start] + piece + text[start + length :]
    try:
        timeline = formats.loads(text)
    except TimelineError:
        return
    assert formats.loads(formats.dumps(timeline)) == timeline


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_change_of_bytes_loads_or_is_refused(changes):
    raw = bytearray(TEXT.encode())
    for index, byte in changes:
        raw[index] = byte
    try:
        formats.loads(bytes(raw))
    except TimelineError:
        return


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
INNER_PLACES = [("world", "name"), ("outcome", "code"), ("epochs", 1), ("overrides", 1, 1)]
PLACES = st.sampled_from([(name,) for name in json.loads(TEXT)] + INNER_PLACES)


@pytest.mark.slow
@settings(derandomize=True, max_examples=400, deadline=None)
@given(PLACES, JUNK)
def test_junk_in_any_place_is_taken_or_refused(path, junk):
    data = _data(path, junk)
    try:
        assert formats.to_data(formats.from_data(data)) == data
    except TimelineError:
        return
