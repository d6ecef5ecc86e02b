"""The search for the shortest way to a failure: the fewest choices of a calm run that have to be overridden for it.

It begins with the choices at which the failing run wasn't calm, leaves out what it can, and takes likelier options where they will do. Then
it looks for single choices, and pairs, which the failing run may never have met. When the budget is spent the best so far is the result.
In a long run what decided often comes earlier when all else is calm, so the choices known to have decided are tried at earlier occurrences,
each with one other choice, before many choices are left out one by one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from crossroads.analysis.inquiry import BudgetSpent
from crossroads.analysis.neighbours import other_options
from crossroads.analysis.path import Path, is_choice
from crossroads.analysis.results import Account
from crossroads.analysis.trials import Candidate, Trials, calm_option, named_override, uncalm
from crossroads.stats.reduction import reduce_causes
from crossroads.timeline.keys import derive
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Calm, Epoch, NamedOverride

SINGLES_MAX: Final = 320
"""Other options that are tried, one at a time, on top of a run; the likeliest ones."""

LIKELY: Final = 96
"""Of them, those that are tried before many choices are left out one by one: most failures need no more than one."""

LARGE: Final = 5
"""If the shortest way has more choices than this, other failing runs are looked at, too."""

OTHERS_SOUGHT, OTHERS_MAX = 64, 3
"""Futures lived to find other failing runs, and how many of those, the shortest ones, are looked at."""

DECIDED_MAX, EARLIER = 3, 3
"""Choices known to have decided, the unlikeliest ones, that are tried with one other; at their own occurrence and the first so many."""

DECIDED_SHARE: Final = 0.4
"""Of the futures that are left, so many may go into that."""

STREAK_BEGINS: Final = 8
"""Occurrences of a choice at which a streak of one option is tried to begin, the first ones."""

ROUNDS_MAX: Final = 10

CALM_FIRST: Final[tuple[Calm, ...]] = ("all", "choices")


class Shortening:
    """The search for one failure.

    Args:
        trials: where candidates are lived.
        path: the failing run's points.
        account: of the failure; its turning points are tried first. None: none is known.
        seed: of what is drawn for the search itself.
    """

    def __init__(self, trials: Trials, path: Path, account: Account | None, seed: int) -> None:
        self._trials, self._path, self._account, self._seed = trials, path, account, seed
        self._met: dict[tuple[str, int], Point] = {}
        self._meet(path.choices)
        self.best: Candidate | None = None
        """The shortest way that is known; None where the failure doesn't come without the very seed's draws of all choices."""
        self.is_finished = False
        """Whether the search came to its end; else the budget was spent."""

    def run(self) -> None:
        """Search until nothing is left to try, or the budget is spent."""
        try:
            first = self._begin(self._trials.failing.epochs, self._first_tries())
            if first is None or len(first.named) <= LARGE or not (self._look_for_singles(LIKELY) or self._look_beside_decided()):
                self._settle(first)
            self._look_for_singles()
            self._look_for_streaks()
            self._look_for_pairs()
            self._look_at_others()
            self.is_finished = True
        except BudgetSpent:
            pass

    @property
    def is_minimal(self) -> bool:
        """Whether of the best it is known that no choice can be left out."""
        best = self.best
        return best is not None and all(self._trials.fails(best.without(one)) is False for one in best.named)

    def _first_tries(self) -> list[list[Point]]:
        """Choices of the failing run that may suffice, all of them last."""
        choices = uncalm(self._path.choices)
        if self._account is None:
            return [[], choices]
        turning = {step.point for step in self._account.turning_points}
        until = max(turning, default=0)
        out = self._account.last_way_out
        late = max(until, out.point) if out is not None else until
        return [
            [],
            [point for point in choices if point.index in turning],
            [point for point in choices if point.index <= until],
            [point for point in choices if point.index <= late],
            choices,
        ]

    def _begin(self, epochs: tuple[Epoch, ...], tries: Sequence[Sequence[Point]]) -> Candidate | None:
        """A calm run that fails; one is preferred in which nothing but the program's own draws depends on the seed."""
        for calm in CALM_FIRST:
            candidates = dict.fromkeys(
                Candidate(quiet, tuple(named_override(point, point.taken) for point in points if point.taken is not None))
                for quiet in _calmed(epochs, calm)
                for points in tries
            )
            found = self._first_failing(list(candidates))
            if found is not None:
                return found
        return None

    def _first_failing(self, candidates: Sequence[Candidate]) -> Candidate | None:
        """The first candidate that fails; it is the best from now on, unless a shorter one is known."""
        at = self._trials.first_failing(candidates)
        if at is None:
            return None
        found = candidates[at]
        if self.best is None or _rank(found) <= _rank(self.best):
            self.best = found
        return found

    def _settle(self, candidate: Candidate | None) -> None:
        """Leave out what can be left out, and take likelier options, until neither changes anything."""
        for _ in range(ROUNDS_MAX):
            if candidate is None:
                return
            candidate = self._lower(self._reduce(candidate))

    def _reduce(self, candidate: Candidate) -> Candidate:
        """It without the overrides that can be left out."""

        def first_failing(parts: Sequence[tuple[NamedOverride, ...]]) -> int | None:
            candidates = [replace(candidate, named=part) for part in parts]
            found = self._first_failing(candidates)
            return None if found is None else candidates.index(found)

        return replace(candidate, named=reduce_causes(candidate.named, first_failing))

    def _lower(self, candidate: Candidate) -> Candidate | None:
        """It with likelier options, or earlier ones of equals, where it still fails; None where it can't be had with any."""
        if not candidate.named:
            return None
        if any((one.name, one.occurrence) not in self._met for one in candidate.named):
            self._points_of(candidate)
        lowered = None
        for one in candidate.named:
            point = self._met.get((one.name, one.occurrence))
            if point is not None:
                tries = [_with(lowered or candidate, one, named_override(point, option)) for option in _simpler(point, _taken(one, point))]
                lowered = self._first_failing(tries) or lowered
        return lowered

    def _points_of(self, candidate: Candidate) -> Sequence[Point]:
        """The points of a candidate's run, whose choices are known from then on: those of other runs have the same options."""
        points = self._trials.trace(candidate)[1]
        self._meet(points)
        return points

    def _meet(self, points: Sequence[Point]) -> None:
        self._met.update(((point.name, point.occurrence), point) for point in points if is_choice(point))

    def _look_for_singles(self, most: int = SINGLES_MAX) -> bool:
        """Whether a calm run fails with one other option; looked for where more are needed so far."""
        best = self.best
        if best is not None and best.is_calm and len(best.named) <= 1:
            return False
        self._trials.stage = "looking for a single choice that suffices"
        return any(self._try_on_top(Candidate(epochs), most) for epochs in _calmed(self._trials.failing.epochs, "all"))

    def _look_beside_decided(self) -> bool:
        """Whether a calm run fails with what decided the failing run, perhaps earlier in it, and one other option."""
        decided = self._decided()
        if not decided:
            return False
        self._trials.stage = "looking for one choice beside what decided"
        least = self._trials.left - DECIDED_SHARE * self._trials.left
        for point, occurrence in decided:
            if self._trials.left - LIKELY < least:
                return False
            one = replace(named_override(point, point.taken or 0), occurrence=occurrence)
            if self._try_on_top(Candidate(_calmed(self._trials.failing.epochs, "all")[0], (one,)), LIKELY):
                return True
        return False

    def _decided(self) -> list[tuple[Point, int]]:
        """The choices at turning points, with the occurrences at which to try them."""
        if self._account is None:
            return []
        known = {step.point for step in self._account.turning_points}
        points = [point for point in uncalm(self._path.choices) if point.index in known and point.taken is not None]
        unlikeliest = sorted(points, key=lambda point: point.weights[point.taken or 0])[:DECIDED_MAX]
        tries = [(point, point.occurrence) for point in unlikeliest]
        tries += [(point, occurrence) for occurrence in range(EARLIER) for point in unlikeliest if occurrence < point.occurrence]
        return tries

    def _look_for_pairs(self) -> None:
        """A choice that is needed so far with one other, where more than two are needed."""
        best = self.best
        if best is None or len(best.named) <= 2:
            return
        self._trials.stage = "looking for two choices that suffice"
        for one in best.named:
            if self._try_on_top(Candidate(best.epochs, (one,)), SINGLES_MAX // len(best.named)):
                return

    def _look_for_streaks(self) -> None:
        """Where one option is needed at many choices of a name, the same fewer times in a row, as in a loop of retries."""
        best = self.best
        if best is None or len(best.named) <= 2:
            return
        self._trials.stage = "looking for fewer in a row"
        counts = Counter((one.name, one.option, one.text) for one in best.named)
        for (name, option, text), count in counts.items():
            others = tuple(one for one in best.named if (one.name, one.option) != (name, option))
            candidates = [
                replace(best, named=(*others, *(NamedOverride(name, begin + at, option, text) for at in range(length))))
                for length in range(2, count)
                for begin in range(STREAK_BEGINS)
                if not {one.occurrence for one in others if one.name == name} & set(range(begin, begin + length))
            ]
            self._settle(self._first_failing(candidates))

    def _try_on_top(self, base: Candidate, most: int = SINGLES_MAX) -> bool:
        """Whether a run fails with one more option overridden; the likeliest such option is taken."""
        options = sorted(other_options(self._points_of(base)), key=lambda one: -one[0].weights[one[1]])
        candidates = [replace(base, named=(*base.named, named_override(*one))) for one in options[:most]]
        found = self._first_failing(candidates)
        self._settle(found)
        return found is not None

    def _look_at_others(self) -> None:
        """Begin anew from other runs that fail the same way, where the shortest way is still long."""
        if self.best is not None and len(self.best.named) <= LARGE:
            return
        self._trials.stage = "looking at other failing runs"
        seeds = [derive(self._seed, "shrink", number) for number in range(OTHERS_SOUGHT)]
        runs = self._trials.live([self._trials.timeline(Candidate((Epoch(0, seed),))) for seed in seeds])
        failing = [run.timeline for run in runs if self._trials.is_this(run.outcome) and run.timeline.digest]
        shortest = sorted(failing, key=lambda timeline: timeline.points)[:OTHERS_MAX]
        for run in self._trials.live(shortest, traced=True) if shortest else ():
            self._settle(self._begin(run.timeline.epochs, [uncalm(run.trace)]))


def _calmed(epochs: tuple[Epoch, ...], calm: Calm) -> list[tuple[Epoch, ...]]:
    """Calm epochs for those of a run: the first one alone, and all of them where there are more."""
    quiet = tuple(replace(epoch, calm=calm) for epoch in epochs)
    return [quiet[:1], *([quiet] if len(quiet) > 1 else [])]


def _rank(candidate: Candidate) -> tuple[bool, int]:
    """The lower the better: what is calm but for the program's own draws comes first."""
    return not candidate.is_calm, len(candidate.named)


def _taken(one: NamedOverride, point: Point) -> int:
    """The option that an override takes at a choice."""
    return point.options.index(one.text) if one.text in point.options else one.option


def _simpler(point: Point, taken: int) -> list[int]:
    """Options that come before the one taken, the likeliest first; the calm one, which is no override, left out."""
    order = sorted(range(len(point.options)), key=lambda option: (-point.weights[option], option))
    return [option for option in order[: order.index(taken)] if option != calm_option(point)]


def _with(candidate: Candidate, old: NamedOverride, new: NamedOverride) -> Candidate:
    return replace(candidate, named=tuple(new if one is old else one for one in candidate.named))
