"""Trials on the shortest way to a failure: calm runs with some choices overridden by name are lived, and compared with the failure.

Which candidates are tried, and in which order, is decided elsewhere; here they are lived in lots on all cores, remembered, and paid for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crossroads.analysis.inquiry import BudgetSpent
from crossroads.analysis.last_words import last_words
from crossroads.analysis.path import is_choice
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.runners.local import LocalRunner
from crossroads.runners.shares import SPLIT_MIN
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Epoch, NamedOverride, Timeline
from crossroads.timeline.weights import likeliest

LOT_LEAST, LOT_MAX = 4, 128
"""Candidates lived at once: few at first, then twice as many each time, as those that come first are likelier to fail."""

DEAR_S: Final = 0.5
"""Where a future takes longer than this on average, or one that fails, fewer are lived to be sure."""

FAILING_TOLD: Final = 4
"""The last so many that failed tell what one costs: they are most like the result."""

QUICK_S: Final = 0.5
"""Until futures have taken so long in all, one engine lives them: to start another would take longer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that may fail as the failure does.

    Args:
        epochs: what isn't overridden is drawn from them, or calm.
        named: overrides, in the order in which their choices were met.
    """

    epochs: tuple[Epoch, ...]
    named: tuple[NamedOverride, ...] = ()

    def without(self, one: NamedOverride) -> "Candidate":
        """It with one override less."""
        return replace(self, named=tuple(other for other in self.named if other is not one))

    @property
    def is_calm(self) -> bool:
        """Whether nothing in it is drawn but what the program draws itself."""
        return all(epoch.calm == "all" for epoch in self.epochs)


class Trials:
    """Candidates lived and counted.

    Args:
        runner: where they are lived.
        failing: the failing timeline, lived.
        budget: how many may be lived until the search is over.
        seconds: wall time that may take; None: any.
        on_progress: called after each lot.
    """

    def __init__(
        self, runner: LocalRunner, failing: Timeline, *, budget: int, seconds: float | None = None, on_progress: OnProgress | None = None
    ) -> None:
        assert failing.outcome is not None
        self.runner, self.failing = runner, failing
        self.budget, self.seconds = budget, seconds
        self.spent = 0
        self.stage = "looking for a shorter way there"
        self.is_closing = False
        """Whether the search is over: what makes sure of its result, a bounded number of futures, is lived whatever it takes."""
        self._origin = failing.outcome.origin
        self._known: dict[Candidate, bool] = {}
        self._traced: dict[Candidate, tuple[Run, tuple[Point, ...]]] = {}
        self._lived_s = 0.0
        self._failing_s: list[float] = []
        self._on_progress = on_progress
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of wall time since the beginning."""
        return time.monotonic() - self._began

    @property
    def left(self) -> int:
        """Futures that may still be lived."""
        return self.budget - self.spent

    def is_this(self, outcome: Outcome) -> bool:
        """Whether this ending is the failure."""
        return outcome.origin == self._origin

    def timeline(self, candidate: Candidate) -> Timeline:
        """A candidate as a timeline, not lived yet."""
        return replace(self.failing, epochs=candidate.epochs, overrides=(), named=candidate.named, outcome=None, digest="", points=0)

    def fails(self, candidate: Candidate) -> bool | None:
        """Whether it fails as the failure does, None where that isn't known."""
        return self._known.get(candidate)

    def first_failing(self, candidates: Sequence[Candidate]) -> int | None:
        """The index of the first candidate that fails as the failure does, None where none does.

        Raises:
            BudgetSpent: it can't be told.
        """
        begin, size = 0, LOT_LEAST
        while begin < len(candidates):
            lot = candidates[begin : begin + size]
            while unknown := [candidate for candidate in dict.fromkeys(lot) if candidate not in self._known]:
                self._learn(unknown)
            for at, candidate in enumerate(lot, begin):
                if self._known[candidate]:
                    return at
            begin, size = begin + size, min(2 * size, LOT_MAX)
        return None

    def live(self, timelines: Sequence[Timeline], *, traced: bool = False, pristine: bool = False) -> list[Run]:
        """Live timelines, paid for like candidates.

        Raises:
            BudgetSpent: before any is lived.
        """
        if not self.is_closing and (len(timelines) > self.left or (self.seconds is not None and self.elapsed > self.seconds)):
            raise BudgetSpent
        runs: list[Run] = []
        while len(runs) < len(timelines):
            count = len(timelines) if self._lived_s > QUICK_S else SPLIT_MIN - 1
            lot = timelines[len(runs) : len(runs) + count]
            lived = self._lived(lot, traced, pristine or traced)
            self._lived_s += sum(run.seconds for run in lived)
            self._failing_s += [run.seconds for run in lived if self.is_this(run.outcome)]
            runs += lived
        self.spent += len(timelines)
        if self._on_progress is not None:
            rate = self.spent / max(self.elapsed, 1e-6)
            self._on_progress(Progress("shrinking", self.spent, max(self.budget, self.spent), rate, 1, None, self.stage))
        return runs

    def trace(self, candidate: Candidate) -> tuple[Run, tuple[Point, ...]]:
        """A candidate's run and its points, as far as they can be known."""
        if candidate not in self._traced:
            run = self.live([self.timeline(candidate)], traced=True)[0]
            self._traced[candidate] = run, run.trace or last_words(self, run.timeline)
        return self._traced[candidate]

    def affordable(self, usual: int, least: int) -> int:
        """How many futures to live where `usual` would be: fewer where they are dear."""
        # Candidates that pass may be cheap where those that fail go on for long; what is made sure of fails.
        failing_s = self._failing_s[-FAILING_TOLD:]
        is_dear = self._lived_s > DEAR_S * max(1, self.spent) or sum(failing_s) > DEAR_S * len(failing_s)
        return least if is_dear else usual

    def _lived(self, lot: Sequence[Timeline], traced: bool, pristine: bool) -> list[Run]:
        """The runs; those of cheap futures may share processes, until they are found not to be the same so."""
        if traced or pristine or self.is_closing:
            return self.runner.run(lot, trace="all" if traced else "none", pristine=pristine)
        trusted = not self.runner.distrusted
        runs = self.runner.run(lot, together=True)
        if trusted and self.runner.distrusted:
            self._known.clear()
        return runs

    def _learn(self, unknown: Sequence[Candidate]) -> None:
        runs = self.live([self.timeline(candidate) for candidate in unknown])
        self._known |= {candidate: self.is_this(run.outcome) for candidate, run in zip(unknown, runs, strict=True)}


def calm_option(point: Point) -> int:
    """The option that a calm run takes at a choice point."""
    return likeliest(point.weights)


def named_override(point: Point, option: int) -> NamedOverride:
    """This option at that choice, by name; its text counts where it is the only one of this text."""
    text = point.options[option]
    return NamedOverride(point.name, point.occurrence, option, text if point.options.count(text) == 1 else "")


def uncalm(points: Sequence[Point]) -> list[Point]:
    """The choice points at which a run took another option than a calm one."""
    return [point for point in points if is_choice(point) and point.taken not in (None, calm_option(point))]
