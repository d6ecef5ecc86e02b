"""Results as fragments of HTML: small, self-contained, without scripts, every text escaped.

Colours are the report page's light ones on a ground of its own, so that they can be read in notebooks of either theme.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from crossroads.analysis.results import Account, CurvePoint, Exploration, Failure
from crossroads.faces.page.data import Answer
from crossroads.faces.page.words import ELLIPSIS, account_answers, answers, place_of, short
from crossroads.faces.terminal.failure import how_often
from crossroads.faces.terminal.numbers import count, duration, estimate, grouped, percent, percent_at_most
from crossroads.faces.terminal.words import title
from crossroads.stats.sequences import interval

COLOURS: Final = {
    "ground": "#ffffff",
    "text": "#17202a",
    "quiet": "#56616d",
    "edge": "#d5dae0",
    "curve": "#0072b2",
    "bad": "#a84300",
    "good": "#00704f",
}
"""The report page's, in its light theme."""

WIDTH, HEIGHT, GUTTER = 640, 150, 40
"""Of the curve, in pixels, and of the room left of it for its scale."""

CURVE_POINTS_MAX: Final = 400
"""More can't be told apart at this width."""

FAILURES_MAX, NOTES_MAX = 20, 5

SHORT_CHARS: Final = 24
"""A text so short stays on one line of its table."""


def exploration_html(exploration: Exploration) -> str:
    """How many futures were lived, how they ended, and the failures found."""
    tally = exploration.explored
    endings = [f"{grouped(tally.passed)} passed", f"{grouped(tally.failed)} failed"]
    endings += [f"{grouped(number)} {escape(short(kind))}" for kind, number in list(tally.other.items())[:7] if number]
    lived = f"{count(tally.futures, 'future')} in {duration(exploration.seconds)}: {', '.join(endings)}."
    parts = [_head(_text(exploration.target)), f"<p>{lived}</p>"]
    if not exploration.complete:
        parts.append(_quiet("It was interrupted; the same call goes on from here."))
    if exploration.failures:
        rows = [_failure_row(failure) for failure in exploration.failures[:FAILURES_MAX]]
        parts.append(_table(("id", "what", "where", "fails in", "explained"), rows))
        if len(exploration.failures) > FAILURES_MAX:
            parts.append(_quiet(f"{ELLIPSIS} and {len(exploration.failures) - FAILURES_MAX} more"))
    elif tally.futures:
        high = interval(0, tally.futures)[1]
        only = exploration.one_future
        told = (
            "The only future there is passed." if only else f"The failure probability is below {percent_at_most(high)}, at 95 % confidence."
        )
        parts.append(f"<p>{escape(told)}</p>")
    return _card(parts + _notes(exploration.notes))


def failure_html(failure: Failure) -> str:
    """What failed and how often; and where it was explained, why."""
    outcome = failure.outcome
    where = f" at {_text(place_of(outcome.where))}" if outcome.where else ""
    parts = [
        _head(f"Failure {_text(failure.id)}"),
        f'<p style="color:{COLOURS["bad"]};margin:4px 0">{_text(title(outcome))}{where}</p>',
        f"<p>{escape(how_often(failure))}</p>",
    ]
    if failure.account is not None:
        parts += _curve(failure.account)
    parts += _answers(answers(failure, None, False)[:3])
    return _card(parts + _notes(failure.account.notes if failure.account is not None else ()))


def account_html(account: Account) -> str:
    """The curve, and where it was decided, when it was too late, what would have saved it."""
    last = account.curve[-1].point if account.curve else 0
    spent = f"Explained with {count(account.futures_spent, 'future')}; at the start {estimate(account.baseline)} fail."
    parts = [_head("Account of a failure"), *_curve(account), *_answers(account_answers(account, last)), _quiet(spent)]
    return _card(parts + _notes(account.notes))


def _failure_row(failure: Failure) -> tuple[str, ...]:
    explained = "yes" if failure.account is not None else "no"
    where = place_of(failure.outcome.where)
    return failure.id, title(failure.outcome), where, estimate(failure.probability), explained


# The curve.


def _curve(account: Account) -> list[str]:
    """An image of the curve with its interval and its marks; a reader that doesn't see it is told the marks in words."""
    points = thinned(account.curve, CURVE_POINTS_MAX)
    last = points[-1].point if points else 0
    if len(points) < 2 or last < 1:
        return []
    high = [_at(point.point, last, point.failure.high) for point in points]
    low = [_at(point.point, last, point.failure.low) for point in reversed(points)]
    line = [_at(point.point, last, point.failure.value) for point in points]
    marks = [_mark(step.point, last, str(number), COLOURS["bad"]) for number, step in enumerate(account.turning_points[:9], 1)]
    late = account.point_of_no_return
    if late is not None and late.point < last:
        marks.append(_mark(late.point, last, "too late", COLOURS["bad"], dashed=True))
    scale = "".join(
        f'<text x="{GUTTER - 4}" y="{_y(share) + 4:.0f}" text-anchor="end">{percent(share)}</text>'
        f'<line x1="{GUTTER}" x2="{WIDTH}" y1="{_y(share):.0f}" y2="{_y(share):.0f}" stroke="{COLOURS["edge"]}"/>'
        for share in (0.0, 0.5, 1.0)
    )
    name = f"Failure probability along the run, from {percent(points[0].failure.value)} at the start to 100 % at point {last:,}"
    return [
        f'<svg role="img" aria-label="{escape(name)}" viewBox="0 0 {WIDTH} {HEIGHT + 20}" width="{WIDTH}" '
        f'style="max-width:100%;height:auto;font:11px sans-serif;fill:{COLOURS["quiet"]}">{scale}'
        f'<polygon points="{" ".join(high + low)}" fill="{COLOURS["curve"]}" fill-opacity=".18"/>'
        f'<polyline points="{" ".join(line)}" fill="none" stroke="{COLOURS["curve"]}" stroke-width="2"/>{"".join(marks)}'
        f'<text x="{GUTTER}" y="{HEIGHT + 15}">start</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 15}" text-anchor="end">point {last:,}</text></svg>'
    ]


def thinned(points: Sequence[CurvePoint], most: int) -> Sequence[CurvePoint]:
    """At most so many points, evenly, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[number * (len(points) - 1) // (most - 1)] for number in range(most)]


def _mark(point: int, last: int, name: str, colour: str, dashed: bool = False) -> str:
    x = _x(point, last)
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    anchor = "end" if x > WIDTH * 0.8 else "start"
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(1):.0f}" y2="{_y(0):.0f}" stroke="{colour}"{dashes}/>'
        f'<text x="{x + (3 if anchor == "start" else -3):.1f}" y="{_y(0) - 4 if dashed else _y(1) - 2:.0f}" '
        f'text-anchor="{anchor}" fill="{colour}">{escape(name)}</text>'
    )


def _at(point: int, last: int, share: float) -> str:
    return f"{_x(point, last):.1f},{_y(share):.1f}"


def _x(point: int, last: int) -> float:
    return GUTTER + (WIDTH - GUTTER) * min(point, last) / last


def _y(share: float) -> float:
    return HEIGHT - (HEIGHT - 14) * share


# Parts.


def _card(parts: Iterable[str]) -> str:
    colours = f"color:{COLOURS['text']};background:{COLOURS['ground']};border:1px solid {COLOURS['edge']}"
    shape = "border-radius:8px;padding:12px 16px;max-width:720px;font:14px/1.45 system-ui,sans-serif;overflow-wrap:anywhere"
    return f'<div style="{colours};{shape}">{"".join(parts)}</div>'


def _head(markup: str) -> str:
    return f'<p style="font-weight:600;font-size:16px;margin:0 0 4px">{markup}</p>'


def _quiet(text: str) -> str:
    return f'<p style="color:{COLOURS["quiet"]};margin:4px 0">{escape(text)}</p>'


def _answers(told: Iterable[Answer]) -> list[str]:
    return [f'<p style="margin:6px 0"><b>{escape(answer.question)}</b> {escape(answer.text)}</p>' for answer in told]


def _notes(notes: Sequence[str]) -> list[str]:
    return [_quiet(f"Note: {short(note)}") for note in notes[:NOTES_MAX]]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th {_cell(heading)}>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td {_cell(text)}>{_text(text)}</td>' for text in row)}</tr>" for row in rows)
    style = f"border-collapse:collapse;font:inherit;color:{COLOURS['text']}"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(text: str) -> str:
    wrapping = ";white-space:nowrap" if len(text) <= SHORT_CHARS else ""
    return f'style="text-align:left;vertical-align:top;padding:2px 12px 2px 0;background:none{wrapping}"'


def _text(text: str) -> str:
    """A stranger's text: on one line, cut, escaped, its direction its own."""
    return f"<bdi>{escape(short(text))}</bdi>"
