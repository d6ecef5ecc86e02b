"""The report of a cancel sweep: each await of the coroutine, and whether it was safe to cancel it there."""

from typing import Final

from rich.text import Text

from crossroads.analysis.results import Tally
from crossroads.analysis.swept import MOMENT_WORDS, Sweep, SweptAwait
from crossroads.faces.terminal.exploration import endings
from crossroads.faces.terminal.failure import noted
from crossroads.faces.terminal.lines import BAD, GOOD, HEADING, View, blocks, command, line, prose
from crossroads.faces.terminal.listing import failures_table
from crossroads.faces.terminal.numbers import count, duration, grouped
from crossroads.faces.terminal.sources import excerpt, package_place
from crossroads.faces.terminal.tables import Column, table
from crossroads.faces.terminal.texts import clean

COLUMNS: Final = [Column("await", width_min=18, keep_end=True), Column("line", width_min=12), Column("cancelled there", width_min=36)]


def sweep_report(sweep: Sweep, view: View) -> list[Text]:
    """What came of a sweep: the verdict, a table of the awaits, and the failures.

    Args:
        sweep: interrupted or not.
        view: what it has to fit into.
    """
    return blocks(_summary(sweep, view), _table(sweep, view), _failures(sweep, view))


def _summary(sweep: Sweep, view: View) -> list[Text]:
    exploration, name = sweep.exploration, clean(sweep.cancel)
    tally = exploration.explored
    cancelled = sum(one.futures for one in sweep.awaits)
    lived = f"Lived {count(tally.futures, 'future')} of {clean(exploration.target)} in {duration(exploration.seconds)}"
    lines = prose(f"{lived}, {name} cancelled in {grouped(cancelled)} of them: {_endings(tally)}.", view, style=HEADING)
    if not exploration.complete:
        lines += prose("It was interrupted.", view, style=BAD)
    return lines + _verdict(sweep, view) + noted(sweep.notes, view)


def _endings(tally: Tally) -> str:
    """Those of any exploration, those that the cancellation ended in words."""
    return endings(tally).replace(" cancelled", " ended by the cancellation")


def _verdict(sweep: Sweep, view: View) -> list[Text]:
    name = clean(sweep.cancel)
    bad = [one for one in sweep.awaits if one.failed]
    checked = [one for one in sweep.awaits if one.is_checked]
    if bad:
        return prose(
            f"Not safe: cancelled at {len(bad)} of its {count(len(sweep.awaits), 'await')}, {name} made futures fail.", view, style=BAD
        )
    if not checked:
        return prose(f"Nothing is known yet: no future in which {name} was cancelled came to the program's checks.", view)
    where = f"at any of its {len(sweep.awaits)} awaits" if len(sweep.awaits) > 1 else "at its only await"
    unchecked = len(sweep.awaits) - len(checked)
    but = f", but {unchecked} of them could not be checked" if unchecked else ""
    return prose(f"No future failed in which {name} was cancelled {where}{but}.", view, style=GOOD)


def _table(sweep: Sweep, view: View) -> list[Text]:
    if not sweep.awaits:
        return []
    rows = [[_place(one), _source(one, sweep.exploration.target), _said(one)] for one in sweep.awaits]
    heading, *lines = table(COLUMNS, rows, view.width, indent="  ")
    styles = [BAD if one.failed else "" for one in sweep.awaits]
    return [line(heading, HEADING), *(line(text, style) for text, style in zip(lines, styles, strict=True))]


def _place(one: SweptAwait) -> str:
    """The line of the coroutine, and behind it the innermost line of the program or a package."""
    return " > ".join(package_place(place) for place in (one.where, *one.within[-1:]))


def _source(one: SweptAwait, target: str) -> str:
    found = excerpt((one.where, *one.within)[-1], target, before=0, after=0)
    return found[0].text if found else ""


def _said(one: SweptAwait) -> str:
    ended = f"{grouped(one.ended)} ended the program" if one.ended else ""
    if one.failed:
        when = "at any moment" if len(one.moments) == len(MOMENT_WORDS) else " and ".join(one.moments)
        return ", ".join(part for part in (f"{grouped(one.failed)} of {grouped(one.futures)} fail, {when}", ended) if part)
    passed = one.futures - one.ended - one.unknown
    safe = f"safe in {grouped(passed)}" if passed else ""
    unknown = f"{grouped(one.unknown)} diverged" if one.unknown else ""
    return ", ".join(part for part in (safe, ended, unknown) if part) or "not tried"


def _failures(sweep: Sweep, view: View) -> list[Text]:
    failures = sweep.failures
    if not failures:
        return []
    first = failures[0].id
    return [
        line("Failures", HEADING),
        *failures_table(failures, view),
        command(view.command("explain", first), "explain the first of them:" if len(failures) > 1 else "explain it:"),
        command(view.command("replay", first), "replay it:"),
    ]
