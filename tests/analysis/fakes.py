"""A runner whose futures are coin flips with known probabilities, so that searches can be judged in milliseconds."""

import random
from collections.abc import Sequence
from dataclasses import replace

from crossroads.analysis.inquiry import Inquiry
from crossroads.analysis.path import Path
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline

FAILED = Outcome("failed", "AssertionError", "no", "model.py:1 in main")
PASSED = Outcome("passed")


class CoinRunner:
    """Lives timelines of a program whose failure probability at each point of the failing run is given.

    Args:
        q: q[i] at point i, 0 <= i < n; at the end n it is 1.
    """

    jobs = 2

    def __init__(self, q: Sequence[float]) -> None:
        self.q = q

    def run(self, timelines: Sequence[Timeline], **_: object) -> list[Run]:
        return [self._live(timeline) for timeline in timelines]

    def _live(self, timeline: Timeline) -> Run:
        point, seed = timeline.epochs[-1].point, timeline.epochs[-1].seed
        fails = point >= len(self.q) or random.Random(seed).random() < self.q[point]
        return Run(replace(timeline, outcome=FAILED if fails else PASSED, digest="d", points=len(self.q)))


def coin_inquiry(q: Sequence[float], seed: int, budget: int = 100_000) -> Inquiry:
    """An inquiry about a failing run with these failure probabilities."""
    failing = Timeline("model.py:main", (Epoch(0, 0),), outcome=FAILED, points=len(q))
    return Inquiry(CoinRunner(q), failing, Path(len(q), ()), seed=seed, budget=budget)  # type: ignore[arg-type]
