"""A small plot of the failure probability along a run: numbers in, lines of text out.

Every column stands for one point or for several neighbouring ones, whose mean it shows; between points that were looked at
the curve is drawn straight. Why not a plotting library: this is the only plot there is, it needs marks of its own on the axis,
and the core's dependencies stay light.
"""

from bisect import bisect_right
from dataclasses import dataclass

from crossroads.faces.terminal.glyphs import AXIS, BARS, CORNER, LATE, UPRIGHT

GUTTER = 6
"""Columns left of the first bar: the labels of the vertical axis and the axis itself."""

ROWS = 8
SAMPLES_MAX = 16
"""Points of one column that are read for its mean."""

LATE_LABEL = "too late from here"


@dataclass(frozen=True, slots=True)
class Curve:
    """What is to be drawn.

    Args:
        known: (point, q) with 0 <= point <= last and 0 <= q <= 1, any order; the last one given for a point counts. Not empty.
        last: index of the last point of the run, 0 <= last.
        marks: (point, sign): a sign of one column set on the axis where the bar of that point begins.
        late: the point from which it is too late; None draws nothing.
        end_label: said at the right end of the axis, like "point 100".
    """

    known: tuple[tuple[int, float], ...]
    last: int
    marks: tuple[tuple[int, str], ...] = ()
    late: int | None = None
    end_label: str = ""


def column_of(point: int, last: int, columns: int) -> int:
    """The column, 0 <= column < columns, at which the bar of a point begins, or in which the point is one of several."""
    if last < columns:
        return -(-point * columns // (last + 1))
    return -(-(point + 1) * columns // (last + 1)) - 1


def heights(curve: Curve, columns: int) -> list[float]:
    """The mean q of the points of each column; length `columns`."""
    known = sorted(dict(curve.known).items())
    places = [point for point, _ in known]
    return [_column_mean(known, places, column, curve.last, columns) for column in range(columns)]


def draw(curve: Curve, width: int, rows: int = ROWS) -> list[str]:
    """The plot as lines of at most `width` columns.

    Args:
        curve: what to draw.
        width: of the whole, 30 <= width.
        rows: of the bars, 2 <= rows.

    Returns:
        `rows` lines of bars, the axis with its marks, the labels of its ends, and one line more where it got too late.
    """
    columns = width - GUTTER
    values = heights(curve, columns)
    lines = [_label(row, rows) + UPRIGHT + _bars(values, row, rows).rstrip() for row in range(rows)]
    lines.append("  0 %" + CORNER + _axis(curve, columns))
    right = curve.end_label or f"point {curve.last}"
    lines.append(" " * GUTTER + "point 0" + right.rjust(columns - len("point 0")))
    if curve.late is not None:
        lines.append(_late_line(column_of(curve.late, curve.last, columns), columns))
    return lines


def _column_mean(known: list[tuple[int, float]], places: list[int], column: int, last: int, columns: int) -> float:
    first = min(last, column * (last + 1) // columns)
    end = min(last, max(first, (column + 1) * (last + 1) // columns - 1))
    count = min(SAMPLES_MAX, end - first + 1)
    points = [first + (end - first) * sample // max(1, count - 1) for sample in range(count)]
    return sum(_value(known, places, point) for point in points) / count


def _value(known: list[tuple[int, float]], places: list[int], point: int) -> float:
    after = bisect_right(places, point)
    if after == 0:
        return known[0][1]
    left, low = known[after - 1]
    if after == len(known):
        return low
    right, high = known[after]
    return low + (high - low) * (point - left) / (right - left)


def _label(row: int, rows: int) -> str:
    if row == 0:
        return "100 %"
    return " 50 %" if row * 2 == rows else " " * (GUTTER - 1)


def _bars(values: list[float], row: int, rows: int) -> str:
    steps = len(BARS) - 1
    below = (rows - 1 - row) * steps
    return "".join(BARS[max(0, min(steps, _level(value, rows * steps) - below))] for value in values)


def _level(value: float, levels: int) -> int:
    """Steps to fill: none only for 0, all only for nearly 1."""
    clamped = max(0.0, min(1.0, value))
    if clamped == 0:
        return 0
    return max(1, min(levels if clamped > 0.995 else levels - 1, round(clamped * levels)))


def _axis(curve: Curve, columns: int) -> str:
    signs = [AXIS] * columns
    for point, sign in sorted(curve.marks):
        free = [column for column in range(columns) if signs[column] == AXIS]
        wanted = column_of(point, curve.last, columns)
        if free:
            signs[min(free, key=lambda column: (abs(column - wanted), -column))] = sign
    return "".join(signs)


def _late_line(column: int, columns: int) -> str:
    label = f"{LATE} {LATE_LABEL}"
    if column + len(label) <= columns:
        return " " * (GUTTER + column) + label
    label = f"{LATE_LABEL} {LATE}"
    return " " * (GUTTER + max(0, column + 1 - len(label))) + label
