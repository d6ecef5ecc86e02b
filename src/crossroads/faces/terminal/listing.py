"""Tables of failures: the short one within a report, and the one that `crossroads list` prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from crossroads.analysis.results import Failure
from crossroads.faces.terminal.lines import HEADING, View, command, line, prose
from crossroads.faces.terminal.numbers import count, estimate, grouped
from crossroads.faces.terminal.sources import short_place
from crossroads.faces.terminal.tables import Column, table
from crossroads.faces.terminal.texts import clean
from crossroads.faces.terminal.words import title
from crossroads.timeline.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Kept:
    """A failure in the store, as far as a list shows it.

    Args:
        id: its short name.
        outcome: how it ends.
        target: the program it belongs to.
        count: how many futures ended so.
        futures: of how many; 0 where that isn't known.
        found_at: when it was first seen, as ISO text.
        explained: whether there is an account of it.
    """

    id: str
    outcome: Outcome
    target: str
    count: int
    futures: int
    found_at: str
    explained: bool


def failures_table(failures: Sequence[Failure], view: View) -> list[Text]:
    """One line for each failure: id, what, where, how often."""
    columns = [Column("id"), Column("what", width_min=20), Column("where", width_min=16, keep_end=True), Column("fails in")]
    rows = [[failure.id, title(failure.outcome), short_place(failure.outcome.where), estimate(failure.probability)] for failure in failures]
    return _headed(table(columns, rows, view.width, indent="  "))


def listing(kept: Sequence[Kept], view: View) -> list[Text]:
    """All failures in the store, in the order given; a sentence where there are none."""
    if not kept:
        return prose("No failure is kept here yet; crossroads run TARGET looks for some.", view)
    columns = [
        Column("id"),
        Column("what", width_min=16),
        Column("where", width_min=12, keep_end=True),
        Column("target", width_min=10, keep_end=True),
        Column("how often", right=True),
        Column("found (UTC)"),
        Column("explained"),
    ]
    lines = _headed(table(columns, [_row(entry) for entry in kept], view.width))
    return [*lines, line(), line(count(len(kept), "failure") + ", newest first"), command(view.command("show", kept[0].id), "look at one:")]


def _row(entry: Kept) -> list[str]:
    often = f"{grouped(entry.count)} of {grouped(entry.futures)}" if entry.futures else grouped(entry.count)
    found = clean(entry.found_at.replace("T", " ")[:16])
    explained = "yes" if entry.explained else "no"
    return [entry.id, title(entry.outcome), short_place(entry.outcome.where), clean(entry.target), often, found, explained]


def _headed(lines: list[str]) -> list[Text]:
    return [line(lines[0], HEADING), *(line(text) for text in lines[1:])]
