"""What a page shows, and nothing of how it looks: frozen values, all texts one line and fit to be shown anywhere, numbers rounded.

They know nothing of HTML: the file, the local page and the notebook are made from the same object.
"""

from dataclasses import dataclass, field

SCHEMA = "crossroads-page/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one of the four questions.

    Args:
        question: as it is asked.
        text: one or two sentences, with numbers.
        point: the point that it speaks of; None for none.
        tone: "bad", "good" or "".
    """

    question: str
    text: str
    point: int | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """The failure probability along the run, in columns of the same length, by rising point.

    Args:
        point: indices.
        time: seconds of world time; () where the clock stood still.
        q, low, high: the estimate at each point and its interval, 0..1.
        line: q without the noise of few futures, pooled between turning points.
        futures: behind each estimate; 0 with low = high where it was proved.
        label, where: indices into `texts`.
        texts: each said once.
        last: index of the last point of the run.
        confidence: of the intervals, 0..1.
        left_out: points that were looked at and aren't shown, as they would be nearer than a pixel.
    """

    point: tuple[int, ...]
    time: tuple[float, ...]
    q: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    line: tuple[float, ...]
    futures: tuple[int, ...]
    label: tuple[int, ...]
    where: tuple[int, ...]
    texts: tuple[str, ...]
    last: int
    confidence: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Something marked on the curve.

    Args:
        kind: "turning", "late" or "out".
        point: where.
        time: its world time.
        sign: what is drawn there.
        text: what it means.
    """

    kind: str
    point: int
    time: float
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of an excerpt: its number, its text, and whether it is the one that is meant."""

    number: int
    text: str
    meant: bool


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option: its text, whether it was taken or is best, and its numbers as they are read.

    Args:
        weight, fails, interval: as text.
        share: P(failure), 0..1, for a bar; None where it is unknown.
        low, high: its interval.
        futures: behind it.
    """

    text: str
    taken: bool
    best: bool
    weight: str
    fails: str
    interval: str
    share: float | None
    low: float
    high: float
    futures: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A turning point, or a decision that had a better option.

    Args:
        point: its index.
        sign: its number in the list, "" for a decision.
        title: what stands there.
        chooser: whose choice it was.
        before, after: q with its interval, as text; "" for a decision.
        jump: q after less q before.
        where: file and line.
        awaited: whether that line awaits it, rather than makes the choice.
        source: the lines around it.
        shared: the words that all options end with, left out of them.
        options: () where something was drawn that isn't a choice.
        hidden: options left out.
        note: what else is to be said.
    """

    point: int
    sign: str
    title: str
    chooser: str
    before: str
    after: str
    jump: float
    where: str
    source: tuple[SourceLine, ...]
    shared: str = ""
    options: tuple[OptionRow, ...] = ()
    hidden: int = 0
    note: str = ""
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at one point of a life: texts as they are shown.

    Args:
        point, time: where and when.
        kind: in words.
        label: what the program or world calls it.
        where: file and line.
        taken: the option taken, "" for none.
        printed: lines that were printed until the next point.
    """

    point: int
    time: float
    kind: str
    label: str
    where: str
    taken: str = ""
    printed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Two lives at the same height; None where one of them has nothing to set against the other.

    Args:
        doomed, survivor: what happened.
        differs: whether it is not the same.
        gap: rows left out before this one.
        past: whether it lies so far before the parting that it is only shown when asked for.
    """

    doomed: Event | None
    survivor: Event | None
    differs: bool
    gap: int = 0
    past: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message from one lane to another.

    Args:
        sender, receiver: indices of lanes.
        text: what it is.
        sent, landed: seconds of world time; landed None: it never arrives.
        point: of the first look at it.
        gone: of the first look that didn't find it under way any more; None where it never arrived.
        differs: whether the other life has it otherwise.
    """

    sender: int
    receiver: int
    text: str
    sent: float
    landed: float | None
    point: int
    gone: int | None
    differs: bool


@dataclass(frozen=True, slots=True)
class Lanes:
    """Who speaks with whom in one life: names of lanes, and arrows by the time at which they were sent."""

    names: tuple[str, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Lives:
    """The failing run and its nearest surviving neighbour.

    Args:
        headline: how they differ, in a sentence.
        common: the last point that they share.
        doomed_end, survivor_end: how each ended.
        doomed_points, survivor_points: how long each is.
        rows: side by side.
        doomed_lanes, survivor_lanes: None where nothing is sent.
        command: that lives the survivor again, "" where it isn't stored.
        survivor: its timeline as JSON text.
    """

    headline: str
    common: int
    doomed_end: str
    survivor_end: str
    doomed_points: int
    survivor_points: int
    rows: tuple[Row, ...]
    doomed_lanes: Lanes | None
    survivor_lanes: Lanes | None
    command: str = ""
    survivor: str = ""


@dataclass(frozen=True, slots=True)
class HeatLine:
    """A line of source with what it tells.

    Args:
        number, text: of the line.
        rank: its place among those that tell, from 1; 0 for one that tells nothing.
        fails: P(failure | executed) with its interval, as text.
        share: the same as a number, for the colour; None for one that tells nothing.
        ochiai: with failing, or with surviving where it tells of that; as text.
        saves: whether it tells of survival.
        failing, surviving: futures of each kind that executed it.
    """

    number: int
    text: str
    rank: int = 0
    fails: str = ""
    share: float | None = None
    ochiai: str = ""
    saves: bool = False
    failing: int = 0
    surviving: int = 0


@dataclass(frozen=True, slots=True)
class HeatFile:
    """Excerpts of one file, a gap in the numbers where lines were left out."""

    file: str
    lines: tuple[HeatLine, ...]


@dataclass(frozen=True, slots=True)
class TellingLines:
    """The lines that tell at one turning point.

    Args:
        point: its index.
        sign: its number.
        title: in a sentence, from how many futures.
        files: by name.
        note: why there are none, or that they were traced.
    """

    point: int
    sign: str
    title: str
    files: tuple[HeatFile, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class States:
    """What was true at the points of one life; rows are indices into texts of their kind, so that what doesn't change is said once.

    Args:
        point: the points that were looked at.
        kinds: names of the kinds of rows, as headings.
        texts: all rows.
        rows: for each point and kind, indices into `texts`.
        watch: the watched expressions.
        values: for each point, indices into `texts`, one for each expression.
    """

    point: tuple[int, ...]
    kinds: tuple[str, ...]
    texts: tuple[str, ...]
    rows: tuple[tuple[tuple[int, ...], ...], ...]
    watch: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of how it was obtained."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ShrunkStep:
    """One choice of the shortest way to the failure; everything else on that way goes calmly.

    Args:
        point: its index in the shrunk run, which isn't the one that the rest of the page is about.
        label: what the program or world calls it.
        taken: the option that it takes there.
        calm: the option of a calm run.
        where: file and line.
        time: seconds of world time.
    """

    point: int
    label: str
    taken: str
    calm: str
    where: str
    time: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What "verify" has found with the code as it is now: a sentence or two, and its tone as an answer has it."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """All that one page shows.

    Args:
        id: of the failure.
        title: what failed, on one line.
        target: the program.
        where: where it failed.
        how_often: a sentence.
        answers: to the four questions, in order.
        curve: None where it wasn't explained, or has nothing to show.
        marks: on the curve.
        choices: turning points and missed decisions, in order of their points.
        choices_note: what is to be said about all of them.
        lives: None where no survivor is known.
        output: what the failing run printed last, where there are no lives to show it in.
        lines: by turning point.
        states: of the failing run; None where it wasn't lived again.
        facts: how it was obtained.
        notes: what the reader has to know, as sentences.
        replay, explain: commands.
        timeline: the failing run as JSON text.
        verdict: on whether it still happens; None where nobody has asked.
        shrunk: the fewest choices over a calm run that still fail; () where that isn't known.
    """

    id: str
    title: str
    target: str
    where: str
    how_often: str
    answers: tuple[Answer, ...]
    curve: Curve | None
    marks: tuple[Mark, ...]
    choices: tuple[Choice, ...]
    choices_note: str
    lives: Lives | None
    output: tuple[str, ...]
    lines: tuple[TellingLines, ...]
    states: States | None
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    replay: str
    explain: str
    timeline: str
    verdict: Verdict | None = None
    shrunk: tuple[ShrunkStep, ...] = ()
    schema: str = field(default=SCHEMA)
