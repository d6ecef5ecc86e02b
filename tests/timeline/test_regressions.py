"""Kept regressions are read as they were written, a choice on a line, and whatever else is in such a file is refused."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import TimelineError
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.regressions import Anchor, Regression, dumps, loads
from crossroads.timeline.timelines import Epoch, NamedOverride, Timeline, WorldSettings

FAILURE = Outcome("failed", "AssertionError", "sank", "boat.py:9 in main")
CHOICES = (NamedOverride("route", 0, 1, "'hills'"), NamedOverride("weather", 3, 1, "'storm'"))


def life(**changes: Any) -> Timeline:
    given: dict[str, Any] = {"outcome": FAILURE, "python": "3.13", "named": CHOICES}
    return Timeline("boat.py:main", (Epoch(0, 7, "all"),), **(given | changes))


REGRESSION = Regression(life(), life(named=CHOICES[:1], outcome=None), "0123abcd", 'assert afloat, "sank"', Anchor(4, "day", "00ff00ff"))


def test_it_is_read_as_it_was_written() -> None:
    assert loads(dumps(REGRESSION)) == REGRESSION
    bare = Regression(life(named=()), None, "", "")
    assert loads(dumps(bare)) == bare


def test_a_diff_shows_each_choice_on_a_line() -> None:
    lines = dumps(REGRESSION).splitlines()
    assert sum('"name": "weather"' in line for line in lines) == 1
    assert sum('"name": "route"' in line for line in lines) == 2
    assert lines[0] == "{"
    assert lines[1] == '  "format": "crossroads-regression/1",'
    assert all(len(line) < 200 for line in lines)


def test_the_world_is_kept() -> None:
    world = WorldSettings("asyncio", "marks", 1000, ("crash",))
    kept = Regression(life(world=world), None, "0123abcd")
    assert loads(dumps(kept)).failing.world == world


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "crossroads-regression/2"}, "written by a newer crossroads"),
        ({"format": "crossroads-timeline/1"}, "format of a kept regression must be"),
        ({"format": None}, "format of a kept regression must be"),
        ({"more": 1}, '"more" in a kept regression is no field'),
        ({"target": ""}, "target"),
        ({"world": {"name": "plain"}}, "world.points is missing"),
        ({"found": "xyz"}, "found must be at most 32 hexadecimal digits"),
        ({"line": "x" * 1001}, "line must be a string"),
        ({"failure": {"kind": "passed", "exception": "", "message": "", "where": "", "code": None}}, "must be a failing outcome"),
        ({"failure": None}, "must be a failing outcome"),
        ({"failing": None}, "failing must be a JSON object"),
        ({"failing": {"epochs": [[0, 1]]}}, "failing has no choices"),
        ({"failing": {"epochs": [[0, 1]], "choices": [], "code": "import os"}}, '"code" in failing is no field'),
        ({"failing": {"epochs": [[1, 1]], "choices": []}}, "failing: epochs=1 must start at point 0"),
        ({"failing": {"epochs": [[0, 1]], "choices": 7}}, "failing: named=7 must be a list"),
        ({"failing": {"epochs": [[0, 1]], "choices": [{"name": "a"}]}}, "occurrence is missing"),
        ({"saved": {"epochs": [[0, -1]], "choices": []}}, "saved: epochs"),
        ({"anchor": {"point": -1, "label": "", "draws": ""}}, "anchor.point must be a whole number"),
        ({"anchor": {"point": 1, "label": "", "draws": "zz"}}, "anchor.draws must be"),
        ({"anchor": []}, "anchor must be a JSON object"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused(change: dict[str, Any], message: str) -> None:
    data = json.loads(dumps(REGRESSION)) | change
    with pytest.raises(TimelineError, match=re.escape(message)) as caught:
        loads(json.dumps(data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "7", "null", "{", "[" * 100_000, b"\xff", "1" * 100, "{}" + " " * 1_000_001])
def test_what_is_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(TimelineError):
        loads(text)


@pytest.mark.parametrize("name", ["format", "target", "world", "found", "python", "failure", "line", "failing", "saved"])
def test_each_field_must_be_there(name: str) -> None:
    data = json.loads(dumps(REGRESSION))
    del data[name]
    with pytest.raises(TimelineError):
        loads(json.dumps(data))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["target", "world", "found", "python", "failure", "line", "failing", "saved", "anchor"]), values)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_anything_else_in_a_field_is_refused_or_read(name: str, value: object) -> None:
    text = json.dumps(json.loads(dumps(REGRESSION)) | {name: value})
    try:
        found = loads(text)
    except TimelineError:
        return
    assert loads(dumps(found)) == found
