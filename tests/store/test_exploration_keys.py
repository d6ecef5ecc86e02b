"""Names of explorations and failures."""

import dataclasses
import re

import pytest

from crossroads.store.keys import ExplorationKey, failure_id
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import WorldSettings

KEY = ExplorationKey("boat.py:main", WorldSettings(), 2**64 - 1, "c0de", "3.13")
FAILED = Outcome("failed", "ValueError", "sank", "boat.py:3 in main")
OTHERS = [
    dataclasses.replace(KEY, target="ship.py:main"),
    dataclasses.replace(KEY, world=WorldSettings(step_limit=5)),
    dataclasses.replace(KEY, world=WorldSettings(points="draws")),
    dataclasses.replace(KEY, world=WorldSettings(name="asyncio")),
    dataclasses.replace(KEY, seed=0),
    dataclasses.replace(KEY, code=""),
    dataclasses.replace(KEY, python="3.12"),
    dataclasses.replace(KEY, surroundings="0ther"),
]


@pytest.mark.parametrize("key", [KEY, dataclasses.replace(KEY, target="\udcff.py:main\0"), *OTHERS], ids=range(2 + len(OTHERS)))
def test_keys_are_read_as_they_were_written(key):
    assert ExplorationKey.from_text(key.to_text()) == key
    assert key.to_text().isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        '["a", {}, 1, "", "", 1]',
        '["a", {}, 1, "", "", "", ""]',
        '["a", {}, 1, "", ""]',
        '["a", {}, true, "", ""]',
        '["a", [], 1, "", ""]',
        "[" * 10,
    ],
)
def test_other_texts_are_no_keys(text):
    with pytest.raises(ValueError):  # noqa: PT011
        ExplorationKey.from_text(text)


def test_ids_are_pinned():
    assert failure_id(KEY, FAILED) == "267ecefe"


def test_each_part_of_the_key_and_of_the_origin_makes_another_id():
    ids = [failure_id(key, FAILED) for key in (KEY, *OTHERS)]
    ids += [failure_id(KEY, outcome) for outcome in (dataclasses.replace(FAILED, exception="KeyError"), Outcome("crashed", "SIGSEGV"))]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{8}", found) for found in ids)


def test_what_a_failure_says_is_not_in_its_id():
    assert failure_id(KEY, dataclasses.replace(FAILED, message="sank again")) == failure_id(KEY, FAILED)


def test_an_origin_with_lone_surrogates_has_an_id():
    assert failure_id(KEY, Outcome("failed", "ValueError", "", "\udcff.py:3 in main")) != failure_id(KEY, FAILED)
