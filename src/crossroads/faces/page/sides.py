"""Two lives side by side: events at the same height where they are the same, and marked where they aren't."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from crossroads.analysis.lives import Moment, TwoLives, WitnessedLife
from crossroads.faces.page.data import Event, Lives, Row
from crossroads.faces.page.lanes import lanes_of
from crossroads.faces.page.words import joined, place_of, quoted, short
from crossroads.faces.terminal.numbers import grouped
from crossroads.faces.terminal.words import KIND_WORDS, title
from crossroads.timeline.formats import dumps
from crossroads.timeline.outcomes import Outcome

BEFORE = 12
"""Common points shown before the lives part."""

PAST = 150
"""Common points before those, shown where the reader chooses a moment there."""

ROWS_MAX = 500
"""Rows shown; the first ones after the parting, and the last ones."""

PRINTED_MAX = 40
"""Lines printed at one point."""


def lives_of(lives: TwoLives, command: str) -> Lives:
    """Both lives as they are shown.

    Args:
        lives: as they were lived.
        command: that lives the survivor again, "" where there is none.
    """
    doomed_lanes, survivor_lanes = lanes_of(lives.doomed.moments, lives.survivor.moments)
    return Lives(
        headline=headline(lives),
        common=lives.common,
        doomed_end=end_of(lives.doomed),
        survivor_end=end_of(lives.survivor),
        doomed_points=lives.doomed.timeline.points,
        survivor_points=lives.survivor.timeline.points,
        rows=rows_of(lives.doomed.moments, lives.survivor.moments, lives.common),
        doomed_lanes=doomed_lanes,
        survivor_lanes=survivor_lanes,
        command=command,
        survivor=dumps(lives.survivor.timeline),
    )


def headline(lives: TwoLives) -> str:
    """How the two differ, in a sentence."""
    choices = lives.doomed.choices
    if lives.different == 1 and lives.option and lives.survivor.timeline.epochs == lives.doomed.timeline.epochs:
        return f"One choice of {grouped(choices)} different, at point {lives.common:,}: {quoted(lives.option)}, and the run survives."
    taken = f" It takes {quoted(lives.option)} there and" if lives.option else " It"
    share = f"; {grouped(lives.different)} of the choices after it differ" if lives.different else ""
    return f"The nearest run that survives is the same up to point {lives.common:,}.{taken} draws anew from there on{share}."


def end_of(life: WitnessedLife) -> str:
    """How a life ended, on one line."""
    return short(title(life.timeline.outcome or Outcome("hung")))


def rows_of(doomed: Sequence[Moment], survivor: Sequence[Moment], common: int) -> tuple[Row, ...]:
    """The rows, from some points before the parting on.

    Args:
        doomed, survivor: the points that were looked at.
        common: the last point that both share; what is taken there may differ.
    """
    shared = {moment.point.index: moment for moment in survivor if moment.point.index <= common}
    before = [moment for moment in doomed if moment.point.index <= common]
    rows = [_row(moment, shared.get(moment.point.index, moment)) for moment in before[-BEFORE - PAST :]]
    past = max(0, len(rows) - BEFORE)
    rows = [replace(row, past=True) for row in rows[:past]] + rows[past:]
    one = [moment for moment in doomed if moment.point.index > common]
    other = [moment for moment in survivor if moment.point.index > common]
    matcher = SequenceMatcher(None, [_key(moment) for moment in one], [_key(moment) for moment in other], autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            rows += [_row(a, b) for a, b in zip(one[first:last], other[begin:end], strict=True)]
        else:
            rows += [Row(event_of(moment), None, True) for moment in one[first:last]]
            rows += [Row(None, event_of(moment), True) for moment in other[begin:end]]
    return cut(rows)


def cut(rows: Sequence[Row], most: int = ROWS_MAX) -> tuple[Row, ...]:
    """At most so many rows; the gap is told by the row that follows it."""
    if len(rows) <= most:
        return tuple(rows)
    tail = most // 3
    head = most - tail
    following = rows[-tail]
    return (*rows[:head], Row(following.doomed, following.survivor, following.differs, len(rows) - most), *rows[len(rows) - tail + 1 :])


def event_of(moment: Moment) -> Event:
    """One point of a life, in words."""
    point = moment.point
    taken = short(point.options[point.taken]) if point.taken is not None and point.taken < len(point.options) > 1 else ""
    printed = tuple(short(line) for line in joined(moment.printed.splitlines(), PRINTED_MAX))
    return Event(
        point=point.index,
        time=round(point.time, 9),
        kind=KIND_WORDS.get(point.kind, short(point.kind)),
        label=short(point.label) if point.kind != "start" else "",
        where=place_of(point.where),
        taken=taken,
        printed=printed,
    )


def _row(doomed: Moment, survivor: Moment) -> Row:
    one = event_of(doomed)
    other = event_of(survivor)
    return Row(one, other, (one.label, one.taken, one.printed) != (other.label, other.taken, other.printed))


def _key(moment: Moment) -> tuple[str, str, str]:
    point = moment.point
    return point.kind, point.label, point.where if point.kind in ("mark", "draw") else ""
