"""The verdict on a failure after a change of the code: in a sentence, then the numbers behind it, before against now."""

from typing import Final

from rich.text import Text

from crossroads.analysis.judging import Place
from crossroads.analysis.matching import Match
from crossroads.analysis.verdict import Verdict
from crossroads.faces.terminal.failure import noted
from crossroads.faces.terminal.lines import BAD, GOOD, HEADING, QUIET, View, blocks, command, line, opened, prose
from crossroads.faces.terminal.numbers import clock, count, duration, estimate, percent_at_most
from crossroads.faces.terminal.tables import Column, table
from crossroads.faces.terminal.texts import clean, cut
from crossroads.faces.terminal.words import LABEL_WIDTH, at, sentence, title

SPOTS: Final = {
    "start": "whole futures",
    "crossing": "behind",
    "turning point": "from",
    "parting": "from",
    "other draws": "recorded choices, other draws",
    "unlikely options": "unlikely options",
    "shortest way": "the shortest way there",
}

ORDER: Final = ("start", "turning point", "parting", "crossing", "shortest way", "other draws", "unlikely options")

BAR: Final = 10
"""Columns of a bar."""

SPOT_WIDTH: Final = 24


def verdict_report(verdict: Verdict, view: View) -> list[Text]:
    """A verdict as lines."""
    return blocks(
        _headline(verdict, view),
        _counts(verdict, view),
        _way(verdict, view),
        _others(verdict, view),
        prose(f"Verified with {count(verdict.futures, 'future')} in {duration(verdict.seconds)}.", view, style=QUIET)
        + noted(verdict.notes, view)
        + _command(verdict, view),
    )


def verdict_style(verdict: Verdict) -> str:
    """How it is coloured: good, bad, or not at all where nobody can tell."""
    return {None: HEADING, True: BAD, False: GOOD}[verdict.still_happens]


def _headline(verdict: Verdict, view: View) -> list[Text]:
    opening, _, rest = sentence(verdict.sentence).partition(":")
    lines = opened(opening[:1].upper() + opening[1:] + ":", rest.strip(), view, verdict_style(verdict))
    what = cut(f"Failure {verdict.id} of {clean(verdict.target)}: {title(verdict.failure)}", view.width)
    return [*lines, line(), line(what, QUIET)]


def _counts(verdict: Verdict, view: View) -> list[Text]:
    """A table with a row for each place, before and now."""
    places = sorted(verdict.places, key=lambda place: (ORDER.index(place.spot), place.point or 0))
    if not places:
        return []
    columns = [Column("fails in", width_min=12), Column("before"), Column(""), Column("now"), Column(""), Column("futures", right=True)]
    rows = [[_spot(place), *_before(place), *_now(place), str(place.now.futures)] for place in places]
    return [line(text) for text in table(columns, rows, view.width)]


def _before(place: Place) -> tuple[str, str]:
    """How often it failed from a place, in words and as a bar."""
    if place.spot == "shortest way":
        return "fails", _bar(1.0)
    if place.before is None or not place.before.futures:
        return "", ""
    return estimate(place.before), _bar(place.before.value)


def _now(place: Place) -> tuple[str, str]:
    """How often it fails from a place now, in words and as a bar."""
    bound, bar = place.bound, _bar(place.now.value) if place.now.futures else ""
    if place.spot == "shortest way" and place.now.futures:
        return "fails" if place.now.failed else "survives", bar
    if bound is None:
        return estimate(place.now), bar
    return "0 % (exact)" if place.is_exact else f"none, below {percent_at_most(bound)}", bar


def _bar(share: float) -> str:
    eighths = round(share * BAR * 8)
    if share > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _spot(place: Place) -> str:
    words = SPOTS[place.spot]
    if place.spot not in ("crossing", "turning point", "parting"):
        return words
    return f'{words} point {place.point} "{cut(clean(place.label), SPOT_WIDTH)}"'


def _way(verdict: Verdict, view: View) -> list[Text]:
    """How far the recorded run was followed."""
    match, step = verdict.match, verdict.crossing
    if match is None or step is None:
        return []
    there = f'"{cut(clean(step.name), LABEL_WIDTH)}"' + (f" at t={clock(step.time)}" if step.time else "") + at(step.where)
    lines = opened("Followed:", f"{match.matched} of {count(match.steps, match.unit)} up to {there} were met.", view)
    if match.expected and (match.arrived is None or match.parted is not None):
        lines += prose(f"What differs first: {_differs(match)}.", view, "  ")
    if match.arrived is not None and match.others:
        lines += prose(f"{count(match.others, 'other choice')} came before it.", view, "  ")
    if verdict.again is not None:
        ended = "ended in this failure again" if verdict.is_again else f"ended otherwise: {title(verdict.again)}"
        lines += prose(f"The run that followed it {ended}.", view, "  ")
    return lines


def _differs(match: Match) -> str:
    behind = f', behind "{cut(clean(match.last.name), LABEL_WIDTH)}"' if match.last is not None else ""
    return f"recorded {clean(match.expected)}, met {clean(match.met)}{behind}"


def _others(verdict: Verdict, view: View) -> list[Text]:
    """Other failures that have risen, each once."""
    found: dict[str, tuple[Place, int]] = {}
    for place in verdict.places:
        for other in place.others:
            if other.has_risen:
                text = title(other.outcome) + at(other.outcome.where)
                found.setdefault(text, (place, other.count))
    return [
        text
        for what, (place, number) in list(found.items())[:3]
        for text in opened("Another failure:", f"{what}, in {number} of {place.now.futures} {_futures(place)}.", view, BAD)
    ]


def _futures(place: Place) -> str:
    return _spot(place) if place.spot == "start" else f"futures {_spot(place)}"


def _command(verdict: Verdict, view: View) -> list[Text]:
    if verdict.needed:
        return [command(view.command("verify", verdict.id, "--futures", str(verdict.needed)), "tell more:")]
    if verdict.still_happens is False:
        return [command(view.command("keep", verdict.id), "keep it as a regression test:")]
    return []
