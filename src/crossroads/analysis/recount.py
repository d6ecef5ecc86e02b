"""Counting futures of changed code: how many end in the failure that is verified, and in which other ones."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from crossroads.analysis.judging import OtherFailure, Place, Spot
from crossroads.analysis.progress import OnProgress, Progress
from crossroads.analysis.sameness import Signature, is_same_failure, line_at, signature
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.stats.probability import Probability
from crossroads.stats.ratios import ratio
from crossroads.stats.sequences import estimate, proved
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

FIRST: Final = 8
"""Futures that show whether there is only one."""

BATCH, BATCH_TOGETHER = 40, 100
"""Futures asked for at a time, and whole futures: fixed, as it is between batches that enough may have failed, on any machine."""

ENOUGH_FAILED: Final = 40
"""Where so many have failed, how often it does is known well enough."""

OTHERS_MAX: Final = 20
"""Different other failures that are told apart at a place."""

RISEN_CONFIDENCE: Final = 0.99
"""A failure that was known before has risen only where that is as sure as this: there may be many."""


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """Another failure of the code as it was.

    Args:
        known_by: what it is known by.
        failed, futures: how often it was counted among whole futures; (0, 0) where only seen.
    """

    known_by: Signature
    failed: int = 0
    futures: int = 0


@dataclass(slots=True)
class _Other:
    outcome: Outcome
    known_by: Signature
    count: int = 0


@dataclass(slots=True)
class Count:
    """What became of the futures from one place."""

    failed: int = 0
    futures: int = 0
    unknown: int = 0
    is_exact: bool = False
    others: list[_Other] = field(default_factory=list)


class Recount:
    """Lives futures and counts how they end.

    Args:
        runner: for the program as it is now.
        failure: what the failure that is verified is known by.
        known: other failures of the code as it was.
        deadline: by `time.monotonic`, after which no more are lived; None: no limit.
        total: futures that are expected, for progress.
    """

    def __init__(
        self,
        runner: LocalRunner,
        failure: Signature,
        known: Sequence[KnownFailure],
        deadline: float | None,
        total: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._runner, self._failure, self._known = runner, failure, tuple(known)
        self._deadline, self._total, self._on_progress = deadline, total, on_progress
        self._lines: dict[str, str] = {}
        self._began = time.monotonic()
        self.spent = 0
        self.stage = ""

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def is_this(self, outcome: Outcome) -> bool:
        """Whether this ending is taken for the failure that is verified."""
        return outcome.is_failure and is_same_failure(self._failure, self._known_by(outcome))

    def lived(self, runs: Sequence[Run]) -> None:
        """Futures were lived elsewhere."""
        self.spent += len(runs)
        self._say()

    def count(self, make: Callable[[int], Timeline], wanted: int, *, together: bool = False) -> Count:
        """Live futures until so many are, or the failure is counted often enough, or the time is up.

        Args:
            make: the n-th future.
            wanted: how many at most.
            together: as for `LocalRunner.run`.
        """
        count = Count()
        asked = 0
        while asked < wanted and count.failed < ENOUGH_FAILED and not (asked and self.is_late):
            size = (BATCH_TOGETHER if together else BATCH) if asked else FIRST
            batch = [make(number) for number in range(asked, min(asked + size, wanted))]
            runs = self._runner.run(batch, together=together)
            asked += len(batch)
            for run in runs:
                self.add(count, run.outcome)
            self.lived(runs)
            if asked == len(batch) and _is_one_future(runs):
                count.is_exact = True
                break
        return count

    def add(self, count: Count, outcome: Outcome) -> None:
        """Count a future that ended so."""
        if outcome.kind == "diverged":
            count.unknown += 1
            return
        count.futures += 1
        if not outcome.is_failure:
            return
        known_by = self._known_by(outcome)
        if is_same_failure(self._failure, known_by):
            count.failed += 1
            return
        other = next((other for other in count.others if is_same_failure(other.known_by, known_by)), None)
        if other is None:
            if len(count.others) >= OTHERS_MAX:
                other = count.others[-1]
            else:
                count.others.append(other := _Other(outcome, known_by))
        other.count += 1

    def place(self, spot: Spot, count: Count, before: Probability | None, *where: object) -> Place:
        """A place with what was counted there; `where` are its point, label, kind, place and time."""
        point, label, kind, place, moment = where if where else (None, "", "", "", 0.0)
        others = tuple(
            OtherFailure(other.outcome, other.count, self._has_risen(other, count, spot, before))
            for other in sorted(count.others, key=lambda other: -other.count)
        )
        share = count.failed / count.futures if count.futures else 0.0
        now = proved(share, count.futures, count.failed) if count.is_exact else estimate(count.failed, count.futures)
        assert point is None or isinstance(point, int)
        moment_s = float(moment) if isinstance(moment, int | float) else 0.0
        return Place(spot, point, str(label), str(kind), str(place), moment_s, before, now, others, count.unknown, count.is_exact)

    def _known_by(self, outcome: Outcome) -> Signature:
        if outcome.where not in self._lines:
            self._lines[outcome.where] = line_at(outcome.where, self._runner.target)
        return signature(outcome, self._lines[outcome.where])

    def _has_risen(self, other: _Other, count: Count, spot: Spot, before: Probability | None) -> bool:
        """Whether it is new; or among whole futures more frequent than it was, or behind a point than the failure had left room for."""
        known = next((known for known in self._known if is_same_failure(known.known_by, other.known_by)), None)
        if known is None:
            return True
        if spot == "start":
            return bool(known.futures) and ratio((other.count, count.futures), (known.failed, known.futures), RISEN_CONFIDENCE).low > 1.0
        return before is not None and estimate(other.count, count.futures, RISEN_CONFIDENCE).low > 1.0 - before.low

    def _say(self) -> None:
        if self._on_progress is not None:
            rate = self.spent / max(time.monotonic() - self._began, 1e-6)
            self._on_progress(Progress("verifying", min(self.spent, self._total), self._total, rate, 0, None, self.stage))


def _is_one_future(runs: Sequence[Run]) -> bool:
    """Whether all of them are the same run, in which nothing was drawn or chosen behind the place they began at."""
    first = runs[0]
    return all(not run.drawn and not run.choices and run.outcome == first.outcome and run.outcome.kind != "diverged" for run in runs)
