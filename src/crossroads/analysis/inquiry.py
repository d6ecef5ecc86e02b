"""Asking for futures of one failing run, and counting what became of them. Every analysis of a failure goes through here.

A spot is a place to branch at: (point, None) redraws everything from the point on, (point, option) takes that option and redraws the
rest. The n-th future from a spot always has the same seed, so an analysis with the same seed gives the same account: as long as
it has the time for it. Where time is limited and futures are dear, `affordable` tells the analyses how many of them to ask for: fewer than
usual, which makes their intervals wider and their levels lower, and nothing else.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from crossroads.analysis.path import Path
from crossroads.analysis.patience import USUAL_IN_ALL, Patience, whole_needed
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.live import GIVEN_UP
from crossroads.snapshots.plans import NO_LIMIT, Reach, Traced
from crossroads.snapshots.run import Run
from crossroads.snapshots.together import FORK_S
from crossroads.stats.probability import Probability
from crossroads.stats.sequences import estimate
from crossroads.timeline.keys import derive
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

Spot = tuple[int, int | None]

BATCH_MAX = 2_000
"""Futures asked for at once; an interrupted batch is lost."""

BATCH_FIRST, BATCH_S = 128, 2.0
"""Where time is limited, the first batch has so many, and the others are so large that they take about so long."""

USUAL_FUTURES = 32_000
"""If there is no time for so many futures as dear as those at a place, fewer than usual are asked for there: more than
accounts take by far, so that one is done in a part of the time that it may take, and isn't cut short on a machine that others use, too."""

DEAR = 1.5
"""Futures are dear from so many times what there is time for: time is measured roughly, and an ordinary account shouldn't vary by it."""

SLOWER = 1.5
"""By this factor a machine may be slower than it was, and time that was said to be enough still is."""

WHOLE_TIME_SHARE = 0.2
"""Of the time of all cores so much, where it is scarce, may go to the first futures that are lived to their end so that others needn't
be, and as much to those that still are later."""

LOOKS_MAX = 8
"""So many times, at most, some futures are lived for that."""

SOME = 4
"""From fewer futures what one costs isn't told; and so many usual ones count among those from a spot, as one may take long by chance."""


class BudgetSpent(Exception):
    """The next futures would cost more than is left."""


class StageOver(BudgetSpent):
    """The time is over that a stage may take, but not all there is."""


class Misjudged(Exception):
    """A future went on as long as others that were given up, and ended otherwise: none lived under that limit is counted any more."""


@dataclass(slots=True)
class Tally:
    """What became of the futures from one spot; those that hung or diverged aren't in it, for nobody knows how they would have ended.

    `asked` and `has_drawn` (whether choices alone didn't fix them) are of those that were asked for here, however they ended; `timed` of
    them took so many `seconds`, those left out that go on while others are given up, see `patience`. Of the others `limited_failed` and
    `limited` are those that were given up or would have been.
    """

    failed: int = 0
    futures: int = 0
    asked: int = 0
    timed: int = 0
    seconds: float = 0.0
    has_drawn: bool = False
    limited_failed: int = 0
    limited: int = 0

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
        seconds: wall time they may take, None: any.
        on_progress: called after each batch.
    """

    def __init__(
        self,
        runner: LocalRunner,
        failing: Timeline,
        path: Path,
        *,
        seed: int,
        budget: int,
        seconds: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        assert failing.outcome is not None
        self.runner, self.failing, self.path = runner, failing, path
        self.origin = failing.outcome.origin
        self.spent = 0
        self.budget, self.seconds = budget, seconds
        self.is_thrifty = False
        """Whether fewer futures than usual were asked for anywhere, for want of time."""
        self.patience = Patience(path.reach(path.end))
        self.unknown = 0
        self.otherwise: dict[str, int] = {}
        self.others: dict[tuple[str, str, str], Outcome] = {}
        """The other failures that were met, the first of each origin."""
        self.stage = ""
        self.on_batch: Callable[[], None] | None = None
        """Called after each batch, beside `on_progress`."""
        self._seed, self._on_progress = seed, on_progress
        self._taken = {point.index: point.taken for point in path.choices}
        self._tallies: dict[Spot, Tally] = {}
        self._all = Tally()
        self._survivors: dict[Spot, Run] = {}
        self._began = time.monotonic()
        self._until = 1.0
        self._whole_s = 0.0

    @property
    def left(self) -> int:
        """Futures that may still be asked for."""
        return self.budget - self.spent

    def tally(self, spot: Spot) -> Tally:
        """What is known of a spot; at the end of the run, q is 1."""
        if spot[0] == self.path.end:
            return Tally(10_000, 10_000)
        return self._tallies.get(spot) or Tally()

    @property
    def time_used(self) -> float:
        """The share of the time that is over; 0 where any may be taken."""
        return (time.monotonic() - self._began) / self.seconds if self.seconds is not None else 0.0

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return self.time_used > 1.0

    @contextmanager
    def until(self, share: float) -> Iterator[None]:
        """A stage that is cut short when so much of the time is over, so that others have some, too."""
        outer, self._until = self._until, min(share, self._until)
        try:
            yield
        except StageOver:
            if outer < 1.0 and self.time_used > outer:
                raise
        finally:
            self._until = outer

    @property
    def dearest(self) -> float:
        """Seconds that the futures from the dearest spot took, on average; of those spots from which there were some."""
        return max((self._cost(tally) for tally in self._tallies.values() if tally.timed >= SOME), default=0.0)

    def cost(self, step: int) -> float:
        """Seconds that a future from this step takes in its process, as far as any were asked for there; else 0."""
        return self._cost(self.at_step(step))

    def _cost(self, tally: Tally) -> float:
        if not tally.timed:
            return 0.0
        each = (tally.seconds + SOME * self._all.seconds / self._all.timed) / (tally.timed + SOME)
        return each + tally.share * self._whole_s / self.patience.whole_every if self.patience.is_limited else each

    def thrift(self, *steps: int) -> float:
        """How many times dearer the futures from the dearest of some steps are than there is time for; 1 where they aren't dear."""
        return self._thrift(max(self.cost(step) for step in steps))

    def _thrift(self, cost_s: float) -> float:
        if self.seconds is None:
            return 1.0
        times = USUAL_FUTURES * cost_s / (self.seconds * self.runner.jobs)
        return times if times >= DEAR else 1.0

    @property
    def usual_s(self) -> float:
        """Seconds that are enough to ask for as many futures as usual even from the dearest spot, and on a machine that is slower then."""
        return SLOWER * USUAL_FUTURES / DEAR * self.dearest / self.runner.jobs

    def affordable(self, usual: int, least: int, *steps: int) -> int:
        """How many futures to ask for where `usual` would be: fewer, but `least`, where those from one of these steps are dear."""
        times = self.thrift(*steps)
        if times == 1.0 or usual <= least:
            return usual
        self.is_thrifty = True
        return max(least, round(usual / times))

    def futures_in(self, share: float, step: int) -> int:
        """How many futures like those from a step can be lived in a share of all the time there is, if those that fail there are dear."""
        assert self.seconds is not None
        each = self.cost(step) + self.at_step(step).share * self.dearest
        return int(share * self.seconds * self.runner.jobs / max(each, 1e-6))

    def at_step(self, step: int) -> Tally:
        """What is known of q at a step of the path."""
        return self.tally((self.path.last(step), None))

    def sampled_steps(self) -> list[int]:
        """The steps that futures were branched from, in order."""
        return sorted(self.path.step_of(point) for (point, option), tally in self._tallies.items() if option is None and tally.futures)

    def survivor(self, spot: Spot) -> Run | None:
        """A run from this spot that ended well, if any did."""
        return self._survivors.get(spot)

    def estimate(self, failed: int, futures: int) -> Probability:
        """The failure probability by these counts; what futures that were given up leave in doubt is below its interval."""
        told = estimate(failed, futures)
        doubt = self.patience.doubt
        return replace(told, low=told.low * (1.0 - doubt)) if doubt else told

    def look_ahead(self) -> None:
        """Where those that fail are dear because they go on long after the others have ended, see enough of them fail to give up the rest.

        Raises:
            BudgetSpent, Misjudged: as `sample`.
        """
        step = self.doomed_from
        for _ in range(LOOKS_MAX):
            if self.patience.is_worth and (not self.cost(step) or self.thrift(step) > 1.0):
                missing = whole_needed(self._whole_affordable) - self.patience.seen
                self.sample_steps({step: max(1, missing) if self.cost(step) else SOME})

    @property
    def doomed_from(self) -> int:
        """The step that the failing run was in when it had gone as far as any future that ended otherwise."""
        return self.path.step_at(self.patience.survived)

    @property
    def given_up_from(self) -> int:
        """The first step behind the place at which futures are given up; the last one where none are."""
        last = self.path.count - 1
        return min(self.path.step_at(self.patience.limit) + 1, last) if self.patience.is_limited else last

    def pool(self, step: int, failed: int, futures: int) -> None:
        """Count futures that others have lived from this step."""
        tally = self._tallies.setdefault((self.path.last(step), None), Tally())
        tally.failed += failed
        tally.futures += futures

    def sample_steps(self, wanted: Mapping[int, int]) -> list[Run]:
        """Live so many futures from each of some steps."""
        return self.sample({(self.path.last(step), None): count for step, count in wanted.items() if step < self.path.count - 1})

    def sample(self, wanted: Mapping[Spot, int], trace: Traced = "none") -> list[Run]:
        """Live so many futures from each of some spots, and count them.

        Args:
            wanted: how many from each spot.
            trace: points to record in each.

        Returns:
            All runs, in the order of `wanted`.

        Raises:
            BudgetSpent: before any is lived, if they are more than is left; or when the time is up, with those counted that were lived.
            StageOver: the time is up that a stage may take; those counted stay.
            Misjudged: of those counted some aren't any more; whatever was concluded is to be concluded anew.
        """
        total = sum(wanted.values())
        if total > self.left:
            raise BudgetSpent
        orders = [(spot, number) for spot, count in wanted.items() for number in self._numbers(spot, count)]
        runs: list[Run] = []
        while len(runs) < len(orders):
            if self.time_used > self._until:
                raise BudgetSpent if self.is_late else StageOver
            batch = orders[len(runs) : len(runs) + self._batch_size(runs)]
            limits = [self.patience.limit_of_next() for _ in batch]
            timelines = [self._timeline(*order) for order in batch]
            lived = self.runner.run(timelines, trace=trace, until=limits if any(limit != NO_LIMIT for limit in limits) else ())
            misjudged = sum(
                not self._count(spot, run, limit != NO_LIMIT) for (spot, _), run, limit in zip(batch, lived, limits, strict=True)
            )
            self.spent += len(batch)
            runs += lived
            self._say_progress()
            if misjudged:
                self._take_back()
                raise Misjudged
            if self.patience.is_worth and self._thrift(self.dearest) > 1.0:
                self._end_patience()
        return runs

    def _end_patience(self) -> None:
        patience = self.patience
        patience.end(self._whole_affordable)
        if patience.is_limited:
            for tally in (*self._tallies.values(), self._all):
                tally.seconds = tally.timed * patience.shortened(tally.seconds / max(1, tally.timed))

    @property
    def _whole_affordable(self) -> int:
        """How many futures there is the time for to live to their end."""
        if self.seconds is None or not self._whole_s:
            return USUAL_IN_ALL
        return int(WHOLE_TIME_SHARE * self.seconds * self.runner.jobs / self._whole_s)

    def _take_back(self) -> None:
        """Count those alone that were free to go on for as long as they would: of the others those that ended early are too many."""
        self.patience.begin_anew()
        for tally in self._tallies.values():
            tally.failed -= tally.limited_failed
            tally.futures -= tally.limited
            tally.limited_failed = tally.limited = 0

    def _batch_size(self, lived: Sequence[Run]) -> int:
        """How many futures to have lived next, after those of the same call that were."""
        if self.seconds is None:
            return BATCH_MAX
        if not lived:
            return BATCH_FIRST
        each = sum(run.seconds for run in lived) / len(lived)
        return min(BATCH_MAX, max(self.runner.jobs, round(BATCH_S * self.runner.jobs / max(each, 1e-6))))

    def enumerate_runs(self, timelines: list[Timeline]) -> list[Run]:
        """Live timelines with all their choices forced; they cost budget but belong to no spot.

        Raises:
            BudgetSpent: before any is lived, if they are more than is left.
        """
        if len(timelines) > self.left:
            raise BudgetSpent
        runs = self.runner.run(timelines)
        self.spent += len(timelines)
        for outcome in [run.outcome for run in runs if run.outcome.is_failure and not self.is_this(run.outcome)]:
            self.others.setdefault(outcome.origin, outcome)
        self._say_progress()
        return runs

    def is_this(self, outcome: Outcome) -> bool:
        """Whether this ending is the failure that is being explained."""
        return outcome.origin == self.origin

    def fails(self, outcome: Outcome) -> bool | None:
        """Whether a run that ended so counts as failing; None where nobody knows how it would have ended."""
        if self.is_this(outcome) or outcome == GIVEN_UP:
            return True
        return None if outcome.kind in ("hung", "diverged") else False

    def _numbers(self, spot: Spot, count: int) -> range:
        tally = self._tallies.setdefault(spot, Tally())
        first = tally.asked
        tally.asked += count
        return range(first, first + count)

    def _timeline(self, spot: Spot, number: int) -> Timeline:
        point, option = spot
        seed = derive(self._seed, "future", point, "any" if option is None else option, number)
        return self.failing.branch(point, seed, option)

    def _count(self, spot: Spot, run: Run, is_limited: bool) -> bool:
        """Count a future from a spot; False where it shows that others were given up too early."""
        outcome = run.outcome
        asked = self._tallies[spot]
        if is_limited or not self.patience.is_limited:
            for tally in (asked, self._all):
                tally.timed += 1
                tally.seconds += _seconds_of(run)
        asked.has_drawn = asked.has_drawn or run.drawn
        failed = self.fails(outcome)
        if failed is None:
            self.unknown += 1
            return not self.patience.note_other(self.path.reach(self.path.end))
        if not failed and outcome.is_failure:
            text = f"{outcome.exception or outcome.kind} ({outcome.where})" if outcome.where else outcome.exception or outcome.kind
            self.otherwise[text] = self.otherwise.get(text, 0) + 1
            self.others.setdefault(outcome.origin, outcome)
        for credited in self._spots_passed(spot, run):
            tally = self._tallies.setdefault(credited, Tally())
            tally.failed += failed
            tally.futures += 1
            tally.limited_failed += is_limited and failed
            tally.limited += is_limited
            if not failed and not outcome.is_failure:
                self._survivors.setdefault(credited, run)
        if outcome == GIVEN_UP:
            self.patience.given_up += 1
        elif failed:
            self.patience.note_failed(self.path.reach(spot[0]), Reach(run.timeline.points, run.time), _seconds_of(run))
            self._whole_s = max(self._whole_s, _seconds_of(run))
        else:
            return not self.patience.note_other(Reach(run.timeline.points, run.time), _seconds_of(run))
        return True

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
        if self.on_batch is not None:
            self.on_batch()


def _seconds_of(run: Run) -> float:
    return run.cpu_s + FORK_S if run.cpu_s else run.seconds
