"""The curve as columns of numbers, with no more points than a screen can show."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from crossroads.analysis.results import Account, CurvePoint, Failure
from crossroads.faces.page.data import Curve, Mark
from crossroads.faces.page.words import at_point, name_of, place_of
from crossroads.faces.terminal.glyphs import LATE, NUMBERS
from crossroads.faces.terminal.numbers import percent
from crossroads.faces.terminal.smooth import smooth
from crossroads.faces.terminal.turning import shown

POINTS_MAX = 3_000
"""Columns of a wide screen; more points can't be told apart."""

DIGITS = 5


class Texts:
    """Texts by number, each kept once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, a new one where it is new."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def all(self) -> tuple[str, ...]:
        """All texts by their numbers."""
        return tuple(self._numbers)


def curve_of(failure: Failure) -> Curve | None:
    """The curve of a failure; None where it wasn't explained or nothing was looked at."""
    account = failure.account
    if account is None or not account.curve:
        return None
    last = max(failure.timeline.points, account.curve[-1].point)
    special = {point for step in account.turning_points for point in (step.point, step.point + 1)}
    special |= {mark.point for mark in marks_of(failure)}
    known = _with_sides(account)
    kept = reduced(known, special)
    pooled = dict(smooth(account, last))
    texts = Texts()
    timed = kept[-1].time > kept[0].time and all(one.time <= other.time for one, other in pairwise(kept))
    return Curve(
        point=tuple(point.point for point in kept),
        time=tuple(round(point.time, 9) for point in kept) if timed else (),
        q=tuple(round(point.failure.value, DIGITS) for point in kept),
        low=tuple(round(point.failure.low, DIGITS) for point in kept),
        high=tuple(round(point.failure.high, DIGITS) for point in kept),
        line=tuple(round(pooled.get(point.point, point.failure.value), DIGITS) for point in kept),
        futures=tuple(point.failure.futures if point.failure.confidence < 1 else 0 for point in kept),
        label=tuple(texts.number(name_of(point.kind, point.label)) for point in kept),
        where=tuple(texts.number(place_of(point.where)) for point in kept),
        texts=texts.all,
        last=last,
        confidence=next((point.failure.confidence for point in kept if point.failure.confidence < 1), 1.0),
        left_out=len(known) - len(kept),
    )


def marks_of(failure: Failure) -> tuple[Mark, ...]:
    """What is marked on the curve, in the order of the run."""
    account = failure.account
    if account is None:
        return ()
    marks = [
        Mark("turning", step.point, step.time, sign, f"{percent(step.before.value)} → {percent(step.after.value)} at "
             + at_point(step.point, step.kind, step.label, step.where))
        for sign, step in zip(NUMBERS, shown(account), strict=False)
    ]  # fmt: skip
    late, out = account.point_of_no_return, account.last_way_out
    if late is not None and late.point < failure.timeline.points:
        marks.append(Mark("late", late.point, late.time, LATE, f"too late from {at_point(late.point, '', late.label, late.where)} on"))
    if out is not None:
        marks.append(Mark("out", out.point, out.time, "✓", f"the last way out: {at_point(out.point, '', out.label, out.where)}"))
    return tuple(sorted(marks, key=lambda mark: (mark.point, mark.kind)))


def reduced(points: Sequence[CurvePoint], special: Collection[int], most: int = POINTS_MAX) -> list[CurvePoint]:
    """At most about `most` points that draw the same curve: of each bucket the first, the last, the lowest and the highest.

    Args:
        points: by rising index.
        special: indices of points that are kept in any case.
        most: points wanted.
    """
    if len(points) <= most:
        return list(points)
    first, width = points[0].point, (points[-1].point - points[0].point) / (most // 4) or 1.0
    buckets: dict[int, list[CurvePoint]] = {}
    for point in points:
        kept = buckets.setdefault(int((point.point - first) / width), [])
        if len(kept) < 4:
            kept.append(point)
            continue
        kept[3] = point
        kept[1] = min(kept[1], point, key=lambda one: one.failure.value)
        kept[2] = max(kept[2], point, key=lambda one: one.failure.value)
    found = {id(point): point for kept in buckets.values() for point in kept}
    wanted = set(special)
    found |= {id(point): point for point in points if point.point in wanted}
    return sorted(found.values(), key=lambda point: point.point)


def _with_sides(account: Account) -> list[CurvePoint]:
    """The points that were looked at and both sides of each turning point, one for each index."""
    known = {point.point: point for point in account.curve}
    for step in account.turning_points:
        known.setdefault(step.point, CurvePoint(step.point, step.label, step.kind, step.where, step.time, step.before))
        known.setdefault(step.point + 1, CurvePoint(step.point + 1, "", "", step.where, step.time, step.after))
    return [known[index] for index in sorted(known)]
