"""What exploring and explaining give: frozen values, and nothing that computes.

The JSON form of each is in `report`; how it looks is a matter for the faces, on a terminal as in a notebook.
"""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from crossroads.analysis.verdict import Verdict
from crossroads.stats.probability import Probability
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

Certainty = Literal["proved", "estimated"]

Ended = Literal["finished", "budget", "interrupted"]
"""How an explanation came to its end: nothing was left to ask; futures or time ran short; the user stopped it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Futures counted by their endings.

    Args:
        futures: all that were lived; passed + failed + the sum of `other`.
        passed: those that ended well.
        failed: those that ended in an exception.
        other: count by any other kind of outcome, sorted by name.
    """

    futures: int = 0
    passed: int = 0
    failed: int = 0
    other: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The failure probability standing at one point of the failing run.

    Args:
        point: its index, 0 <= point <= n.
        label, kind, where: what stands there, and "file:line in function".
        time: seconds of world time since the start.
        failure: q at this point.
    """

    point: int
    label: str
    kind: str
    where: str
    time: float
    failure: Probability


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice point and what becomes of the runs that take it.

    Args:
        option: its text (the repr of the value).
        taken: whether the failing run took it.
        weight: its probability when it is drawn, 0 <= weight <= 1.
        failure: P(this failure | the past, this option taken, everything later drawn).
        best: whether no other option of the same choice is known to fail less often.
    """

    option: str
    taken: bool
    weight: float
    failure: Probability
    best: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """How long something took that was drawn at a turning point, and what that decided.

    Args:
        took: seconds of world time, in the failing run.
        less: the share of futures in which it takes less.
        limit: seconds that tell apart what becomes of the futures; None where no time does.
        up_to, longer: P(this failure | it takes at most `limit`, more than that), from futures that had no part in finding the limit.
        futures: how many `less` is from; 0 where that isn't known any more.
    """

    took: float
    less: float
    limit: float | None = None
    up_to: Probability | None = None
    longer: Probability | None = None
    futures: int = 0


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """A point from which the step to the next one changed the failure probability by much.

    Args:
        point: its index; q there is `before`, at the next point `after`.
        label, kind, where, time: as in CurvePoint.
        before, after: q at this point and at the next, from fresh futures.
        options: the options of a choice point; () where a continuous draw decided.
        moment: the time that was drawn there, where that decided.
        ran_out: the program's timers that ran out before the next point, where that says more than the option taken.
    """

    point: int
    label: str
    kind: str
    where: str
    time: float
    before: Probability
    after: Probability
    options: tuple[Option, ...] = ()
    moment: Moment | None = None
    ran_out: tuple[str, ...] = ()

    @property
    def jump(self) -> float:
        """q after less q before; negative where the run nearly saved itself."""
        return self.after.value - self.before.value

    @property
    def inner(self) -> Option | None:
        """The option taken, where not it decided but what was drawn next, within it: it surely doesn't fail as often as the next point."""
        taken = next((option for option in self.options if option.taken), None)
        if taken is None or not taken.failure.futures or (taken.failure.low <= self.after.high and self.after.low <= taken.failure.high):
            return None
        return taken


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the program on the failing run, turning point or not, with all its options.

    Args:
        point, label, where, time: as in CurvePoint; its kind is `decide`.
        options: at least two.
    """

    point: int
    label: str
    where: str
    time: float
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class PointOfNoReturn:
    """The first point from which no way out was found.

    Args:
        point: its index; n (the failure itself) where there was a way out up to the end.
        label, where, time: as in CurvePoint.
        certainty: proved (all that could follow was lived, or q there is 1 by definition), or estimated.
        level: q(point) >= level was confirmed; 1 where proved.
        futures: how many futures in a row failed from there, or were enumerated.
    """

    point: int
    label: str
    where: str
    time: float
    certainty: Certainty
    level: float
    futures: int


@dataclass(frozen=True, slots=True)
class WayOut:
    """The last place at which the run could still be saved, and a run that was.

    Args:
        point, label, where, time: as in CurvePoint; the survivor shares the failing run's past up to this point.
        option: the option that the survivor took there; "" where a continuous draw made the difference.
        survivor: the saved run's timeline; it replays like any other.
        took: seconds of world time that what was drawn there took in the survivor; None where no time was drawn, or none is known.
        ran_out: a timeout that ran out in the failing run behind this point, and not in the survivor: the first such; "" for none.
    """

    point: int
    label: str
    where: str
    time: float
    option: str
    survivor: Timeline
    took: float | None = None
    ran_out: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a failure was decided, when it was too late, and what would have saved it.

    Args:
        baseline: q(0), the failure probability of the whole program.
        curve: q at the points that were looked at, in order, the last one at the failure itself.
        turning_points: in order of their points.
        decisions: the program's own decisions on the way, those looked at, in order of their points.
        point_of_no_return: None where it can't be told.
        last_way_out: None where no survivor was found.
        unexplained_rise: 1 - q(0) less the sum of the turning points' jumps.
        gradual: whether no single step explains the rise.
        futures_spent: by this explanation, explore's not counted.
        method: "enumerated", "full scan" or "scan and search": how the turning points were looked for.
        notes: what could not be told and why, as sentences.
        ended: "finished"; or "budget" or "interrupted" where more futures would tell more.
        budget: futures that it might have cost; 0 where that isn't known any more.
        seconds: wall time that it might have taken; 0: any.
    """

    baseline: Probability
    curve: tuple[CurvePoint, ...]
    turning_points: tuple[TurningPoint, ...]
    decisions: tuple[Decision, ...]
    point_of_no_return: PointOfNoReturn | None
    last_way_out: WayOut | None
    unexplained_rise: float
    gradual: bool
    futures_spent: int
    method: str
    notes: tuple[str, ...] = ()
    ended: Ended = "finished"
    budget: int = 0
    seconds: float = 0.0

    def plot(self, axes: Any = None) -> Any:
        """A matplotlib figure of the curve: failure probability with its interval, turning points and the point of no return.

        Needs matplotlib: `pip install "crossroads[plot]"`.

        Args:
            axes: matplotlib axes to draw on; None makes a figure.

        Raises:
            MissingPackage: matplotlib isn't installed.
        """
        return _notebook("figure").figure_of(self, axes)

    def _repr_html_(self) -> str:
        text: str = _notebook("html").account_html(self)
        return text


@dataclass(frozen=True, slots=True)
class ShrunkStep:
    """One choice of a shrunk run at which it doesn't do what a calm run does.

    Args:
        point, kind, label, where, time: as in CurvePoint, on the shrunk run.
        name: of the choice, without what is said of it beside.
        occurrence: how many choices of this name come before it.
        option: the text of the option taken.
        calm: the text of the option that is taken in the ordinary course.
    """

    point: int
    kind: str
    label: str
    where: str
    time: float
    name: str
    occurrence: int
    option: str
    calm: str


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The shortest way to a failure that was found: a calm run, but for a few choices.

    In a calm run each choice takes its likeliest option, the first of equals; the epochs of `timeline` say what else is calm in it.

    Args:
        timeline: the run, lived, its choices overridden by point; it replays like any other.
        named: the same run with its choices overridden by name, so that it holds in another version of the program.
        steps: the choices that aren't calm, in order of their points; () where a calm run fails, or where draws alone decide.
        minimal: whether without any one of them the run doesn't fail this way, or there are none.
        seeded: whether it also depends on what is drawn beside the choices, so that another seed may not fail.
        reproduced: how many more times it was lived, the same each time, once in a process that had lived nothing else and once by replay.
        survivor: a saved run that differs as little as any that was found, by names; None where none was found.
        differs: the step at which the survivor takes another option; None without one.
        saving: the text of the option that it takes there; "" without one.
        futures: how many it cost.
        seconds: wall time that it took.
        notes: what is worth knowing, as sentences.
    """

    timeline: Timeline
    named: Timeline
    steps: tuple[ShrunkStep, ...]
    minimal: bool
    seeded: bool
    reproduced: int
    survivor: Timeline | None = None
    differs: ShrunkStep | None = None
    saving: str = ""
    futures: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: all the runs that ended the same way, and the first of them.

    Args:
        id: short name under which the store keeps it, 8 hexadecimal digits.
        outcome: how it ends.
        count: how many futures ended so.
        probability: P(this failure) over all futures.
        timeline: the first such run, outcome and digest included.
        output: the last lines that this run printed.
        account: None until it was explained.
        shrunk: the shortest way there that is known, None until it was looked for.
        verdict: the latest on whether it still happens, None until that was asked.
    """

    id: str
    outcome: Outcome
    count: int
    probability: Probability
    timeline: Timeline
    output: str = ""
    account: Account | None = None
    shrunk: Shrunk | None = None
    verdict: Verdict | None = None

    def _repr_html_(self) -> str:
        text: str = _notebook("html").failure_html(self)
        return text


@dataclass(frozen=True, slots=True)
class Exploration:
    """What living many futures of a program has shown.

    Args:
        target: "path.py:function" or "package.module:function".
        world: name of the world it ran in.
        seed: all futures come from it.
        engine: "fork" or "replay".
        python: "3.13.0" and the like.
        seconds: wall time that this call took.
        explored: the count of all futures, those of earlier calls that this one went on from included.
        failures: most frequent first.
        resumed: how many of the futures were known from an earlier call.
        complete: False where it was interrupted.
        notes: what is worth knowing about how it ran (why not fork, address randomisation left on, ...), as sentences.
        one_future: whether nothing is drawn or decided, so that every run is the same; a bound on failures would then mean nothing.
        said: what futures that passed said of their end, as tests do ("skipped: no network"), and how many; those of this call alone.
    """

    target: str
    world: str
    seed: int
    engine: str
    python: str
    seconds: float
    explored: Tally
    failures: tuple[Failure, ...]
    resumed: int = 0
    complete: bool = True
    notes: tuple[str, ...] = ()
    one_future: bool = False
    said: dict[str, int] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        text: str = _notebook("html").exploration_html(self)
        return text


def _notebook(module: str) -> Any:
    """The face for notebooks, looked up when a notebook asks: the one place below the faces where they are named."""
    return import_module(f"crossroads.faces.notebook.{module}")
