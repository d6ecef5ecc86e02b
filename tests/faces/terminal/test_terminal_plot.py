"""The plot: every column shows the right level, marks stand where the steps are, nothing is wider than it may be."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.faces.terminal.glyphs import BARS
from crossroads.faces.terminal.plot import GUTTER, ROWS, Curve, column_of, draw, heights

COINS = Curve(known=((0, 0.25), (20, 0.25), (21, 0.5), (60, 0.5), (61, 1.0), (100, 1.0)), last=100, marks=((21, "①"), (61, "②")), late=61)


def bar_height(lines: list[str], column: int) -> float:
    """The height of one column's bar in rows, read from the drawing."""
    cells = [line.ljust(GUTTER + column + 1)[GUTTER + column] for line in lines[:ROWS]]
    return sum(BARS.index(cell) for cell in cells) / (len(BARS) - 1)


def test_each_column_is_as_high_as_q_of_its_points() -> None:
    lines = draw(COINS, GUTTER + 101)
    assert [bar_height(lines, column) for column in (0, 20, 21, 60, 61, 100)] == [2, 2, 4, 4, 8, 8]


def test_marks_and_too_late_stand_under_the_step_that_they_name() -> None:
    lines = draw(COINS, 90)
    axis, ends, late = lines[ROWS:]
    columns = 90 - GUTTER
    assert axis.index("①") == GUTTER + column_of(21, 100, columns)
    assert axis.index("②") == GUTTER + column_of(61, 100, columns) == late.index("▲")
    assert ends.split() == ["point", "0", "point", "100"]


def test_few_points_are_drawn_as_steps_of_equal_width() -> None:
    values = heights(Curve(((0, 0.1), (1, 0.5), (2, 1.0)), last=2), 30)
    assert values == [0.1] * 10 + [0.5] * 10 + [1.0] * 10


def test_many_points_are_averaged_in_each_column() -> None:
    values = heights(Curve(((0, 0.0), (1_000_000, 1.0)), last=1_000_000), 80)
    assert all(abs(value - (column + 0.5) / 80) < 0.001 for column, value in enumerate(values))


def test_a_label_that_would_run_over_the_edge_stands_left_of_its_sign() -> None:
    late = draw(Curve(((0, 0.2), (9, 1.0)), last=9, late=9), 60)[-1]
    assert late.endswith("too late from here ▲")
    assert len(late) <= 60


def test_only_zero_is_empty_and_only_certainty_is_full() -> None:
    lines = draw(Curve(((0, 0.0), (1, 0.0001), (2, 0.99), (3, 1.0)), last=3), GUTTER + 40)
    heights_read = [bar_height(lines, column) for column in (0, 10, 20, 30)]
    assert heights_read == [0, 0.125, 7.875, 8]


def test_marks_that_share_a_column_stand_side_by_side() -> None:
    curve = Curve(((0, 0.1), (100_000, 1.0)), last=100_000, marks=((5, "①"), (6, "②"), (100_000, "③"), (99_999, "④")))
    axis = draw(curve, 40)[ROWS]
    assert axis[GUTTER : GUTTER + 2] == "①②"
    assert sorted(axis[-2:]) == ["③", "④"]


points = st.integers(0, 500)
curves = st.builds(
    lambda last, known, marks, late: Curve(
        known=tuple((point % (last + 1), q) for point, q in known),
        last=last,
        marks=tuple((point % (last + 1), sign) for point, sign in zip(marks, "①②③④⑤⑥", strict=False)),
        late=None if late is None else late % (last + 1),
    ),
    st.integers(0, 500),
    st.lists(st.tuples(points, st.floats(0, 1)), min_size=1, max_size=30),
    st.lists(points, max_size=6),
    st.none() | points,
)


@settings(derandomize=True, max_examples=200)
@given(st.integers(1, 2000), st.integers(24, 100), st.data())
def test_the_column_of_a_point_is_one_that_shows_it(last: int, columns: int, data: st.DataObject) -> None:
    point = data.draw(st.integers(0, last))
    curve = Curve(tuple((other, float(other >= point)) for other in range(last + 1)), last)
    values = heights(curve, columns)
    column = column_of(point, last, columns)
    assert values[column] > 0
    assert not any(values[:column])


@settings(derandomize=True, max_examples=150, deadline=None)
@given(curves, st.integers(30, 120))
def test_any_curve_fits_and_keeps_between_the_lowest_and_highest_value(curve: Curve, width: int) -> None:
    lines = draw(curve, width)
    assert len(lines) == ROWS + 2 + (curve.late is not None)
    assert all(len(line) <= width for line in lines)
    assert all(sign in lines[ROWS] for _, sign in curve.marks)
    known = dict(curve.known).values()
    assert all(min(known) - 1e-9 <= value <= max(known) + 1e-9 for value in heights(curve, width - GUTTER))
