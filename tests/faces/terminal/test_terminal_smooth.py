"""The drawn curve: noise between turning points goes, steps and proved values stay."""

from dataclasses import replace

import faces_values as made
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.analysis.results import CurvePoint
from crossroads.faces.terminal.smooth import smooth
from crossroads.stats.sequences import estimate, proved


def test_neighbours_are_pooled_and_steps_stay_sharp() -> None:
    noisy = [CurvePoint(point, "", "mark", "", 0.0, estimate(6 + 4 * (point % 2) if point <= 21 else 32, 32)) for point in range(62)]
    step = replace(made.coins_account().turning_points[0], after=made.share(1.0))
    account = replace(made.coins_account(), curve=tuple(noisy), turning_points=(step,))
    values = dict(smooth(account, 101))
    assert all(abs(values[point] - 0.25) < 0.03 for point in range(2, 20))
    assert values[22] == values[23] == 1.0


def test_what_was_proved_is_drawn_as_it_is() -> None:
    exact = [CurvePoint(point, "", "mark", "", 0.0, proved(point / 100, 10, 1)) for point in range(100)]
    account = replace(made.coins_account(), curve=tuple(exact), turning_points=())
    assert smooth(account, 99) == tuple((point, point / 100) for point in range(100))


def test_points_of_which_nothing_is_known_are_left_out() -> None:
    account = replace(made.coins_account(), curve=(CurvePoint(3, "", "mark", "", 0.0, estimate(0, 0)),), turning_points=())
    assert smooth(account, 10) == ()


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 20)), max_size=60))
def test_any_curve_keeps_between_its_lowest_and_highest_value(points: list[tuple[int, int]]) -> None:
    curve = tuple(CurvePoint(point, "", "mark", "", 0.0, estimate(failed, 20)) for point, failed in points)
    account = replace(made.coins_account(), curve=curve)
    known = [point.failure.value for point in curve] + [step.before.value for step in account.turning_points] + [1.0]
    assert all(min(known) - 1e-9 <= value <= 1 + 1e-9 for _, value in smooth(account, 101))
    assert sorted({min(point, 101) for point, _ in points} | {21, 22, 61, 62}) == [point for point, _ in smooth(account, 101)]
