"""Texts of a page: strangers' words made fit to be shown, and the sentences that answer the four questions."""

from collections.abc import Sequence

from crossroads.analysis.results import Account, Failure, Option, TurningPoint
from crossroads.faces.page.data import Answer, Verdict
from crossroads.faces.terminal.failure import rise, what_saved
from crossroads.faces.terminal.numbers import count, estimate, percent
from crossroads.faces.terminal.sources import short_place
from crossroads.faces.terminal.texts import clean
from crossroads.faces.terminal.turning import shown
from crossroads.faces.terminal.words import KIND_WORDS

TEXT_CHARS_MAX = 240
"""Of a label, an option or a message; more is cut, its end named by an ellipsis."""

PLACE_CHARS_MAX = 2_000
"""Of a place, before it is looked at at all."""

VERDICT_CHARS_MAX = 600

ELLIPSIS = "…"


def short(text: str, chars: int = TEXT_CHARS_MAX) -> str:
    """A stranger's text on one line, what isn't printable escaped, cut where it is long."""
    cleaned = clean(text[: chars + 1])
    return cleaned if len(cleaned) <= chars and len(text) <= chars else cleaned[: chars - 1] + ELLIPSIS


def quoted(text: str) -> str:
    """A stranger's text in quotes; one that is a string's repr has its own."""
    cleaned = short(text)
    return cleaned if cleaned[:1] in ("'", '"') and cleaned[:1] == cleaned[-1:] else f"“{cleaned}”"


def place_of(where: str) -> str:
    """A place in the program, as short as it can be named."""
    return short(short_place(where[:PLACE_CHARS_MAX])) if where else ""


def name_of(kind: str, label: str) -> str:
    """What stands at a point: 'latency of “client 1 -> server, message 4”'."""
    word = KIND_WORDS.get(kind, short(kind))
    return f"{word} “{short(label)}”" if label and kind not in ("start", "end") else word


def at_point(point: int, kind: str, label: str, where: str) -> str:
    """A point in a sentence: 'point 23, latency “…” (scenario.py:20 in serve)'."""
    name = name_of(kind, label) if kind else f"“{short(label)}”" if label else ""
    return f"point {point:,}" + (f", {name}" if name else "") + (f" ({place_of(where)})" if where else "")


def answers(failure: Failure, same: bool | None, changed: bool, verdict: Verdict | None = None, ask: str = "") -> tuple[Answer, ...]:
    """The four questions, answered as far as it is known.

    Args:
        failure: with its account, or without.
        same: whether it failed the same way when it was lived again for the page; None where it wasn't.
        changed: whether the program's code has changed since it was found.
        verdict: what was found when it was asked whether it still happens.
        ask: the command that asks.
    """
    account = failure.account
    if account is None:
        unknown = f'Not explained yet: "crossroads explain {failure.id}" finds out.'
        first = [Answer(question, unknown) for question in QUESTIONS[:3]]
    else:
        first = list(account_answers(account, failure.timeline.points))
    return (*first, _still(failure, same, changed, verdict, ask))


def account_answers(account: Account, last: int) -> tuple[Answer, ...]:
    """The first three questions, answered from an account; `last` is the index of the failure itself."""
    return _decided(account), _too_late(account, last), _saved(account)


QUESTIONS = ("Where was it decided?", "When was it too late?", "What would have saved it?", "Does it still happen?")


def _decided(account: Account) -> Answer:
    steps = shown(account)
    if not steps:
        return Answer(QUESTIONS[0], rise(account) or "No step decided it.")
    largest = max(steps, key=lambda step: abs(step.jump))
    others = len(account.turning_points) - 1
    text = f"At {at_point(largest.point, largest.kind, largest.label, largest.where)}: {_step(largest)}."
    if others:
        text += f" {count(others, 'other step').capitalize()} also moved it by 10 % or more."
    return Answer(QUESTIONS[0], text, largest.point, "bad" if largest.jump > 0 else "good")


def _step(step: TurningPoint) -> str:
    verb = "rose" if step.jump >= 0 else "fell"
    return f"there the failure probability {verb} from {estimate(step.before)} to {estimate(step.after)}"


def _too_late(account: Account, last: int) -> Answer:
    late = account.point_of_no_return
    if late is None:
        return Answer(QUESTIONS[1], "That can't be told yet: more futures are needed.")
    if late.point >= last:
        return Answer(QUESTIONS[1], "Never before the failure itself: up to the last step some futures survive.", last, "good")
    where = "the start" if late.point == 0 else at_point(late.point, "", late.label, late.where)
    before = f"{count(last - late.point, 'point')} before the failure itself"
    if late.certainty == "proved":
        futures = f"all {count(late.futures, 'run')} that can follow fail" if late.futures > 1 else "the only run that can follow fails"
        reason = f"Proved: {futures}."
    else:
        reason = f"{count(late.futures, 'future')} in a row failed from there, so at least {percent(late.level)} of all do."
    return Answer(QUESTIONS[1], f"From {where}, {before}. {reason}", late.point, "bad")


def _saved(account: Account) -> Answer:
    out = account.last_way_out
    best = _best_option(account)
    texts = []
    if best is not None:
        step, option = best
        text = quoted(option.option)
        told = f"{text} at point {step.point:,}, {name_of(step.kind, step.label)}"
        texts.append(f"{told}: with it a run fails in {estimate(option.failure)} instead of {percent(step.after.value)}.")
    if out is not None:
        saving = what_saved(out, quoted(out.option))
        texts.append(f"The last way out was {at_point(out.point, '', out.label, out.where)}: {saving}.")
    if not texts:
        return Answer(QUESTIONS[2], "No way out was found.")
    return Answer(QUESTIONS[2], " ".join(texts), best[0].point if best is not None else out.point if out is not None else None, "good")


def _best_option(account: Account) -> tuple[TurningPoint, Option] | None:
    """The option of a turning point with which a run fails least, and less than it did with the one taken."""
    known = [
        (step, option)
        for step in account.turning_points
        for option in step.options
        if not option.taken and option.weight > 0 and option.failure.futures and option.failure.value < step.after.value
    ]
    return min(known, key=lambda one: (one[1].failure.value, one[1].failure.high), default=None)


def _still(failure: Failure, same: bool | None, changed: bool, verdict: Verdict | None, ask: str) -> Answer:
    question = QUESTIONS[3]
    often = f" When it was found it failed in {estimate(failure.probability)} of all futures." if failure.probability.futures else ""
    if verdict is not None:
        return Answer(question, f"{short(verdict.text, VERDICT_CHARS_MAX)}{often}", None, verdict.tone)
    asking = f' How often it does now: "{ask}" finds out.' if ask else ""
    if same:
        told = f"Yes: lived again for this page, with the code as it is now, the run failed in the same way.{often}{asking}"
        return Answer(question, told, None, "bad")
    if same is False:
        told = "This very run no longer comes about: the program, its packages or Python have changed."
        return Answer(question, f'{told}{often} Whether others fail so: "{ask}" finds out.' if ask else f"{told}{often}")
    told = "The program has changed since, and wasn't run again for this page." if changed else "It wasn't run again for this page."
    return Answer(question, f"{told}{often}{asking}")


def joined(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """At most so many lines of text, the first and the last of them."""
    if len(texts) <= most:
        return tuple(texts)
    half = most // 2
    return (*texts[:half], f"{ELLIPSIS} {len(texts) - 2 * half} lines left out {ELLIPSIS}", *texts[-half:])
