"""The report of one failure, on one screen: what failed, where it was decided, when it was too late, what would have saved it."""

import re
from itertools import product
from math import sqrt
from typing import Final

from rich.text import Text

from crossroads.analysis.results import Account, Failure, PointOfNoReturn, WayOut
from crossroads.faces.terminal.glyphs import ELLIPSIS, NUMBERS
from crossroads.faces.terminal.lines import BAD, GOOD, HEADING, QUIET, View, blocks, command, line, opened, prose
from crossroads.faces.terminal.numbers import clock, count, estimate, grouped, percent
from crossroads.faces.terminal.plot import GUTTER, ROWS, Curve, column_of, draw
from crossroads.faces.terminal.shortest import shortest_way
from crossroads.faces.terminal.smooth import smooth
from crossroads.faces.terminal.sources import short_place
from crossroads.faces.terminal.texts import clean, cut, cut_start
from crossroads.faces.terminal.turning import SHOWN_MAX, Detail, missed_decisions, shown, turning_points
from crossroads.faces.terminal.words import LABEL_WIDTH, labelled, sentence, title

DETAILS: Final = (
    Detail(source=7, options=8, full=SHOWN_MAX, decisions=3),
    Detail(source=5, options=6, full=SHOWN_MAX, decisions=3),
    Detail(source=5, options=4, full=SHOWN_MAX, decisions=2),
    Detail(source=3, options=4, full=SHOWN_MAX, decisions=1),
    Detail(source=3, options=4, full=3, decisions=1, steps=5),
    Detail(source=3, options=4, full=2, decisions=1, steps=5),
    Detail(source=1, options=3, full=2, decisions=0, steps=5),
    Detail(source=1, options=3, full=1, decisions=0, steps=3),
    Detail(source=0, options=2, full=0, decisions=0, steps=3),
    Detail(source=0, options=2, full=0, decisions=0, steps=1),
)
"""From all details to few; the first that fits is shown, or the last one."""

PLOT_ROWS: Final = (ROWS, 4)
"""Of the plot; it is smaller rather than that details are left out where the shortest way there takes its room."""

TITLE_LINES: Final = 2
"""Of what a failure says."""

SMALL_RISE = 0.05
"""A part of the rise smaller than this is within the error of the estimates."""

_COMMAND_OF_ID: Final = re.compile(r'"crossroads (explain|shrink|replay) ID\b([^"]*)"')

METHOD_WORDS = {
    "enumerated": "every run that can follow was lived, so the numbers are exact",
    "full scan": "every point was looked at",
    "scan and search": "points far apart were looked at, and the steps searched between them",
}


def failure_report(failure: Failure, view: View, notes: tuple[str, ...] = ()) -> list[Text]:
    """What a failure is, how often it happens and, where it was explained, why.

    Args:
        failure: with its account, or without.
        view: what it has to fit into.
        notes: sentences that the reader has to know beside those of the account.

    Returns:
        The lines, at most `view.lines_max` unless what has to be said takes more: what was taken at each step, and the notes.
    """
    lines: list[Text] = []
    sizes = product(DETAILS, PLOT_ROWS if failure.shrunk is not None else PLOT_ROWS[:1])
    for detail, rows in (*sizes, (DETAILS[-1], PLOT_ROWS[-1])):
        lines = _compose(failure, view, detail, rows, notes)
        if len(lines) <= view.lines_max:
            break
    return lines


def headline(failure: Failure, view: View) -> list[Text]:
    """What failed, where, and how often: three lines or four."""
    outcome = failure.timeline.outcome or failure.outcome
    lines = [Text.assemble((f"Failure {failure.id}", HEADING), cut(f" of {clean(failure.timeline.target)}", view.width - 17))]
    told = prose(title(outcome), view, "  ", style=BAD)
    lines += told[:TITLE_LINES]
    if len(told) > TITLE_LINES:
        lines[-1].truncate(view.width - 2)
        lines[-1].append(f" {ELLIPSIS}", style=BAD)
    if outcome.where:
        lines.append(line(cut_start(f"  at {short_place(outcome.where)}", view.width)))
    return lines + prose(how_often(failure), view, "  ") + _verdict(failure, view)


def _verdict(failure: Failure, view: View) -> list[Text]:
    """The latest verdict on whether it still happens."""
    if failure.verdict is None:
        return []
    style = {None: QUIET, True: BAD, False: GOOD}[failure.verdict.still_happens]
    return prose(f"when last verified: {clean(failure.verdict.sentence)}", view, "  ", style=style)


def pasteable(notes: tuple[str, ...], id: str, view: View) -> tuple[str, ...]:
    """Notes whose commands work as they are pasted: with this failure's id in place of the word ID, and with the view's options."""
    return tuple(_COMMAND_OF_ID.sub(lambda found: f'"{view.command(found[1], f"{id}{found[2]}")}"', note) for note in notes)


def noted(notes: tuple[str, ...], view: View) -> list[Text]:
    """Notes, each beginning a line."""
    return [text for note in notes for text in opened("Note:", sentence(note), view)]


def _compose(failure: Failure, view: View, detail: Detail, rows: int, notes: tuple[str, ...]) -> list[Text]:
    account = failure.account
    if account is None:
        way = shortest_way(failure.shrunk, view, detail.steps)
        return blocks(headline(failure, view), way, _output(failure, view), noted(notes, view), _commands(failure, view))
    last = failure.timeline.points
    return blocks(
        headline(failure, view),
        shortest_way(failure.shrunk, view, detail.steps),
        _plot(account, last, view, rows),
        turning_points(account, failure.timeline.target, view, detail) + _rise(account, view),
        too_late(account.point_of_no_return, last, view) + way_out(account.last_way_out, failure, view),
        missed_decisions(account, view, detail),
        _closing(account, view) + noted(pasteable(account.notes, failure.id, view) + notes, view) + _commands(failure, view),
    )


def how_often(failure: Failure) -> str:
    """In how many of the futures explored it happened."""
    probability = failure.probability
    if probability.futures == 0:
        return "failed once; how often it fails was not counted"
    futures = count(probability.futures, "future")
    share = f"all of {futures}" if probability.failed == probability.futures else f"{grouped(probability.failed)} of {futures}"
    return f"fails in {share}: {estimate(probability, stated=True)}"


def _plot(account: Account, last: int, view: View, rows: int) -> list[Text]:
    steps = shown(account)
    known = smooth(account, last)
    if last < 1 or len(known) < 2 or _fails_always(account):
        return []
    late = account.point_of_no_return.point if account.point_of_no_return is not None else None
    end_time = account.curve[-1].time if account.curve else 0.0
    curve = Curve(
        known=known,
        last=last,
        marks=tuple((min(step.point + 1, last), sign) for step, sign in zip(steps, NUMBERS, strict=False)),
        late=late if late is not None and late < last else None,
        end_label=f"point {grouped(last)}, the failure" + (f" (after {clock(end_time)})" if end_time > 0 else ""),
    )
    lines = [line(text) for text in draw(curve, view.width, rows)]
    if curve.late is not None:
        edge = GUTTER + column_of(curve.late, last, view.width - GUTTER)
        for text in lines[:rows]:
            text.stylize(BAD, edge)
        lines[-1].stylize(BAD)
    return [line("Failure probability along the run that failed", HEADING), *lines]


def _fails_always(account: Account) -> bool:
    return account.baseline.value >= 1 and not account.turning_points


def _rise(account: Account, view: View) -> list[Text]:
    text = rise(account)
    return prose(text, view) if text else []


def rise(account: Account) -> str:
    """Whether the steps account for the whole rise of the failure probability, and where they don't, with which it became sure.

    "" where there is nothing to say.
    """
    return " ".join(filter(None, (_part_explained(account), _became_sure(account))))


def _became_sure(account: Account) -> str:
    """The last step of a rise that no single steps explain: the one behind which no way out was found, though it be a small one.

    "" where the steps told explain it, that step among them, or where it isn't known which one it was.
    """
    late, out = account.point_of_no_return, account.last_way_out
    if account.unexplained_rise <= max(SMALL_RISE, _rise_error(account)) or late is None or out is None or late.point != out.point + 1:
        return ""
    if any(step.point == out.point for step in account.turning_points):
        return ""
    before = next((estimate(one.failure) for one in account.curve if one.point == out.point and one.failure.futures), "")
    after = "100 % (exact)" if late.certainty == "proved" else f"at least {percent(late.level)}"
    told = f": {before} before, {after} after" if before else ""
    return f"It became sure at {labelled(out.point, out.label, out.where)}{told}."


def _part_explained(account: Account) -> str:
    start = account.baseline.value
    if _fails_always(account):
        return "It fails whatever is drawn or decided: chance plays no part, so look at the code alone."
    if start >= 1:
        return ""
    whole = f"from {percent(start)} at the start to 100 %"
    steps = len(account.turning_points)
    if not steps and account.ended != "finished":
        return "No turning point is known yet."
    if not steps and 1 - start < SMALL_RISE:
        return f"It fails in nearly all futures, {percent(start)}, from the start on, so no step decides much."
    if account.gradual:
        if steps:
            return f"Most of the rise {whole} came in other steps, each too small to tell."
        return f"No single step decided it: the failure probability crept up {whole} in many small steps."
    if not steps:
        return f"No step was found that explains the rise of the failure probability {whole}."
    return _explained_part(account, "This step" if steps == 1 else "These steps", steps == 1)


def _explained_part(account: Account, steps: str, one: bool) -> str:
    """How much of the rise the turning points explain, as a sentence."""
    start = account.baseline.value
    whole = f"the rise from {percent(start)} at the start to 100 %"
    error = max(SMALL_RISE, _rise_error(account))
    told = percent(max(0.0, (1 - start - account.unexplained_rise) / (1 - start)))
    if account.unexplained_rise > error:
        if account.ended != "finished":
            return f"{steps} {'explains' if one else 'explain'} {told} of {whole}, by what is known so far."
        return f"{steps} {'explains' if one else 'explain'} {told} of {whole}; the rest is spread over steps too small to tell."
    if account.unexplained_rise < -error:
        return f"{steps} {'is' if one else 'add up to'} more than {whole}: elsewhere it fell again in small steps."
    if account.unexplained_rise > SMALL_RISE:
        return f"{steps} {'explains' if one else 'explain'} about {told} of {whole}; the rest may be {'its' if one else 'their'} error."
    exactly = "" if error <= SMALL_RISE else f", within {'its' if one else 'their'} error"
    return f"{steps} {'explains' if one else 'together explain'} {whole}{exactly}."


def _rise_error(account: Account) -> float:
    """How far the sum of the turning points' jumps may be off: half-widths of independent intervals add up in squares."""
    ends = [end for step in account.turning_points for end in (step.before, step.after)]
    return sqrt(sum(((end.high - end.low) / 2) ** 2 for end in ends))


def too_late(late: PointOfNoReturn | None, last: int, view: View) -> list[Text]:
    """From which point on no way out is left, and how that is known."""
    if late is None:
        return opened("Too late:", "from which point on can't be told.", view)
    if late.point >= last:
        return opened("Never too late", "before the failure itself: up to the last step some futures survive.", view)
    where = "the start" if late.point == 0 else labelled(late.point, late.label, late.where)
    before = count(last - late.point, "point")
    if late.certainty == "proved":
        runs = f"all {count(late.futures, 'run')} that can follow fail" if late.futures > 1 else "the only run that can follow fails"
        reason = f"proved, {runs}"
    else:
        reason = f"{count(late.futures, 'future')} in a row failed, so at least {percent(late.level)} of all do"
    return opened("Too late", f"from {where}, {before} before the failure itself: {reason}.", view, BAD)


def way_out(out: WayOut | None, failure: Failure, view: View) -> list[Text]:
    """The last option that saved a run, and the command that shows it."""
    if out is None:
        return opened("Last way out:", "none was found.", view)
    saving = what_saved(out, cut(clean(out.option), LABEL_WIDTH))
    lines = opened("Last way out:", f"{labelled(out.point, out.label, out.where)}; {saving}.", view, GOOD)
    return [*lines, command(view.command("replay", failure.id, "--survivor"), "see it survive:")]


def what_saved(out: WayOut, option: str) -> str:
    """What the survivor of the last way out drew there, in words, and what didn't happen in it; its option as it is to be shown."""
    spared = f", in which {clean(out.ran_out)} didn't run out" if out.ran_out else ""
    if out.option:
        return f"{option} there saved a run{spared}"
    return ("another draw there saved a run" if out.took is None else f"it took {clock(out.took)} in a run that survived") + spared


def _closing(account: Account, view: View) -> list[Text]:
    method = METHOD_WORDS.get(account.method, clean(account.method))
    return prose(f"Explained with {count(account.futures_spent, 'future')}: {method}.", view, style=QUIET)


def _output(failure: Failure, view: View) -> list[Text]:
    last = [clean(text) for text in failure.output.splitlines() if text.strip()][-3:]
    return [line("It printed last", HEADING), *(line(cut("  " + text, view.width)) for text in last)] if last else []


def _commands(failure: Failure, view: View) -> list[Text]:
    lines = [] if failure.account is not None else [command(view.command("explain", failure.id), "explain it:")]
    return [*lines, command(view.command("replay", failure.id), "replay it: ")]
