"""Numbers as they are read: sensible digits, nothing near 0 or 1 shown as certain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.faces.terminal.numbers import bounds, clock, count, duration, estimate, percent, percent_at_most, percent_or_bound
from crossroads.stats import sequences
from crossroads.stats.probability import Probability


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.25, "25 %"),
        (0.256, "26 %"),
        (0.1, "10 %"),
        (0.0995, "10 %"),
        (0.098, "9.8 %"),
        (0.02, "2 %"),
        (0.025, "2.5 %"),
        (0.0004, "0.04 %"),
        (0.0000001, "< 0.001 %"),
        (0.99, "99 %"),
        (0.994, "99.4 %"),
        (0.9996, "> 99.9 %"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (sequences.estimate(0, 96), "at most 6 %"),
        (sequences.estimate(96, 96), "at least 94 %"),
        (sequences.estimate(505, 505), "100 %"),
        (sequences.estimate(0, 5000), "0 %"),
        (sequences.estimate(24, 96), "25 %"),
        (Probability(0.0, 0.0, 0.0, 1.0, 8, 0), "0 %"),
        (Probability(1.0, 1.0, 1.0, 1.0, 8, 8), "100 %"),
        (Probability(1.0, 0.99999, 1.0, 0.95, 10**6, 10**6), "100 %"),
        (Probability(0.0, 0.0, 1.0, 0.95, 0, 0), "unknown"),
    ],
)
def test_a_probability_without_room_for_its_interval(probability: Probability, text: str) -> None:
    assert percent_or_bound(probability) == text


@settings(derandomize=True, max_examples=300)
@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_what_may_or_may_not_fail_is_never_said_to_be_certain(share: float) -> None:
    assert percent(share) not in ("0 %", "100 %")


@settings(derandomize=True, max_examples=300)
@given(st.floats(0.0001, 0.0989))
def test_an_upper_bound_is_rounded_up(share: float) -> None:
    said = float(percent_at_most(share).removesuffix(" %")) / 100
    assert share - 1e-12 <= said <= share * 1.1


def test_bounds_say_the_interval_or_what_is_known() -> None:
    assert bounds(sequences.estimate(250, 1000)) == "[20.2-30.2]"
    assert bounds(sequences.estimate(250, 1000), stated=True) == "[20.2-30.2 at 95 % confidence]"
    assert bounds(sequences.estimate(0, 0)) == "unknown"
    assert bounds(sequences.proved(0.5, 4, 2)) == "exact"
    assert bounds(Probability(0.0025, 0.0000018, 0.024, 0.95, 400, 1)) == "[<0.01-2.4]"
    assert bounds(Probability(0.0001, 0.00002, 0.0005, 0.95, 100_000, 10)) == "[0.002-0.05]"


def test_estimate_joins_value_and_interval() -> None:
    assert estimate(sequences.estimate(400, 400)) == "100 % [98.4-100]"
    assert estimate(sequences.proved(0.5, 4, 2)) == "50 % (exact)"
    assert estimate(sequences.estimate(0, 0)) == "unknown"


def test_counts_and_times() -> None:
    assert count(1, "future") == "1 future"
    assert count(12_000, "future") == "12,000 futures"
    assert [duration(s) for s in (0.034, 3.21, 48.2, 200, 7500)] == ["0.034 s", "3.2 s", "48 s", "3 min 20 s", "2 h 05 min"]
    assert [clock(s) for s in (0.0, 5.6154e-05, 0.0001, 12.4, 86400.0)] == ["0 s", "0.0562 ms", "0.0001 s", "12.4 s", "86,400 s"]
