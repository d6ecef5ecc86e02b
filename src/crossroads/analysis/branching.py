"""Futures on demand, from any point of one recorded run: what the debugger's `futures` asks for."""

from types import TracebackType
from typing import Final

from crossroads.analysis.sources import UNKNOWN_KINDS, runner_for
from crossroads.errors import CrossroadsError
from crossroads.runners.local import LocalRunner
from crossroads.stats.sequences import estimate
from crossroads.timeline.keys import derive
from crossroads.timeline.timelines import Timeline

BATCH: Final = 500
"""Futures asked for at once."""


class FuturesFrom:
    """Lives futures of a timeline and counts how many end as it did. Those from the same point add up.

    Args:
        timeline: as it was recorded; where its outcome isn't known or is no failure, all failures are counted.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        outcome = timeline.outcome
        self._origin = outcome.origin if outcome is not None and outcome.is_failure else None
        self._runner: LocalRunner | None = None
        self._asked: dict[int, int] = {}
        self._counts: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> "FuturesFrom":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._runner is not None:
            self._runner.close()

    def live(self, point: int, count: int) -> str:
        """Live so many futures from a point; what became of them, and of those before them, in a sentence.

        Args:
            point: index of a point of the timeline, 0 <= point.
            count: 1 <= count.
        """
        before = self._asked.get(point, 0)
        try:
            failed, known = self._count(point, count)
        except CrossroadsError as problem:
            return f"no futures: {problem}"
        failed_before, known_before = self._counts.get(point, (0, 0))
        failed, known = failed + failed_before, known + known_before
        self._counts[point] = failed, known
        unknown = self._asked[point] - known
        q = estimate(failed, known)
        end = "end in this failure" if self._origin is not None else "fail"
        asides = [f"{known_before:,} of them asked for before"] * bool(before) + [f"{unknown:,} more hung or diverged"] * bool(unknown)
        aside = f"; {', '.join(asides)}" if asides else ""
        return (
            f"{failed:,} of {known:,} futures from point {point} {end}: {100 * q.value:.1f} % [{100 * q.low:.1f}-{100 * q.high:.1f}]{aside}"
        )

    def _count(self, point: int, count: int) -> tuple[int, int]:
        """(failed, known) of so many new futures."""
        if self._runner is None:
            self._runner = runner_for(self._timeline)
        first = self._asked.get(point, 0)
        failed = known = 0
        for begin in range(first, first + count, BATCH):
            numbers = range(begin, min(begin + BATCH, first + count))
            for run in self._runner.run([self._branch(point, number) for number in numbers]):
                known += run.outcome.kind not in UNKNOWN_KINDS
                failed += run.outcome.origin == self._origin if self._origin is not None else run.outcome.is_failure
        self._asked[point] = first + count
        return failed, known

    def _branch(self, point: int, number: int) -> Timeline:
        return self._timeline.branch(point, derive(self._timeline.epochs[0].seed, "futures", point, number))
