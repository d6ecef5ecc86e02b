"""How a failing run came about, kept while its program is as it was: what has to be known of it once the code has changed.

A past has the run's choices with their names, and its other points with their labels and with the state that the program's own draws
were in. Where a run is long only a sample of its other points is kept, and then they are found again by their numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from crossroads.analysis.path import Path, Paths, is_choice
from crossroads.analysis.sameness import line_at
from crossroads.errors import StoreError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.live import TRACE_MAX
from crossroads.snapshots.plans import Traced
from crossroads.store.store import Store
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import POINT_KINDS, Point
from crossroads.timeline.timelines import Timeline
from crossroads.worlds.targets import Target

FORMAT: Final = "crossroads-past/1"

PAST: Final = "past"
"""Under this name the store keeps it with its failure."""

STEPS_MAX: Final = 4_000
"""A run of so many points is kept whole."""

SAMPLES: Final = 1_000
"""Of a longer one so many points are kept, evenly spaced, beside its choices and those that were asked for."""

CHOICES_MAX: Final = 8_000
"""So many choices are kept, the first ones; a timeline has room for 10,000 overrides."""

COLUMNS: Final = ("point", "kind", "name", "occurrence", "taken", "option", "where", "time", "draws")


@dataclass(frozen=True, slots=True)
class Step:
    """One point on the way of a run.

    Args:
        point: its index.
        kind: what stands there.
        name: of a choice; the label of another point, without what a message says.
        occurrence: how many of this name, choices or others, came before it.
        taken: index of the option taken at a choice point with at least two options; None elsewhere.
        option: its text.
        where: "file:line in function".
        time: seconds of world time.
        draws: digits for the state of what the program draws from by itself.
    """

    point: int
    kind: str
    name: str
    occurrence: int
    taken: int | None = None
    option: str = ""
    where: str = ""
    time: float = 0.0
    draws: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether there was something to choose."""
        return self.taken is not None


@dataclass(frozen=True, slots=True)
class RecordedPast:
    """How one run came about.

    Args:
        digest: of the run.
        points: index of its end.
        steps: its points from 1 on, in order, the end excluded.
        is_whole: whether none is left out.
        raised: the text of the line at which it failed, "" where unknown.
        others: other failures of the same code, as far as they were met while this one was explained.
    """

    digest: str
    points: int
    steps: tuple[Step, ...]
    is_whole: bool
    raised: str = ""
    others: tuple[Outcome, ...] = ()

    def step(self, point: int) -> Step | None:
        """The step at this point, if it is known."""
        return next((step for step in self.steps if step.point == point), None)


def record_past(runner: LocalRunner, failing: Timeline, wanted: Iterable[int] = (), raised: str = "") -> RecordedPast | None:
    """Live a run once more and note how it comes about.

    Args:
        runner: for its program.
        failing: a timeline, lived.
        wanted: points that have to be known, however long the run is.
        raised: the text of the line at which it failed.

    Returns:
        Its past; None where it is another run now, or ended without a trace.
    """
    if not failing.points or not failing.digest:
        return None
    asked: Traced = _sampled(failing.points, wanted) if failing.points > TRACE_MAX else "all"
    run = runner.run([_unlived(failing)], trace=asked)[0]
    return past_of(failing, run.trace, wanted, raised) if run.timeline.digest == failing.digest else None


def past_of(failing: Timeline, trace: Sequence[Point], wanted: Iterable[int] = (), raised: str = "") -> RecordedPast:
    """The past of a run from its trace, the points of which are all there are, or those that its past is to have.

    Args:
        failing, wanted, raised: as for `record_past`.
        trace: the points of its life.
    """
    steps = steps_of(trace)
    is_whole = failing.points <= STEPS_MAX
    if not is_whole:
        kept = set(_sampled(failing.points, wanted))
        choices = {step.point for step in [step for step in steps if step.is_choice][:CHOICES_MAX]}
        steps = tuple(step for step in steps if step.point in kept or step.point in choices)
    return RecordedPast(failing.digest, failing.points, steps, is_whole, raised)


def save_past(kept: Store, target: Target, failure_id: str, failing: Timeline, past: RecordedPast | None) -> None:
    """Keep the past of a failure in the store, for the time when its code has changed.

    Args:
        kept: the store; it has the failure.
        target: the program, as it still is.
        failure_id: the whole id.
        failing: the failure's run, lived.
        past: of it; None: there is none to keep.
    """
    if past is not None:
        raised = "" if failing.outcome is None else line_at(failing.outcome.where, target)
        kept.save_piece(failure_id, PAST, past_to_data(replace(past, raised=raised)))


def save_pasts(kept: Store, runner: LocalRunner, failing: Mapping[str, Timeline], paths: Paths) -> None:
    """Keep the pasts of failing runs; those whose paths aren't known are lived once more for it, side by side.

    Args:
        kept: the store; it has the failures.
        runner: for the program, as it still is.
        failing: the failures' runs, lived, by the whole ids.
        paths: those that are known; takes in others.
    """
    short = {name: timeline for name, timeline in failing.items() if timeline.digest and 0 < timeline.points <= TRACE_MAX}
    unknown = [timeline for timeline in short.values() if timeline.digest not in paths]
    for timeline, run in zip(unknown, runner.run([_unlived(timeline) for timeline in unknown], trace="all"), strict=True):
        if run.timeline.digest == timeline.digest:
            paths[timeline.digest] = Path(timeline.points, run.trace)
    for name, timeline in failing.items():
        if timeline.digest in paths:
            save_past(kept, runner.target, name, timeline, past_of(timeline, paths[timeline.digest].trace))
        elif name not in short:
            save_past(kept, runner.target, name, timeline, record_past(runner, timeline))


def steps_of(trace: Sequence[Point]) -> tuple[Step, ...]:
    """The steps of a traced run; which of its name each is can only be told where all points before it were traced."""
    counts: dict[tuple[str, str], int] = {}
    steps: list[Step] = []
    for point in trace:
        if point.kind in ("start", "end"):
            continue
        if is_choice(point) and point.taken is not None:
            text = point.options[point.taken]
            steps.append(
                Step(
                    point.index,
                    point.kind,
                    point.name,
                    point.occurrence,
                    point.taken,
                    text,
                    point.where,
                    point.time,
                    point.draws,
                )
            )
            continue
        name = point.name or point.label.partition(" [")[0]
        occurrence = counts.get((point.kind, name), 0)
        counts[point.kind, name] = occurrence + 1
        steps.append(Step(point.index, point.kind, name, occurrence, None, "", point.where, point.time, point.draws))
    return tuple(steps)


def past_to_data(past: RecordedPast) -> dict[str, Any]:
    """A past as JSON has it, texts once each."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    rows = [
        [
            step.point,
            number(step.kind),
            number(step.name),
            step.occurrence,
            step.taken,
            number(step.option),
            number(step.where),
            step.time,
            step.draws,
        ]
        for step in past.steps
    ]
    return {
        "format": FORMAT,
        "digest": past.digest,
        "points": past.points,
        "is_whole": past.is_whole,
        "raised": past.raised,
        "others": [asdict(outcome) for outcome in past.others],
        "texts": list(texts),
        "columns": list(COLUMNS),
        "steps": rows,
    }


def past_from_data(data: Mapping[str, Any]) -> RecordedPast:
    """A past as `past_to_data` gave it.

    Raises:
        StoreError: it isn't one.
    """
    try:
        if data["format"] != FORMAT or data["columns"] != list(COLUMNS):
            raise ValueError(f"format is {data['format']!r}")
        texts = [str(text) for text in data["texts"]]
        steps = tuple(_step(row, texts) for row in data["steps"])
        others = tuple(Outcome(**{name: _plain(value) for name, value in outcome.items()}) for outcome in data["others"])
        return RecordedPast(str(data["digest"]), int(data["points"]), steps, bool(data["is_whole"]), str(data["raised"]), others)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise StoreError(f"a past in the store can't be read ({type(error).__name__}: {error}); explain that failure again") from None


def _unlived(failing: Timeline) -> Timeline:
    return replace(failing, outcome=None, digest="", points=0)


def _plain(value: object) -> Any:
    if value is not None and not isinstance(value, str | int):
        raise ValueError(f"{value!r} is no part of an outcome")
    return value


def _step(row: Sequence[Any], texts: Sequence[str]) -> Step:
    point, kind, name, occurrence, taken, option, where, time, draws = row
    if texts[kind] not in POINT_KINDS:
        raise ValueError(f"{texts[kind]!r} is no kind of point")
    chosen = None if taken is None else int(taken)
    return Step(int(point), texts[kind], texts[name], int(occurrence), chosen, texts[option], texts[where], float(time), str(draws))


def _sampled(points: int, wanted: Iterable[int]) -> tuple[int, ...]:
    """Indices of points that a long run is known by: evenly spaced ones, and each that is wanted with the one behind it."""
    spaced = {points * number // SAMPLES for number in range(1, SAMPLES)}
    asked = {index for point in wanted for index in (point, point + 1)}
    return tuple(sorted(point for point in spaced | asked if 0 < point < points))
