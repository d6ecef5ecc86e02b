"""From a failure and what was lived for it to the page: which part shows what, and how much of it."""

from collections.abc import Sequence
from dataclasses import replace
from platform import python_version

from crossroads import __version__
from crossroads.analysis.evidence import Evidence
from crossroads.analysis.results import Failure
from crossroads.faces.page.choices import choices_of
from crossroads.faces.page.curves import curve_of, marks_of
from crossroads.faces.page.data import Fact, Page, ShrunkStep, Verdict
from crossroads.faces.page.heat import telling_lines
from crossroads.faces.page.sides import end_of, lives_of
from crossroads.faces.page.states import states_of
from crossroads.faces.page.words import answers, joined, place_of, short
from crossroads.faces.terminal.failure import METHOD_WORDS, how_often, pasteable, rise
from crossroads.faces.terminal.glyphs import NUMBERS
from crossroads.faces.terminal.lines import View
from crossroads.faces.terminal.numbers import count, percent
from crossroads.faces.terminal.turning import shown
from crossroads.faces.terminal.words import sentence, title
from crossroads.timeline.formats import dumps
from crossroads.timeline.timelines import Timeline

OUTPUT_LINES = 60
SHRUNK_MAX = 100
"""Steps of the shortest way; a longer one isn't short."""

NOTE_CHARS_MAX = 600

DISTRIBUTIONS = {
    "plain": "chances and draws by their own weights; decisions uniformly",
    "asyncio": "arrival times of messages from long-tailed latencies; decisions uniformly; chances and draws by their own weights",
}


def page_of(
    failure: Failure,
    evidence: Evidence | None = None,
    *,
    options: str = "",
    notes: tuple[str, ...] = (),
    verdict: Verdict | None = None,
    shrunk: Sequence[ShrunkStep] = (),
) -> Page:
    """The page of one failure.

    Args:
        failure: with its account, or without.
        evidence: what was lived for the page; None for what the store knows alone.
        options: what commands that the reader is given have to be told as well, like "--store boats.sqlite".
        notes: sentences that the reader has to know beside those of the account.
        verdict: on whether it still happens, in place of the one that is kept with the failure.
        shrunk: the shortest way to it, texts as the program has them, in place of the one that is kept with the failure.
    """
    evidence, view = evidence or Evidence(), View(options=options)
    verdict = verdict or _told(failure)
    account, timeline = failure.account, failure.timeline
    outcome = timeline.outcome or failure.outcome
    doomed, lives = evidence.doomed, evidence.lives
    signs = dict(zip((step.point for step in shown(account)), NUMBERS, strict=False)) if account is not None else {}
    survivor_stored = lives is not None and account is not None and account.last_way_out is not None and (
        lives.survivor.timeline.epochs, lives.survivor.timeline.overrides
    ) == (account.last_way_out.survivor.epochs, account.last_way_out.survivor.overrides)  # fmt: skip
    said = pasteable((account.notes if account is not None else ()) + notes + evidence.notes, failure.id, view)
    return Page(
        id=failure.id,
        title=short(title(outcome)),
        target=short(timeline.target),
        where=place_of(outcome.where),
        how_often=how_often(failure),
        answers=answers(failure, None if doomed is None else doomed.same, bool(notes), verdict, view.command("verify", failure.id)),
        curve=curve_of(failure),
        marks=marks_of(failure),
        choices=choices_of(account, timeline.target, timeline.world.name) if account is not None else (),
        choices_note=rise(account) if account is not None else "",
        lives=lives_of(lives, view.command("replay", failure.id, "--survivor") if survivor_stored else "") if lives else None,
        output=_output(failure, evidence) if lives is None else (),
        lines=telling_lines(evidence.lines, signs, timeline.target),
        states=states_of(doomed.moments, evidence.watch, timeline.target) if doomed is not None else None,
        facts=_facts(failure, evidence),
        notes=tuple(text[:1].upper() + text[1:] for text in (sentence(short(note, NOTE_CHARS_MAX)) for note in said)),
        replay=view.command("replay", failure.id),
        explain=view.command("explain", failure.id),
        timeline=dumps(timeline),
        verdict=verdict,
        shrunk=tuple(_fit(step) for step in (shrunk or _shortest(failure))[:SHRUNK_MAX]),
    )


def page_within(page: Page, size: int, bytes_max: int) -> Page | None:
    """A page that shows less, for one that came out too large; None where nothing is left to leave out.

    Args:
        page: as it was.
        size: of its file.
        bytes_max: wanted.
    """
    if size <= bytes_max:
        return page
    if page.states is not None:
        return replace(page, states=None, notes=(*page.notes, "The state at each point was left out, as it is too much for one page."))
    if page.lives is not None and len(page.lives.rows) > 40:
        lives = replace(page.lives, rows=page.lives.rows[:40], doomed_lanes=None, survivor_lanes=None)
        return replace(page, lives=lives, notes=(*page.notes, "Most of the two lives was left out, as it is too much for one page."))
    if len(page.timeline) > 100_000:
        return replace(page, timeline="", notes=(*page.notes, 'The timeline is too long for a page; "crossroads export" writes it.'))
    return None


def _told(failure: Failure) -> Verdict | None:
    """The latest verdict on a failure, in words."""
    if failure.verdict is None:
        return None
    tone = {True: "bad", False: "good", None: ""}[failure.verdict.still_happens]
    return Verdict(sentence(short(failure.verdict.sentence, NOTE_CHARS_MAX)), tone)


def _shortest(failure: Failure) -> tuple[ShrunkStep, ...]:
    """The choices of the shortest way to a failure, as far as it is known."""
    steps = failure.shrunk.steps if failure.shrunk is not None else ()
    return tuple(ShrunkStep(step.point, step.label, step.option, step.calm, step.where, step.time) for step in steps)


def _fit(step: ShrunkStep) -> ShrunkStep:
    return replace(step, label=short(step.label), taken=short(step.taken), calm=short(step.calm), where=place_of(step.where))


def _output(failure: Failure, evidence: Evidence) -> tuple[str, ...]:
    text = failure.output
    if evidence.doomed is not None:
        text = "".join(moment.printed for moment in evidence.doomed.moments)
    return tuple(short(line) for line in joined(text.splitlines(), OUTPUT_LINES))


def _facts(failure: Failure, evidence: Evidence) -> tuple[Fact, ...]:
    timeline, account = failure.timeline, failure.account
    facts = [
        Fact("Program", short(timeline.target)),
        Fact("World", _world(timeline)),
        Fact("Drawn from", _distribution(timeline)),
        Fact("Seed", ", ".join(f"{epoch.seed} from point {epoch.point:,}" for epoch in timeline.epochs[:4])),
        Fact("Explored", f"{count(failure.probability.futures, 'future')}, of which {failure.probability.failed:,} failed so"),
    ]
    if account is not None:
        method = METHOD_WORDS.get(account.method, short(account.method))
        confidence = failure.probability.confidence or 0.95
        facts += [
            Fact("Explained", f"{count(account.futures_spent, 'future')}: {method}"),
            Fact("Confidence", f"intervals hold at {percent(confidence)} each, however often they were looked at"),
        ]
    if evidence.engine:
        engine = "live snapshots (fork)" if evidence.engine == "fork" else "replay from the start"
        facts.append(Fact("Engine", engine))
    facts += [
        Fact(
            "Versions", f"crossroads {__version__}, found on Python {timeline.python or 'unknown'}, page made on Python {python_version()}"
        ),
        Fact("Run", f"{timeline.points:,} points, digest {timeline.digest or 'unknown'}, code {timeline.code or 'unknown'}"),
    ]
    if evidence.doomed is not None:
        facts.append(Fact("Lived again", end_of(evidence.doomed) + (", the same run" if evidence.doomed.same else ", another run")))
    return tuple(facts)


def _world(timeline: Timeline) -> str:
    world = timeline.world
    faults = f", allowed to happen: {', '.join(world.faults)}" if world.faults else ""
    return f"{short(world.name)}, points are {short(world.points)} and choices{faults}"


def _distribution(timeline: Timeline) -> str:
    return DISTRIBUTIONS.get(timeline.world.name, "each choice by its own weights")
