"""Seeds from names: pinned, since the same timeline must be the same run on another day and machine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.timeline.keys import SEED_MAX, Units, derive


def test_derived_seeds_are_pinned():
    assert derive(0) == 14100770264707963708
    assert derive(1, "arrival", 3) == 18049971187080945186
    assert derive(SEED_MAX, "café", "\udc80") == 14253308795950463232


def test_each_name_and_seed_counts():
    seeds = [derive(1, "a", "b"), derive(1, "ab"), derive(1, "b", "a"), derive(2, "a", "b"), derive(1, "a"), derive(1)]
    assert len(set(seeds)) == len(seeds)


def test_a_number_is_the_name_of_its_digits():
    assert derive(1, 12) == derive(1, "12")


def test_seeds_out_of_range_are_refused():
    for seed in (-1, SEED_MAX + 1):
        with pytest.raises(OverflowError):
            derive(seed, "a")


@settings(derandomize=True, max_examples=200)
@given(st.integers(0, SEED_MAX), st.lists(st.text() | st.integers(), max_size=4))
def test_seeds_stay_in_their_range(seed, names):
    assert 0 <= derive(seed, *names) <= SEED_MAX


@settings(derandomize=True, max_examples=200)
@given(st.integers(0, SEED_MAX), st.text(), st.text(), st.integers(0))
def test_units_are_the_upper_bits_of_the_seed_of_that_name(seed, kind, name, occurrence):
    drawn = Units(seed).draw(kind, name, occurrence)
    assert drawn == (derive(seed, kind, name, occurrence) >> 11) * 2.0**-53
    assert 0.0 <= drawn < 1.0


def test_units_are_uniform():
    units = Units(5)
    draws = [units.draw("chance", "draw", index) for index in range(4000)]
    counts = [0] * 10
    for draw in draws:
        counts[int(draw * 10)] += 1
    assert sum((count - 400) ** 2 / 400 for count in counts) < 27.9  # chi-square, 9 degrees of freedom, 0.999


def test_four_numbers_are_as_even_and_as_independent_as_single_ones():
    units = Units(5)
    fours = [units.four("client 1 -> server:80, message 1", index) for index in range(4000)]
    for place in range(4):
        counts = [0] * 10
        for four in fours:
            counts[int(four[place] * 10)] += 1
        assert sum((count - 400) ** 2 / 400 for count in counts) < 31.8  # chi-square, 9 degrees of freedom, 0.9998
    for one, other in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        product = sum((four[one] - 0.5) * (four[other] - 0.5) for four in fours) / 4000
        assert abs(product) < 4 / 12 / 4000**0.5  # four standard deviations


@settings(derandomize=True, max_examples=200)
@given(st.integers(0, SEED_MAX), st.text(), st.integers(0))
def test_four_numbers_stay_in_their_range_and_follow_from_their_name(seed, name, occurrence):
    four = Units(seed).four(name, occurrence)
    assert four == Units(seed).four(name, occurrence) != Units(seed).four(name, occurrence + 1)
    assert all(0.0 <= number < 1.0 for number in four)
