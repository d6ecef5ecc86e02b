"""A timeline's past and the branches that leave it."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, NamedOverride, Override, Timeline, WorldSettings

LIVED = Timeline(
    target="boat.py:main",
    epochs=(Epoch(0, 7), Epoch(10, 8), Epoch(20, 9)),
    overrides=(Override(5, 1), Override(10, 2), Override(15, 0)),
    outcome=Outcome("failed", "ValueError"),
    digest="ab",
    points=30,
    python="3.13",
    code="c0de",
)


def test_past_excludes_what_stands_at_the_point():
    assert LIVED.past(10) == ((Epoch(0, 7),), (Override(5, 1),), ())
    assert LIVED.past(11) == ((Epoch(0, 7), Epoch(10, 8)), (Override(5, 1), Override(10, 2)), ())


def test_past_of_the_start_is_empty_and_past_of_the_end_is_everything():
    assert LIVED.past(0) == ((), (), ())
    assert LIVED.past(30) == (LIVED.epochs, LIVED.overrides, ())


def test_overrides_by_name_may_hold_anywhere_after_the_start():
    named = (NamedOverride("wind", 2, 1),)
    timeline = dataclasses.replace(LIVED, named=named)
    assert [timeline.past(point)[2] for point in (-1, 0, 1, 30)] == [(), (), named, named]
    assert timeline.branch(10, seed=1).named == named


def test_branch_with_a_seed_begins_an_epoch_there():
    future = LIVED.branch(10, seed=99)
    assert future.epochs == (Epoch(0, 7), Epoch(10, 99))
    assert future.overrides == (Override(5, 1),)


def test_branch_without_a_seed_goes_on_with_the_present_epoch():
    assert LIVED.branch(12).epochs == (Epoch(0, 7), Epoch(10, 8))
    assert LIVED.branch(10).epochs == (Epoch(0, 7), Epoch(10, 8))


def test_branch_with_an_option_takes_it_there():
    assert LIVED.branch(10, seed=1, option=3).overrides == (Override(5, 1), Override(10, 3))


def test_branch_at_the_start_needs_nothing_of_the_old_epochs():
    assert LIVED.branch(0, seed=4).epochs == (Epoch(0, 4),)
    assert LIVED.branch(0).epochs == (Epoch(0, 7),)


def test_branch_was_not_lived_yet_and_keeps_what_it_runs_in():
    future = LIVED.branch(10, seed=1)
    assert (future.outcome, future.digest, future.points) == (None, "", 0)
    assert (future.target, future.world, future.python, future.code) == (LIVED.target, LIVED.world, "3.13", "c0de")


@pytest.mark.parametrize(
    ("epochs", "overrides", "expected"),
    [
        ((Epoch(0, 1),), (), 0),
        ((Epoch(0, 1),), (Override(4, 0),), 4),
        ((Epoch(0, 1), Epoch(9, 1)), (Override(4, 0),), 9),
    ],
)
def test_branch_point_is_the_last_turn_of_its_own(epochs, overrides, expected):
    assert Timeline("t.py:f", epochs, overrides).branch_point == expected


def test_values_are_frozen_and_compare_by_value():
    assert Timeline("t.py:f", (Epoch(0, 1),)) == Timeline("t.py:f", (Epoch(0, 1),), world=WorldSettings())
    with pytest.raises(dataclasses.FrozenInstanceError):
        LIVED.points = 3  # type: ignore[misc]


@settings(derandomize=True, max_examples=200)
@given(st.integers(0, 40), st.integers(0, 2**64 - 1) | st.none(), st.integers(0, 5) | st.none())
def test_branch_shares_the_past_and_stays_in_order(point, seed, option):
    future = LIVED.branch(point, seed, option)
    assert future.past(point) == LIVED.past(point)
    assert future.branch_point <= max(point, 0)
    for entries in (future.epochs, future.overrides):
        points = [entry.point for entry in entries]
        assert points == sorted(set(points))
    assert future.epochs[0].point == 0
