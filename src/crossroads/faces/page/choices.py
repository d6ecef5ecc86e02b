"""Turning points, and decisions that had a better option, with their options and their source."""

from crossroads.analysis.results import Account, Decision, Option, TurningPoint
from crossroads.faces.page.data import Choice, OptionRow, SourceLine
from crossroads.faces.page.words import name_of, place_of, quoted, short
from crossroads.faces.terminal.glyphs import NUMBERS
from crossroads.faces.terminal.numbers import bounds, estimate, grouped, percent
from crossroads.faces.terminal.sources import excerpt
from crossroads.faces.terminal.texts import clean
from crossroads.faces.terminal.turning import clearly_better, drawn_there, most_telling, shared_end, shown, then
from crossroads.faces.terminal.words import KIND_WORDS

STEPS_MAX = 40
"""Turning points shown; the others are counted."""

OPTIONS_MAX = 12
DECISIONS_MAX = 10
SOURCE_BEFORE, SOURCE_AFTER = 4, 4

CHOOSERS = {
    "decide": "the program's own decision",
    "chance": "chance: drawn by the program",
    "latency": "the world's choice: when it arrives",
    "schedule": "the world's choice: the order of what is ready",
    "fault": "the world's choice: what breaks",
}


def choices_of(account: Account, target: str, world: str) -> tuple[Choice, ...]:
    """The choices to be shown, in the order of the run.

    Args:
        account: of the failure.
        target: beside which its source is looked for.
        world: in which it ran.
    """
    steps = shown(account, STEPS_MAX)
    signs = dict(zip((step.point for step in shown(account)), NUMBERS, strict=False))
    told = {step.point for step in steps}
    missed = [decision for decision in account.decisions if decision.point not in told and clearly_better(decision)]
    missed = sorted(missed, key=_gain, reverse=True)[:DECISIONS_MAX]
    found = [_turning(step, signs.get(step.point, ""), target, world) for step in steps] + [_decision(one, target) for one in missed]
    return tuple(sorted(found, key=lambda choice: choice.point))


def source_of(where: str, target: str) -> tuple[SourceLine, ...]:
    """The lines around a place, () where it can't be read."""
    return tuple(SourceLine(row.number, short(row.text), row.meant) for row in excerpt(where, target, SOURCE_BEFORE, SOURCE_AFTER))


def _turning(step: TurningPoint, sign: str, target: str, world: str) -> Choice:
    options = most_telling(step.options, OPTIONS_MAX)
    shared = shared_end([clean(option.option) for option in options]) if options else ""
    saved = "the run nearly saved itself here" if step.jump < 0 else ""
    return Choice(
        point=step.point,
        sign=sign,
        title=name_of(step.kind, step.label),
        chooser=CHOOSERS.get(step.kind, f"a {KIND_WORDS.get(step.kind, 'point')}, not a choice")
        if step.options
        else "chance: something was drawn, without options",
        before=estimate(step.before),
        after=estimate(step.after),
        jump=round(step.jump, 5),
        where=place_of(step.where),
        source=source_of(step.where, target),
        shared=short(shared.strip()),
        options=tuple(_option(option, shared) for option in options),
        hidden=len(step.options) - len(options),
        note="; ".join(filter(None, (drawn_there(step), saved, then(step)))),
        awaited=world == "asyncio" and step.kind not in ("decide", "chance", "mark", "draw"),
    )


def _decision(decision: Decision, target: str) -> Choice:
    options = most_telling(decision.options, OPTIONS_MAX)
    taken, better = clearly_better(decision)[0]
    return Choice(
        point=decision.point,
        sign="",
        title=name_of("decide", decision.label),
        chooser=CHOOSERS["decide"],
        before="",
        after="",
        jump=0.0,
        where=place_of(decision.where),
        source=source_of(decision.where, target),
        options=tuple(_option(option, "") for option in options),
        hidden=len(decision.options) - len(options),
        note=f"{quoted(better.option)} fails in {percent(better.failure.value)}, "
        f"{quoted(taken.option)}, which was taken, in {percent(taken.failure.value)}",
    )


def _option(option: Option, shared: str) -> OptionRow:
    failure = option.failure
    known = failure.futures > 0 or failure.confidence >= 1
    text = short(option.option)
    return OptionRow(
        text=f"{text.removesuffix(shared)} …" if shared else text,
        taken=option.taken,
        best=option.best and known,
        weight=percent(option.weight),
        fails=percent(failure.value) if known else "unknown",
        interval=bounds(failure) if known else "",
        share=round(failure.value, 5) if known else None,
        low=round(failure.low, 5),
        high=round(failure.high, 5),
        futures=grouped(failure.futures),
    )


def _gain(decision: Decision) -> float:
    taken, better = clearly_better(decision)[0]
    return taken.failure.value - better.failure.value
