"""From what was counted to the account: which numbers are shown, from which futures, and what is said about the rest."""

from collections.abc import Sequence
from dataclasses import replace

from crossroads.analysis.enumeration import Leaf
from crossroads.analysis.exact import Mass, masses, survivor_of
from crossroads.analysis.inquiry import Inquiry
from crossroads.analysis.options import options_of
from crossroads.analysis.path import Path, is_choice
from crossroads.analysis.results import Account, CurvePoint, Decision, Ended, Moment, Option, PointOfNoReturn, TurningPoint, WayOut
from crossroads.analysis.timers import first_only_here, ran_out_next
from crossroads.analysis.too_late import TooLate
from crossroads.analysis.turning import JUMP_SIZE, RISE_MIN, Jump, JumpSearch
from crossroads.snapshots.run import Run
from crossroads.stats.probability import Probability
from crossroads.stats.sequences import proved
from crossroads.timeline.points import Point

CURVE_POINTS_MAX = 2_000
"""Points shown of the curve."""

SURVIVOR_FUTURES = 200
"""Asked for at the last way out while none has ended well there."""

GRADUAL_SHARE = 0.5
"""If more of the rise than this isn't in the turning points, it came gradually."""


class AccountBuilder:
    """What is known so far of a failing run, turned into its account at any time.

    Args:
        inquiry: all futures counted.
        eps: a chance of survival that counts as none.
    """

    def __init__(self, inquiry: Inquiry, eps: float) -> None:
        self._inquiry, self._eps = inquiry, eps
        self._path = inquiry.path
        self._saving: float | None = None
        self._ran_out = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was found, but not the futures."""
        self.too_late: TooLate | None = None
        self.proof: list[Leaf] | None = None
        self.search: JumpSearch | None = None
        self.decisions: list[Point] = []
        self.moments: dict[int, Moment] = {}
        """By point, where a time that was drawn decided."""
        self.ended: Ended = "finished"
        self._has_looked = False
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        """Say something that the numbers don't."""
        self._notes.append(text)

    def find_survivor(self) -> None:
        """Look for a run that ended well from the last step with a way out; a choice point's best option first."""
        if self.too_late is None or not self.too_late.step:
            return
        last = self._path.last(self.too_late.step - 1)
        asked = 0
        while asked < SURVIVOR_FUTURES and self._known_survivor() is None:
            self._inquiry.sample({(last, None): 50})
            asked += 50
        self._has_looked = True

    def _known_survivor(self) -> tuple[Point, int | None, Run] | None:
        """The last point with a way out, the option taken there and a run that ended well, if one has been lived so far."""
        if self.too_late is None or not self.too_late.step:
            return None
        point = self._path.point(self._path.last(self.too_late.step - 1))
        others = [option for option in range(len(point.options)) if option != point.taken] if is_choice(point) else []
        shares = {option: self._inquiry.tally((point.index, option)).share for option in others}
        for option in [*sorted(others, key=lambda option: shares[option]), None]:
            run = self._inquiry.survivor((point.index, option))
            if run is not None:
                return point, option, run
        return None

    def learn_saving(self) -> None:
        """Live the survivor of the last way out once more, for the time that was drawn there and for what ran out elsewhere only."""
        known = self._known_survivor()
        if known is None:
            return
        run = self._inquiry.runner.run([known[2].timeline], trace="all")[0]
        if run.timeline.digest == known[2].timeline.digest:
            out = known[0].index
            if known[1] is None and known[0].took is not None:
                self._saving = next((point.took for point in run.trace if point.index == out), None)
            self._ran_out = first_only_here(self._path, run.trace, out)

    def points_needed(self) -> list[int]:
        """Indices of the points that the account shows."""
        path = self._path
        shown = {path.last(step) for step in self._curve_steps()} | {path.end}
        shown |= {path.last(jump.step) for jump in self._jumps}
        if self.too_late is not None:
            shown |= {path.first(self.too_late.step), path.last(max(0, self.too_late.step - 1))}
        return sorted(shown)

    def build(self) -> Account:
        """The account of what is known."""
        inquiry = self._inquiry
        baseline = inquiry.estimate(*inquiry.at_step(0).counts)
        jumps = self._jumps
        missing = 1.0 - baseline.value - sum(jump.size for jump in jumps)
        is_complete = self.search is not None and self.search.is_finished
        gradual = is_complete and missing >= max(JUMP_SIZE, GRADUAL_SHARE * (1.0 - baseline.value))
        return Account(
            baseline=baseline,
            curve=self._curve(),
            turning_points=tuple(self._turning_point(jump) for jump in jumps),
            decisions=tuple(_decision(inquiry, point) for point in self.decisions if inquiry.tally((point.index, 0)).futures),
            point_of_no_return=self._point_of_no_return(),
            last_way_out=self._last_way_out(),
            unexplained_rise=missing,
            gradual=gradual,
            futures_spent=inquiry.spent,
            method=self.search.method if self.search is not None else "full scan",
            notes=(*self._notes, *self._no_way_out(), *_asides(inquiry)),
            ended=self.ended,
            budget=inquiry.budget,
            seconds=inquiry.seconds or 0.0,
        )

    @property
    def _jumps(self) -> list[Jump]:
        return self.search.jumps if self.search is not None else []

    def _curve_steps(self) -> list[int]:
        steps = self._inquiry.sampled_steps()
        if len(steps) <= CURVE_POINTS_MAX:
            return steps
        return [steps[number * len(steps) // CURVE_POINTS_MAX] for number in range(CURVE_POINTS_MAX)]

    def _curve(self) -> tuple[CurvePoint, ...]:
        path = self._path
        curve: list[CurvePoint] = []
        for step in self._curve_steps():
            failure = self._inquiry.estimate(*self._inquiry.at_step(step).counts)
            indices = range(path.first(step), path.last(step) + 1)
            curve += [_curve_point(path.point(index), failure) for index in (indices if len(indices) <= 20 else (indices[0], indices[-1]))]
        return (*curve, _curve_point(path.point(path.end), _certain(1)))

    def _turning_point(self, jump: Jump) -> TurningPoint:
        point = self._path.point(self._path.last(jump.step))
        at_end = jump.step + 1 == self._path.count - 1
        after = _certain(1) if at_end else self._inquiry.estimate(*jump.after)
        options = options_of(self._inquiry, point) if is_choice(point) else ()
        turning = _turning_point(point, self._inquiry.estimate(*jump.before), after, options)
        return replace(turning, moment=self.moments.get(point.index), ran_out=ran_out_next(self._path, point))

    def _point_of_no_return(self) -> PointOfNoReturn | None:
        if self.too_late is None:
            return None
        point = self._path.point(self._path.first(self.too_late.step))
        place = (point.index, point.label, point.where, point.time)
        if self.proof is not None:
            return PointOfNoReturn(*place, "proved", 1.0, len(self.proof))
        if self.too_late.step == self._path.count - 1:
            return PointOfNoReturn(*place, "proved", 1.0, self.too_late.streak)
        return PointOfNoReturn(*place, "estimated", self.too_late.level, self.too_late.streak)

    def _last_way_out(self) -> WayOut | None:
        known = self._known_survivor()
        return None if known is None else replace(way_out(*known), took=self._saving, ran_out=self._ran_out)

    def _no_way_out(self) -> tuple[str, ...]:
        if not self._has_looked or self._known_survivor() is not None:
            return ()
        return ("no run that ends well was found at the last way out: what doesn't end in this failure there ends in another",)


def exact_account(inquiry: Inquiry, leaves: Sequence[Leaf]) -> Account:
    """The account where all futures were lived.

    Args:
        inquiry: the failing run.
        leaves: all its futures from the start.
    """
    path = inquiry.path
    steps, options = masses(leaves, path)
    end = path.count - 1
    too_late = end
    while too_late and steps[too_late - 1].failed_leaves == steps[too_late - 1].leaves:
        too_late -= 1
    jumps = [step for step in range(end) if abs(steps[step + 1].q - steps[step].q) >= JUMP_SIZE]
    if not jumps and too_late and 1.0 - steps[too_late - 1].q >= JUMP_SIZE * (1.0 - steps[0].q) >= JUMP_SIZE * RISE_MIN:
        jumps = [too_late - 1]
    survivor = None
    last = path.point(path.last(too_late - 1)) if too_late else None
    if last is not None and (leaf := survivor_of(leaves, path, last)) is not None:
        survivor = way_out(last, _taken_at(leaf.run, last), leaf.run)
    first = path.point(path.first(too_late))
    at_failure = steps[too_late]
    return Account(
        baseline=_proved(steps[0]),
        curve=tuple(
            _curve_point(path.point(index), _proved(steps[step]))
            for step in range(path.count)
            for index in range(path.first(step), path.last(step) + 1)
        )[:CURVE_POINTS_MAX],
        turning_points=tuple(_exact_turning_point(path, steps, options, step) for step in jumps),
        decisions=tuple(
            Decision(point.index, point.label, point.where, point.time, exact_options(point, options))
            for point in path.choices
            if point.kind == "decide"
        ),
        point_of_no_return=PointOfNoReturn(first.index, first.label, first.where, first.time, "proved", 1.0, at_failure.leaves),
        last_way_out=survivor,
        unexplained_rise=1.0 - steps[0].q - sum(steps[step + 1].q - steps[step].q for step in jumps),
        gradual=1.0 - steps[0].q > JUMP_SIZE and not jumps,
        futures_spent=inquiry.spent,
        method="enumerated",
        notes=_asides(inquiry),
        budget=inquiry.budget,
        seconds=inquiry.seconds or 0.0,
    )


def exact_options(point: Point, options: dict[tuple[int, int], Mass]) -> tuple[Option, ...]:
    """The options of a choice point, each with all its futures."""
    known = [options.get((point.index, option), Mass()) for option in range(len(point.options))]
    lowest = min((mass.q for mass in known if mass.all), default=0.0)
    return tuple(
        Option(text, point.taken == number, point.weights[number], _proved(mass), bool(mass.all) and mass.q <= lowest + 1e-12)
        for number, (text, mass) in enumerate(zip(point.options, known, strict=True))
    )


def way_out(point: Point, option: int | None, run: Run) -> WayOut:
    """A place where the failing run could have been left, with a run that did."""
    text = "" if option is None else point.options[option]
    return WayOut(point.index, point.label, point.where, point.time, text, run.timeline)


def _exact_turning_point(path: Path, steps: list[Mass], options: dict[tuple[int, int], Mass], step: int) -> TurningPoint:
    point = path.point(path.last(step))
    return _turning_point(point, _proved(steps[step]), _proved(steps[step + 1]), exact_options(point, options) if is_choice(point) else ())


def _turning_point(point: Point, before: Probability, after: Probability, options: tuple[Option, ...]) -> TurningPoint:
    return TurningPoint(point.index, point.label, point.kind, point.where, point.time, before, after, options)


def _taken_at(run: Run, point: Point) -> int | None:
    return next((choice.taken for choice in run.choices if choice.point == point.index), None)


def _decision(inquiry: Inquiry, point: Point) -> Decision:
    return Decision(point.index, point.label, point.where, point.time, options_of(inquiry, point))


def _curve_point(point: Point, failure: Probability) -> CurvePoint:
    return CurvePoint(point.index, point.label, point.kind, point.where, point.time, failure)


def _proved(mass: Mass) -> Probability:
    q = mass.failed / mass.all if mass.failed_leaves < mass.leaves else 1.0 if mass.leaves else 0.0
    return proved(q if mass.failed_leaves else 0.0, mass.leaves, mass.failed_leaves)


def _certain(futures: int) -> Probability:
    return proved(1.0, futures, futures)


def _asides(inquiry: Inquiry) -> tuple[str, ...]:
    notes = []
    if inquiry.otherwise:
        total = sum(inquiry.otherwise.values())
        most = max(inquiry.otherwise, key=lambda text: inquiry.otherwise[text])
        notes.append(f"{total:,} of the futures lived for this failed otherwise and count as not this failure, most often by {most}")
    if inquiry.unknown:
        notes.append(f"{inquiry.unknown:,} of the futures lived for this hung or diverged, and are left out of the numbers")
    patience = inquiry.patience
    if patience.given_up:
        limit = patience.limit
        place = f"at point {limit.point:,}" if limit.point else f"after {limit.time:.3g} s of their own clock"
        notes.append(
            f"{patience.given_up:,} futures that still went on {place} were given up and count as failing, as all"
            f" {patience.seen:,} that were lived to their end failed; the intervals allow for it"
        )
    return tuple(notes)
