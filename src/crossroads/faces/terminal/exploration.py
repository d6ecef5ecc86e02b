"""The report of an exploration: how many futures were lived, how they ended, and which failures were found."""

from dataclasses import replace

from rich.text import Text

from crossroads.analysis.results import Exploration, Failure, Tally
from crossroads.faces.terminal.failure import failure_report, noted
from crossroads.faces.terminal.glyphs import RULE
from crossroads.faces.terminal.lines import BAD, GOOD, HEADING, RULE_STYLE, View, blocks, command, line, prose
from crossroads.faces.terminal.listing import failures_table
from crossroads.faces.terminal.numbers import count, duration, grouped, percent, percent_at_most
from crossroads.faces.terminal.texts import clean
from crossroads.stats.sequences import interval

CONFIDENCE = 0.95
OTHER_MAX = 7


def exploration_report(exploration: Exploration, view: View, notes: tuple[str, ...] = ()) -> list[Text]:
    """What came of an exploration, its failures in full where they were explained and as a list where they weren't.

    Args:
        exploration: its failures with their accounts where they were explained.
        view: what it has to fit into; where there are several failures, each one's report.
        notes: as in `failure_report`.
    """
    explained = [failure for failure in exploration.failures if failure.account is not None]
    others = [failure for failure in exploration.failures if failure.account is None]
    summary = _summary(exploration, view)
    if len(exploration.failures) == 1:
        view = replace(view, lines_max=view.lines_max - len(summary) - len(("", RULE)))
    reports = [ruled(failure_report(failure, view, notes), view) for failure in explained]
    return blocks(summary, *reports, _others(others, bool(explained), view))


def ruled(lines: list[Text], view: View) -> list[Text]:
    """The lines under a rule, to tell one failure's report from the next."""
    return [line(RULE * view.width, RULE_STYLE), *lines]


def _summary(exploration: Exploration, view: View) -> list[Text]:
    tally = exploration.explored
    futures = f"{count(tally.futures, 'future')} of {clean(exploration.target)}"
    if 0 < tally.futures == exploration.resumed:
        lines = prose(f"{futures}, known from an earlier time: {endings(exploration.explored)}.", view, style=HEADING)
    else:
        lines = prose(f"Lived {futures} in {duration(exploration.seconds)}: {endings(exploration.explored)}.", view, style=HEADING)
        if exploration.resumed:
            lines += prose(f"{grouped(exploration.resumed)} of them were known from an earlier time; --fresh lives them again.", view)
    if not exploration.complete:
        lines += prose("It was interrupted; the same command goes on from here.", view, style=BAD)
    lines += _verdict(exploration, view)
    return lines + noted(exploration.notes, view)


def endings(tally: Tally) -> str:
    """How so many futures ended: "497 passed, 3 failed"."""
    parts = [f"{grouped(tally.passed)} passed"]
    if tally.failed:
        parts.append(f"{grouped(tally.failed)} failed")
    parts += [f"{grouped(number)} {_ending(kind)}" for kind, number in list(tally.other.items())[:OTHER_MAX] if number]
    return ", ".join(parts)


def _ending(kind: str) -> str:
    return {"left behind": "left processes behind", "out of memory": "ran out of memory"}.get(kind, clean(kind))


def _verdict(exploration: Exploration, view: View) -> list[Text]:
    """Whether anything failed; and if nothing did, how much that says."""
    found = exploration.failures
    if found:
        words = [f"{len(found)} different failures were found."] if len(found) > 1 else []
        words += ["No future passed."] if not exploration.explored.passed else []
        return prose(" ".join(words), view, style=BAD)
    futures = exploration.explored.futures - exploration.explored.other.get("diverged", 0)
    if futures <= 0:
        return prose("Nothing is known yet: no future was lived to its end.", view)
    if exploration.one_future:
        return prose("The only future there is passed.", view, style=GOOD)
    below = percent_at_most(interval(0, futures, CONFIDENCE)[1])
    return prose(
        f"{count(futures, 'future')}, none failed: the failure probability is below {below} at {percent(CONFIDENCE)} confidence.",
        view,
        style=GOOD,
    )


def _others(others: list[Failure], some_explained: bool, view: View) -> list[Text]:
    if not others:
        return []
    heading = "Other failures, not explained" if some_explained else "Failures, not explained"
    lines = [line(heading, HEADING), *failures_table(others, view)]
    return [*lines, command(view.command("explain", others[0].id), "explain the first of them:" if len(others) > 1 else "explain it:")]
