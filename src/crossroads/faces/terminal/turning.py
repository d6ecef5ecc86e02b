"""The turning points of a failure: where each one is, what it changed, the source around it, and the options there were."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from crossroads.analysis.results import Account, Decision, Moment, Option, TurningPoint
from crossroads.faces.terminal.glyphs import NUMBERS, POINTER
from crossroads.faces.terminal.lines import GOOD, HEADING, QUIET, SIGN, View, line, prose
from crossroads.faces.terminal.numbers import bounds, clock, count, estimate, grouped, percent, percent_or_bound
from crossroads.faces.terminal.sources import excerpt
from crossroads.faces.terminal.tables import Column, table
from crossroads.faces.terminal.texts import clean, cut
from crossroads.faces.terminal.words import LABEL_WIDTH, chooser, labelled, place
from crossroads.stats.probability import Probability

SHOWN_MAX = len(NUMBERS)
"""Turning points that are shown, the largest ones; more than these nobody takes in."""

CHOICE_LINES_MAX = 5
"""Lines of source around a choice: what matters stands in its own line."""

RAN_OUT_MAX = 3
"""Timers named of those that ran out behind a turning point."""

INDENT = "   "


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is said of each turning point.

    Args:
        source: lines of source around it.
        options: rows of its table of options; the best one and the one taken are always among them.
        full: how many turning points are shown with source and options, the largest ones; the others get a line.
        decisions: other decisions shown.
        steps: choices shown of the shortest way there.
    """

    source: int
    options: int
    full: int
    decisions: int
    steps: int = 9


SHARED_MIN = 12
"""Characters that all options end with and that are told once, above them."""


def shown(account: Account, steps: int = SHOWN_MAX) -> tuple[TurningPoint, ...]:
    """The largest turning points, at most `steps`, in the order of the run."""
    largest = sorted(account.turning_points, key=lambda step: (-abs(step.jump), step.point))[:steps]
    return tuple(sorted(largest, key=lambda step: step.point))


def turning_points(account: Account, target: str, view: View, detail: Detail) -> list[Text]:
    """The list of what decided the failure; [] where no single step did."""
    steps = shown(account)
    if not steps:
        return []
    full = shown(account, detail.full)
    lines = [line("Decided here" if len(steps) == 1 else f"Decided in {len(steps)} steps", HEADING)]
    quoted: dict[str, str] = {}
    for sign, step in zip(NUMBERS, steps, strict=False):
        if step not in full:
            lines += _brief(sign, step, view)
        else:
            lines += _heading(sign, step, view)
            lines += _source(step, target, view, detail.source, quoted.setdefault(step.where, sign), sign)
            lines += _options(step, view, detail.options)
    hidden = len(account.turning_points) - len(steps)
    if hidden:
        smallest = min(abs(step.jump) for step in steps)
        lines.append(line(f"{INDENT}and {count(hidden, 'smaller step')}, none above {percent(smallest)}", QUIET))
    return lines


def missed_decisions(account: Account, view: View, detail: Detail) -> list[Text]:
    """Decisions that weren't turning points and yet had an option that clearly fails less; [] where there are none."""
    told = {step.point for step in shown(account)}
    gains = [(taken, better, decision) for decision in account.decisions if decision.point not in told
             for taken, better in clearly_better(decision)]  # fmt: skip
    if not gains:
        return []
    gains.sort(key=lambda gain: gain[1].failure.value - gain[0].failure.value)
    lines = [line("Decisions that could have been better", HEADING)] if detail.decisions else []
    for taken, better, decision in sorted(gains[: detail.decisions], key=lambda gain: gain[2].point):
        here = labelled(decision.point, decision.label, decision.where)
        lines += prose(
            f"{here}: {_short(better)} fails in {percent(better.failure.value)}, "
            f"{_short(taken)}, which was taken, in {percent(taken.failure.value)}",
            view,
            INDENT,
            INDENT + "  ",
        )
    hidden = len(gains) - detail.decisions
    if lines and hidden > 0:
        lines.append(line(f"{INDENT}and {count(hidden, 'more decision')}", QUIET))
    return lines


def _short(option: Option) -> str:
    return cut(clean(option.option), LABEL_WIDTH)


def clearly_better(decision: Decision) -> list[tuple[Option, Option]]:
    """(the option taken, one that surely fails less), [] where there is none."""
    taken = next((option for option in decision.options if option.taken), None)
    better = min(decision.options, key=lambda option: option.failure.value)
    if taken is None or better.failure.high >= taken.failure.low:
        return []
    return [(taken, better)]


def _brief(sign: str, step: TurningPoint, view: View) -> list[Text]:
    """Where it was, which way it went and what that changed, in a few words."""
    ways = [_short(option) + _by_what(step) for option in step.options if option.taken]
    taken = "".join(f" {way};" for way in (*ways, _took(step)) if way)
    where = f"{sign} at {place(step.point, step.kind, step.label, step.where)}"
    rise = f"{percent_or_bound(step.before)} before, {percent_or_bound(step.after)} after"
    lines = prose("; ".join(filter(None, (f"{where}:{taken} {rise}", then(step)))), view, hanging=INDENT)
    lines[0].stylize(SIGN, 0, 1)
    return lines


def then(step: TurningPoint) -> str:
    """What ran out next, "" for nothing."""
    told = [f"{clean(text)}{f' ({times} times)' if times > 1 else ''}" for text, times in Counter(step.ran_out).items()]
    return f"then {', '.join(told[:RAN_OUT_MAX])} ran out" if told else ""


def _by_what(step: TurningPoint) -> str:
    """What decided beside the option taken, where that alone didn't."""
    inner = step.inner
    return "" if inner is None else f", by {_drawn_within(step)} (in all {percent_or_bound(inner.failure)} of its futures fail)"


def _drawn_within(step: TurningPoint) -> str:
    return f"{'the moment' if step.kind == 'latency' else 'what was'} drawn within it"


def _took(step: TurningPoint) -> str:
    """How long it took, where that decided and not an option."""
    moment = step.moment
    if moment is None or (step.options and step.inner is None):
        return ""
    if moment.limit is None or moment.up_to is None or moment.longer is None:
        return f"it took {clock(moment.took)}"
    below, above = percent_or_bound(moment.up_to), percent_or_bound(moment.longer)
    return f"it took {clock(moment.took)} (up to {clock(moment.limit)} it fails in {below}, longer in {above})"


def _heading(sign: str, step: TurningPoint, view: View) -> list[Text]:
    """Where it was and what it changed."""
    where = f"{sign} at {place(step.point, step.kind, step.label, step.where)}"
    lines = prose(where, view, hanging=INDENT)
    lines[0].stylize(SIGN, 0, 1)
    rise = f"failure probability {estimate(step.before)} before, {estimate(step.after)} after"
    saved = "the run nearly saved itself here" if step.jump < 0 else ""
    lines += prose("; ".join(filter(None, (rise, saved, then(step)))), view, INDENT)
    if not step.options:
        lines += prose(drawn_there(step), view, INDENT)
    return lines


def drawn_there(step: TurningPoint) -> str:
    """What decided at a step other than its options: something within the one taken, or between two points; "" where they did."""
    moment, inner = step.moment, step.inner
    if step.options and inner is None:
        return ""
    if moment is not None and moment.limit is not None and moment.up_to is not None and moment.longer is not None:
        within = ", within the option taken," if inner is not None else ""
        below, above, limit = percent_or_bound(moment.up_to), percent_or_bound(moment.longer), clock(moment.limit)
        what = f"how long it took{within} decided: {clock(moment.took)}"
        return f"{what}; futures in which it takes at most {limit} fail in {below}, those in which it takes longer in {above}"
    time = "" if moment is None else f"it took {clock(moment.took)}, {_compared(moment)}"
    if inner is not None:
        whole, here = percent_or_bound(inner.failure), percent_or_bound(step.after)
        what = f"not the option taken decided but {_drawn_within(step)}"
        return f"{what}: {whole} of its futures fail in all, {here} with the one drawn here" + (f"; {time}" if time else "")
    return f"decided by something drawn between point {step.point:,} and {step.point + 1:,}" + (f"; {time}" if time else "")


def _compared(moment: Moment) -> str:
    """How many futures take less; all or none of them are said to be those that were seen, since more would have others among them."""
    if moment.less in (0, 1):
        others = count(moment.futures, "other future") if moment.futures else "the others"
        return f"in {'all' if moment.less else 'none'} of {others} less"
    return f"in {percent(moment.less)} of futures less"


def _source(step: TurningPoint, target: str, view: View, wanted: int, quoted: str, sign: str) -> list[Text]:
    """The lines around the point; mostly those that follow it where the deciding draw comes after the point."""
    if not step.where or not wanted:
        return []
    if quoted != sign:
        return [line(f"{INDENT}  the same place as {quoted}", QUIET)]
    if step.options:
        before = after = min(wanted, CHOICE_LINES_MAX) // 2
    else:
        before, after = int(wanted > 3), wanted - 1 - int(wanted > 3)
    rows = excerpt(step.where, target, before, after)
    digits = len(str(rows[-1].number)) if rows else 0
    lines = []
    for row in rows:
        text = Text(f"{INDENT}  {POINTER if row.meant else ' '} {row.number:>{digits}}  {row.text}", style="" if row.meant else QUIET)
        text.truncate(view.width, overflow="ellipsis")
        lines.append(text)
    return lines


def _options(step: TurningPoint, view: View, wanted: int) -> list[Text]:
    if not step.options:
        return []
    columns = [
        Column(chooser(step.kind), width_min=8),
        Column(""),
        Column("drawn in", right=True),
        Column("then fails in"),
        Column("futures", right=True),
        Column(""),
    ]
    options = most_telling(step.options, wanted)
    shared = shared_end([clean(option.option) for option in options])
    rows = [_option_row(option) for option in options]
    if shared:
        rows = [[f"{row[0].removesuffix(shared)} …", *row[1:]] for row in rows]
    lines = table(columns, rows, view.width, indent=INDENT + "  ")
    texts = prose(f"…{shared}:", view, INDENT + "  ") if shared else []
    texts += [line(lines[0], QUIET), *(line(row, GOOD if option.best else "") for row, option in zip(lines[1:], options, strict=True))]
    if len(options) < len(step.options):
        texts.append(line(f"{INDENT}  and {count(len(step.options) - len(options), 'other option')}", QUIET))
    return texts + (prose(drawn_there(step), view, INDENT + "  ") if step.inner is not None else [])


def shared_end(texts: Sequence[str]) -> str:
    """The words that all of them end with, with the space before them; "" where they are too few to be worth leaving out."""
    words = [text.split(" ") for text in texts]
    count = 0
    while len({tuple(text[-count - 1 :]) for text in words}) == 1 and count + 1 < min(map(len, words)):
        count += 1
    ends = "".join(f" {word}" for word in words[0][len(words[0]) - count :])
    return ends if len(texts) > 1 and len(ends) >= SHARED_MIN else ""


def _option_row(option: Option) -> list[str]:
    known = option.failure.futures > 0 or option.failure.confidence >= 1
    return [
        clean(option.option),
        "taken" if option.taken else "not taken",
        percent(option.weight),
        f"{percent(option.failure.value):>6} {_bounds(option.failure)}" if known else "unknown",
        grouped(option.failure.futures),
        "best" if option.best else "",
    ]


def _bounds(probability: Probability) -> str:
    around = bounds(probability)
    return f"({around})" if around == "exact" else around


def most_telling(options: Sequence[Option], wanted: int) -> list[Option]:
    """At most `wanted` options (never less than two) in their own order: those taken or best, then those that fail least."""
    order = sorted(range(len(options)), key=lambda at: (not options[at].taken, not options[at].best, options[at].failure.value, at))
    return [options[at] for at in sorted(order[: max(2, wanted)])]
