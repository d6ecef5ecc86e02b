"""Timelines as JSON: what is written is read again, and the text is pinned."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.errors import TimelineError
from crossroads.timeline import formats
from crossroads.timeline.outcomes import OUTCOME_KINDS, Outcome
from crossroads.timeline.timelines import CALMS, FAULT_KINDS, Epoch, NamedOverride, Override, Timeline, WorldSettings

NUMBERS = st.integers(0, 2**64 - 1)
TEXTS = st.text(max_size=30) | st.just("\udc80 lone surrogate") | st.just("\0 nul")
NAMES = st.text(min_size=1, max_size=30)
OUTCOMES = st.builds(
    Outcome, kind=st.sampled_from(OUTCOME_KINDS), exception=TEXTS, message=TEXTS, where=TEXTS, code=st.none() | st.integers(-(2**31), 2**32)
)

FAULTS = st.sets(st.sampled_from(FAULT_KINDS)).map(lambda found: tuple(kind for kind in FAULT_KINDS if kind in found))


def _entries(entry, points):
    return st.dictionaries(points, NUMBERS, max_size=5).map(lambda found: tuple(entry(*pair) for pair in sorted(found.items())))


CALM = st.sampled_from(CALMS)
LATER = st.dictionaries(st.integers(1, 2**64 - 1), st.tuples(NUMBERS, CALM), max_size=5).map(
    lambda found: tuple(Epoch(point, *rest) for point, rest in sorted(found.items()))
)
NAMED = st.dictionaries(st.tuples(TEXTS, NUMBERS), st.tuples(NUMBERS, TEXTS), max_size=5).map(
    lambda found: tuple(NamedOverride(*name, *option) for name, option in found.items())
)


TIMELINES = st.builds(
    Timeline,
    target=NAMES,
    epochs=st.builds(lambda seed, calm, rest: (Epoch(0, seed, calm), *rest), NUMBERS, CALM, LATER),
    overrides=_entries(Override, st.integers(1, 2**64 - 1)),
    world=st.builds(WorldSettings, NAMES, NAMES, st.integers(1, 2**64 - 1), FAULTS),
    outcome=st.none() | OUTCOMES,
    digest=st.text("0123456789abcdef", max_size=32),
    points=NUMBERS,
    python=TEXTS,
    code=TEXTS,
    named=NAMED,
)


@pytest.mark.slow
@settings(derandomize=True, max_examples=200, deadline=None)
@given(TIMELINES)
def test_what_is_written_is_read_again(timeline):
    assert formats.from_data(formats.to_data(timeline)) == timeline
    for compact in (False, True):
        text = formats.dumps(timeline, compact=compact)
        assert formats.loads(text) == formats.loads(text.encode()) == formats.from_data(json.loads(text)) == timeline
        assert text.isascii()


def test_the_text_is_pinned():
    timeline = Timeline(
        "boat.py:main",
        (Epoch(0, 2**64 - 1), Epoch(12, 5)),
        (Override(13, 1),),
        outcome=Outcome("failed", "ValueError", "sank — twice", "boat.py:3 in main"),
        digest="00ff",
        points=20,
        python="3.13",
    )
    assert formats.dumps(timeline) == (
        "{\n"
        '  "format": "crossroads-timeline/1",\n'
        '  "target": "boat.py:main",\n'
        '  "world": {"name": "plain", "points": "marks", "step_limit": 10000000},\n'
        '  "epochs": [[0, 18446744073709551615], [12, 5]],\n'
        '  "overrides": [[13, 1]],\n'
        '  "outcome": {"kind": "failed", "exception": "ValueError", "message": "sank \\u2014 twice", '
        '"where": "boat.py:3 in main", "code": null},\n'
        '  "digest": "00ff",\n'
        '  "points": 20,\n'
        '  "python": "3.13",\n'
        '  "code": ""\n'
        "}\n"
    )


def test_compact_text_is_one_line():
    text = formats.dumps(Timeline("a.py:f", (Epoch(0, 1),)), compact=True)
    assert "\n" not in text
    assert '"epochs":[[0,1]]' in text


def test_a_byte_order_mark_is_no_harm():
    text = formats.dumps(Timeline("a.py:f", (Epoch(0, 1),)))
    assert formats.loads("\ufeff" + text) == formats.loads(b"\xef\xbb\xbf" + text.encode()) == formats.loads(text)


def test_of_a_key_that_comes_twice_the_last_counts():
    text = formats.dumps(Timeline("a.py:f", (Epoch(0, 1),)))
    assert formats.loads(text.replace('"points": 0', '"points": 1, "points": 2')).points == 2


def test_the_largest_timeline_can_be_written_and_read():
    big = 2**64 - 1
    epochs = (Epoch(0, big), *(Epoch(big - formats.ENTRIES_MAX + index, big) for index in range(1, formats.ENTRIES_MAX)))
    overrides = tuple(Override(epoch.point + 1, big) for epoch in epochs[:-1])
    timeline = Timeline("a.py:f", epochs, overrides)
    for compact in (False, True):
        assert formats.loads(formats.dumps(timeline, compact=compact)) == timeline


@pytest.mark.parametrize(
    "timeline",
    [
        Timeline("", (Epoch(0, 1),)),
        Timeline("a.py:f", ()),
        Timeline("a.py:f", (Epoch(0, -1),)),
        Timeline("a.py:f", (Epoch(0, 1),), (Override(0, 1),)),
        Timeline("a.py:f", (Epoch(0, 1),), outcome=Outcome("failed", message="x" * 10_001)),
        Timeline("a.py:f", (Epoch(0, 1),), outcome=Outcome("lost")),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_is_not_written(timeline):
    with pytest.raises(TimelineError):
        formats.dumps(timeline)


def test_a_timeline_too_long_to_be_read_is_not_written():
    texts = "\U0001f6a2" * formats.STRING_CHARS_MAX
    timeline = Timeline(texts, (Epoch(0, 1),), outcome=Outcome("failed", texts, texts, texts), python=texts, code=texts)
    assert formats.loads(formats.dumps(timeline)) == timeline
    with pytest.raises(TimelineError, match="longer than 1000000"):
        formats.dumps(replace(timeline, world=WorldSettings(texts, texts, 1), epochs=tuple(Epoch(point, 2**63) for point in range(9000))))


def test_faults_are_written_only_where_there_may_be_some():
    timeline = Timeline("boat.py:main", (Epoch(0, 1),), world=WorldSettings("asyncio"))
    assert "faults" not in formats.dumps(timeline)
    faulty = replace(timeline, world=replace(timeline.world, faults=("crash", "loss")))
    assert formats.to_data(faulty)["world"] == {"name": "asyncio", "points": "marks", "step_limit": 10_000_000, "faults": ["crash", "loss"]}
    assert formats.loads(formats.dumps(faulty)) == faulty
