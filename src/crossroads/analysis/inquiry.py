"""Asking for futures of one failing run, and counting what became of them. Every analysis of a failure goes through here.

A spot is a place to branch at: (point, None) redraws everything from the point on, (point, option) takes that option and redraws the
rest. The n-th future from a spot always has the same seed, so an analysis with the same seed gives the same account.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from crossroads.analysis.path import Path
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.timeline.keys import derive
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

Spot = tuple[int, int | None]

BATCH_MAX = 2_000
"""Futures asked for at once; an interrupted batch is lost."""


class BudgetSpent(Exception):
    """The next futures would cost more than is left."""


@dataclass(slots=True)
class Tally:
    """What became of the futures from one spot; those that hung or diverged aren't in it, for nobody knows how they would have ended."""

    failed: int = 0
    futures: int = 0
    asked: int = 0

    @property
    def counts(self) -> tuple[int, int]:
        """(failed, futures)."""
        return self.failed, self.futures

    @property
    def share(self) -> float:
        """Estimate of q; a half where nothing is known."""
        return self.failed / self.futures if self.futures else 0.5


class Inquiry:
    """Futures of one failing run, counted.

    Args:
        runner: where they are lived.
        failing: the failing timeline, lived.
        path: its points.
        seed: of all futures asked for.
        budget: how many may be asked for.
        on_progress: called after each batch.
    """

    def __init__(
        self, runner: LocalRunner, failing: Timeline, path: Path, *, seed: int, budget: int, on_progress: OnProgress | None = None
    ) -> None:
        assert failing.outcome is not None
        self.failing, self.path = failing, path
        self.origin = failing.outcome.origin
        self.spent = 0
        self.budget = budget
        self.unknown = 0
        self.otherwise: dict[str, int] = {}
        self.stage = ""
        self._runner, self._seed, self._on_progress = runner, seed, on_progress
        self._taken = {point.index: point.taken for point in path.choices}
        self._tallies: dict[Spot, Tally] = {}
        self._survivors: dict[Spot, Run] = {}
        self._began = time.monotonic()

    @property
    def left(self) -> int:
        """Futures that may still be asked for."""
        return self.budget - self.spent

    def tally(self, spot: Spot) -> Tally:
        """What is known of a spot; at the end of the run, q is 1."""
        if spot[0] == self.path.end:
            return Tally(10_000, 10_000)
        return self._tallies.get(spot) or Tally()

    def at_step(self, step: int) -> Tally:
        """What is known of q at a step of the path."""
        return self.tally((self.path.last(step), None))

    def sampled_steps(self) -> list[int]:
        """The steps that futures were branched from, in order."""
        return sorted(self.path.step_of(point) for (point, option), tally in self._tallies.items() if option is None and tally.futures)

    def survivor(self, spot: Spot) -> Run | None:
        """A run from this spot that ended well, if any did."""
        return self._survivors.get(spot)

    def pool(self, step: int, failed: int, futures: int) -> None:
        """Count futures that others have lived from this step."""
        tally = self._tallies.setdefault((self.path.last(step), None), Tally())
        tally.failed += failed
        tally.futures += futures

    def sample_steps(self, wanted: Mapping[int, int]) -> list[Run]:
        """Live so many futures from each of some steps."""
        return self.sample({(self.path.last(step), None): count for step, count in wanted.items() if step < self.path.count - 1})

    def sample(self, wanted: Mapping[Spot, int]) -> list[Run]:
        """Live so many futures from each of some spots, and count them.

        Returns:
            All runs, in the order of `wanted`.

        Raises:
            BudgetSpent: before any is lived, if they are more than is left.
        """
        total = sum(wanted.values())
        if total > self.left:
            raise BudgetSpent
        orders = [(spot, number) for spot, count in wanted.items() for number in self._numbers(spot, count)]
        runs: list[Run] = []
        for begin in range(0, len(orders), BATCH_MAX):
            batch = orders[begin : begin + BATCH_MAX]
            lived = self._runner.run([self._timeline(spot, number) for spot, number in batch])
            for (spot, _), run in zip(batch, lived, strict=True):
                self._count(spot, run)
            self.spent += len(batch)
            runs += lived
            self._say_progress()
        return runs

    def enumerate_runs(self, timelines: list[Timeline]) -> list[Run]:
        """Live timelines with all their choices forced; they cost budget but belong to no spot.

        Raises:
            BudgetSpent: before any is lived, if they are more than is left.
        """
        if len(timelines) > self.left:
            raise BudgetSpent
        runs = self._runner.run(timelines)
        self.spent += len(timelines)
        self._say_progress()
        return runs

    def is_this(self, outcome: Outcome) -> bool:
        """Whether this ending is the failure that is being explained."""
        return outcome.origin == self.origin

    def _numbers(self, spot: Spot, count: int) -> range:
        tally = self._tallies.setdefault(spot, Tally())
        first = tally.asked
        tally.asked += count
        return range(first, first + count)

    def _timeline(self, spot: Spot, number: int) -> Timeline:
        point, option = spot
        seed = derive(self._seed, "future", point, "any" if option is None else option, number)
        return self.failing.branch(point, seed, option)

    def _count(self, spot: Spot, run: Run) -> None:
        outcome = run.outcome
        failed = self.is_this(outcome)
        if not failed:
            if outcome.kind in ("hung", "diverged"):
                self.unknown += 1
                return
            if outcome.is_failure:
                text = f"{outcome.exception or outcome.kind} ({outcome.where})" if outcome.where else outcome.exception or outcome.kind
                self.otherwise[text] = self.otherwise.get(text, 0) + 1
        for credited in self._spots_passed(spot, run):
            tally = self._tallies.setdefault(credited, Tally())
            tally.failed += failed
            tally.futures += 1
            if not failed and not outcome.is_failure:
                self._survivors.setdefault(credited, run)

    def _spots_passed(self, spot: Spot, run: Run) -> list[Spot]:
        """All spots that this run is a fair future of.

        Beside the one it was asked for: the option that it drew there; and where choices alone determine the program, every later choice
        point up to the first at which it left the failing run. Source: the runs of a Markov process that pass a state are runs from it.
        """
        point, option = spot
        spots = [spot]
        for choice in run.choices:
            if choice.point < point:
                continue
            if choice.point > point:
                if run.drawn or choice.point not in self._taken:
                    break
                spots.append((choice.point, None))
            if option is None or choice.point > point:
                spots.append((choice.point, choice.taken))
            if self._taken.get(choice.point) != choice.taken:
                break
        return spots

    def _say_progress(self) -> None:
        if self._on_progress is not None:
            rate = self.spent / max(time.monotonic() - self._began, 1e-6)
            self._on_progress(Progress("explaining", self.spent, self.budget, rate, 1, None, self.stage))
