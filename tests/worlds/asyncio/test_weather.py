import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.worlds.asyncio.weather import PLAIN, STYLES, between, beyond

UNITS = [(number + 0.5) / 20_000 for number in range(20_000)]
"""As even as numbers can be: shares of them are probabilities, but for 1 in 20,000 for each part of the mixture."""

GAPS_S = st.floats(1e-7, 1.0)


def test_weights_are_probabilities() -> None:
    assert sum(weight for _, weight in PLAIN) == pytest.approx(1.0)
    assert sum(style.weight for style in STYLES) == pytest.approx(1.0)
    assert STYLES[0].name == "usual"


def drawn_between(low: float, high: float, u: float) -> float:
    return between(low, high, beyond(low) - beyond(high), u)


@given(st.floats(0, 1.0), GAPS_S)
@settings(derandomize=True, database=None)
def test_tails_fall_from_one_to_none(time: float, gap: float) -> None:
    assert 1.0 + 1e-9 >= beyond(time) >= beyond(time + gap) >= 0.0
    assert beyond(0.0) == pytest.approx(1.0)
    assert beyond(float("inf")) == 0.0


@given(st.floats(0, 0.5), GAPS_S | st.just(float("inf")), st.floats(0, 1, exclude_max=True))
@settings(derandomize=True, database=None)
def test_between_stays_between(low: float, gap: float, u: float) -> None:
    assert low <= drawn_between(low, low + gap, u) <= low + gap


@pytest.mark.parametrize(("low", "high"), [(0.0, float("inf")), (0.0, 0.003), (0.001, 0.01), (0.02, float("inf")), (0.05, 0.06)])
def test_draws_between_have_the_conditional_distribution(low: float, high: float) -> None:
    drawn = [drawn_between(low, high, u) for u in UNITS]
    whole = beyond(low) - beyond(high)
    for time in (low + 1e-5, low + 0.0005, low + 0.002, low + 0.006, low + 0.03):
        if time < high:
            expected = (beyond(time) - beyond(high)) / whole
            assert sum(one > time for one in drawn) / len(drawn) == pytest.approx(expected, abs=0.0005)
