"""A failing test's report: what failed and how often, where it was decided, when it was too late, what saves it, how to see it again.

Shorter than the report of `crossroads run`, which shows the curve as well: a test's report is one of many.
"""

import re
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from crossroads.analysis.results import Exploration, Failure
from crossroads.faces.terminal.failure import how_often, noted, pasteable, rise, too_late, way_out
from crossroads.faces.terminal.lines import HEADING, View, blocks, command, line, prose
from crossroads.faces.terminal.listing import failures_table
from crossroads.faces.terminal.shortest import shortest_way
from crossroads.faces.terminal.sources import excerpt, short_place
from crossroads.faces.terminal.texts import clean, cut
from crossroads.faces.terminal.turning import Detail, missed_decisions, turning_points
from crossroads.faces.terminal.words import title

DETAIL: Final = Detail(source=3, options=4, full=2, decisions=1)

PHASES: Final = ("in its setup", "in its teardown")
"""How the message of a test begins that has failed elsewhere than in its call."""

MESSAGE_LINES_MAX: Final = 20
FRAMES_MAX: Final = 5
TRACEBACK: Final = "Traceback (most recent call last):\n"
FRAME: Final = re.compile(r'^  File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
OTHERS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Crash:
    """Where the failure shows, in the form in which pytest has it.

    Args:
        path, line: of the raise; of the test where that isn't known.
        message: one line for the summary.
    """

    path: str
    line: int
    message: str


def account_lines(exploration: Exploration, view: View) -> list[Text]:
    """The report of a test that fails in some of its futures.

    Args:
        exploration: with one failure or more, the first of them explained where it could be.
        view: its width, and what commands need.
    """
    first, *others = exploration.failures
    return blocks(
        _what(first, exploration.target, view),
        prose(f"It {how_often(first)}.", view),
        prose(_always(exploration), view),
        shortest_way(first.shrunk, view),
        _why(first, exploration.target, view),
        _commands(first, view),
        _others(others, view),
        noted(pasteable(tuple(in_words_of_pytest(note) for note in exploration.notes), first.id, view), view),
    )


def crash_of(exploration: Exploration, path: str, line_number: int) -> Crash:
    """Where the most frequent failure shows; `path` and `line_number` of the test stand in."""
    first = exploration.failures[0]
    outcome = first.timeline.outcome or first.outcome
    file, _, rest = outcome.where.rpartition(" in ")[0].rpartition(":") if outcome.where else ("", "", "")
    known = bool(file) and rest.isdigit()
    message = f"in {first.count} of {first.probability.futures} futures: {cut(title(outcome), 200)} ({first.id})"
    return Crash(file if known else path, int(rest) if known else line_number, message)


def in_words_of_pytest(note: str) -> str:
    """A note with options of the plugin's in place of those of `crossroads run`."""
    return note.replace("--futures ", "--crossroads-futures ").replace(
        "a larger --wall or --steps", "a larger wall= or steps= of the marker"
    )


def source_of(target: str) -> str:
    """A node id as the excerpts of sources need it, "path.py:function"."""
    place, _, rest = target.partition("::")
    return f"{place}:{rest}"


def output_of(failure: Failure) -> tuple[str, str]:
    """(what the failing future printed, its traceback), as far as the latter is told apart."""
    outcome = failure.outcome
    if outcome.kind != "failed":
        return failure.output, ""
    printed, found, trace = failure.output.rpartition(TRACEBACK)
    if found:
        return printed, found + trace
    bare = f"{outcome.exception}: {_without_phase(outcome.message)[1]}\n"
    return (failure.output.removesuffix(bare), "")


def _always(exploration: Exploration) -> str:
    """What is said where nothing was explained as every future ends so; "" elsewhere."""
    first = exploration.failures[0]
    if exploration.one_future:
        return "It is the only future there is: nothing is drawn or decided, so look at the code alone."
    if first.account is None and first.count == exploration.explored.futures:
        return "No future passed, so chance plays no part as far as was seen: look at the code alone."
    return ""


def _what(failure: Failure, target: str, view: View) -> list[Text]:
    """The exception with the line that raised it, and the frames on the way there if there are several, as pytest shows them."""
    outcome = failure.timeline.outcome or failure.outcome
    frames = FRAME.findall(output_of(failure)[1])[:-1][-FRAMES_MAX:]
    rows = excerpt(outcome.where, source_of(target), before=2, after=0)
    lines = [line(short_place(f"{file}:{number} in {name}")) for file, number, name in frames]
    lines += [line(f"{'>' if row.meant else ' '}   {row.text}") for row in rows]
    lines += [line(f"E   {clean(text)}") for text in _exception(failure)]
    phase = _without_phase(outcome.message)[0]
    place = ", ".join(part for part in (short_place(outcome.where) if outcome.where else "", phase) if part)
    return lines + ([line(), line(place)] if place else [])


def _exception(failure: Failure) -> list[str]:
    """What the exception says, with the notes that were added to it (Hypothesis' example is one), as far as its traceback is known."""
    outcome = failure.timeline.outcome or failure.outcome
    if outcome.kind != "failed":
        return [title(outcome)]
    _, trace = output_of(failure)
    frames = list(FRAME.finditer(trace))
    if frames:
        said = trace[frames[-1].end() :].lstrip("\n").splitlines()
        while said and said[0].startswith(" "):
            said.pop(0)
        return said[:MESSAGE_LINES_MAX]
    message = _without_phase(outcome.message)[1]
    return ": ".join(part for part in (outcome.exception, message) if part).splitlines()[:MESSAGE_LINES_MAX]


def _without_phase(message: str) -> tuple[str, str]:
    """(in which phase a test has failed, "" for its call; the rest of the message)."""
    phase, colon, rest = message.partition(": ")
    return (phase, rest) if colon and phase in PHASES else ("", message)


def _why(failure: Failure, target: str, view: View) -> list[Text]:
    account = failure.account
    if account is None:
        return []
    last = failure.timeline.points
    decided = turning_points(account, source_of(target), view, DETAIL)
    said = rise(account)
    late = too_late(account.point_of_no_return, last, view) + way_out(account.last_way_out, failure, view)
    return blocks(
        decided + (prose(said, view) if said and (not decided or account.gradual) else []),
        late if account.baseline.value < 1 or account.turning_points else [],
        missed_decisions(account, view, DETAIL),
        noted(pasteable(account.notes, failure.id, view), view),
    )


def _commands(failure: Failure, view: View) -> list[Text]:
    lines = [] if failure.account is not None else [command(view.command("explain", failure.id), "explain it:     ")]
    return [
        *lines,
        command(view.command("replay", failure.id), "replay it:      "),
        command(view.command("replay", failure.id, "--pdb"), "step through it:"),
    ]


def _others(others: list[Failure], view: View) -> list[Text]:
    if not others:
        return []
    heading = "Another failure of the same test" if len(others) == 1 else f"{len(others)} other failures of the same test"
    return [line(heading, HEADING), *failures_table(others[:OTHERS_MAX], view)]
