"""A runner whose futures are coin flips with known probabilities, so that searches can be judged in milliseconds."""

import random
from collections.abc import Sequence
from dataclasses import replace

from crossroads.analysis.inquiry import Inquiry
from crossroads.analysis.path import Path
from crossroads.snapshots.live import GIVEN_UP
from crossroads.snapshots.plans import NO_LIMIT, Reach
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Epoch, Timeline

FAILED = Outcome("failed", "AssertionError", "no", "model.py:1 in main")
PASSED = Outcome("passed")

SURVIVING_S = 0.005
"""What a future takes that doesn't go on, where world time passes."""


class CoinRunner:
    """Lives timelines of a program whose failure probability at each point of the failing run is given.

    Args:
        q: q[i] at point i, 0 <= i < n; at the end n it is 1.
        failing_s: seconds that a future from the start takes that fails; one from further on takes less.
        survivors_live: points that a future lives which doesn't; None: as long as one that fails.
        saved_late: of the futures that live as long as those that fail, the share that doesn't.
        ages: world time at the end of a future that doesn't go on, and of one that does, seconds.

    Attributes:
        late: how those end.
    """

    jobs = 2
    late = PASSED

    def __init__(
        self,
        q: Sequence[float],
        failing_s: float = 0.0,
        survivors_live: int | None = None,
        saved_late: float = 0.0,
        ages: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.q, self.failing_s, self.survivors_live, self.saved_late, self.ages = q, failing_s, survivors_live, saved_late, ages
        self.seconds = 0.0

    def run(self, timelines: Sequence[Timeline], until: Sequence[Reach] = (), **_: object) -> list[Run]:
        return [self._live(timeline, until[index] if until else NO_LIMIT) for index, timeline in enumerate(timelines)]

    def _live(self, timeline: Timeline, until: Reach) -> Run:
        point, draws = timeline.epochs[-1].point, random.Random(timeline.epochs[-1].seed)
        goes_on = point >= len(self.q) or draws.random() < self.q[point]
        fails = goes_on and draws.random() >= self.saved_late
        end = len(self.q) if goes_on or self.survivors_live is None else min(point + self.survivors_live, len(self.q))
        outcome = FAILED if fails else self.late if goes_on else PASSED
        age = self.ages[goes_on]
        if point < until.point <= end:
            outcome, end = GIVEN_UP, until.point
        seconds = self.failing_s * (end - point) / len(self.q) if goes_on else SURVIVING_S if age else 0.0
        if 0 < until.time < age:
            outcome, seconds, age = GIVEN_UP, seconds * until.time / age, until.time
        self.seconds += seconds
        return Run(replace(timeline, outcome=outcome, digest="d", points=end), seconds=seconds, time=age)


def coin_inquiry(q: Sequence[float], seed: int, budget: int = 100_000) -> Inquiry:
    """An inquiry about a failing run with these failure probabilities."""
    return inquiry_of(CoinRunner(q), seed, budget)


def inquiry_of(runner: CoinRunner, seed: int, budget: int = 100_000, seconds: float | None = None) -> Inquiry:
    """An inquiry about the failing run of a runner."""
    end = len(runner.q)
    failing = Timeline("model.py:main", (Epoch(0, 0),), outcome=FAILED, points=end)
    ended = runner.ages[1]
    points = [Point(index, "mark", time=ended if index == end else 0.0) for index in range(end + 1)] if ended else []
    return Inquiry(runner, failing, Path(end, points), seed=seed, budget=budget, seconds=seconds)  # type: ignore[arg-type]
