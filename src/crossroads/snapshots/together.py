"""Whether, and how many, futures of a program are lived one after the other in one process, where a fork costs more than a life.

Such futures share what the program keeps between calls: module state, caches, open files. So of each lot some are lived again, each in a
process of its own from the snapshot of the program just imported, the last one always, which most have come before. A difference ends
living together for this program, and whoever counts discards what was counted in that way. What didn't end in order is lived again alone
before it is told at all. This is bookkeeping; the living is done by `fork`.
"""

from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Final

from crossroads.snapshots.run import Run

FORK_S: Final = 0.002
"""What a future costs beside the CPU time of its own process. The clock on the wall would tell who else wants the machine."""

START_CHEAP_S: Final = FORK_S
"""CPU time from the call to the start, point 0, that futures may as well spend again."""

START_SHORT_S: Final = 0.02
"""The like that may be spent again by lives in one process, where most of it is gone once the code is warm: it is found out by trying."""

ENDLESS_START_S: Final = 0.2
"""The like by the clock on the wall, for programs that come to their end before they draw anything: short enough to be lived together."""

LOT_MIN: Final = 8
"""Futures of the first lot; fewer aren't worth it."""

GROWTH: Final = 8
"""So many times larger the next lot may be: each lot costs some forks and lives that are lived again."""

LOT_MAX: Final = 4_096
LOT_S: Final = 1.0
"""Lots grow until they take so long: an interrupted one is lost, and its futures are told of all at once."""

FIRST_CHECKED: Final = 3
"""Of the first lot so many from the beginning are lived again."""

FAILURES_CHECKED: Final = 3
"""Of each lot so many failures, the last ones: they count most, and what a failure leaves behind is met by those after it."""

SLOW_SHARE: Final = 1.2
SLOW_LOTS: Final = 3
"""After so many lots whose futures took more than that share of what they take alone, all together, no more are tried: by less than that
the same future varies on a machine that isn't ours alone."""

CHECK_EVERY: Final = 1_000
"""And later every so many-th beside the last of each lot."""


class Distrusted(Exception):
    """A future wasn't the same after others in its process as alone; its text says how."""


class Together:
    """What is known of the program in this respect, by all engines of a runner."""

    def __init__(self) -> None:
        self.size = LOT_MIN
        self._looked = False
        self.lots = 0
        self._latest: deque[tuple[int, float]] = deque(maxlen=SLOW_LOTS)
        self._alone_s: list[float] = []

    def checks(self, runs: Sequence[Run], with_failures: bool = True) -> list[int]:
        """Positions in a lot of the runs that are to be lived again alone; failures among them, unless somebody else does that."""
        early, self._looked = range(0 if self._looked else FIRST_CHECKED), True
        failures = [position for position, run in enumerate(runs) if run.outcome.is_failure][-FAILURES_CHECKED:] if with_failures else []
        return sorted({*early, *failures, *range(CHECK_EVERY, len(runs), CHECK_EVERY), len(runs) - 1} & set(range(len(runs))))

    def note(self, lot: Sequence[Run], checked: Sequence[Run], alone: Sequence[Run], start_s: float) -> None:
        """Compare runs of a lot with the same timelines lived again alone, and settle the size of the next lot.

        Args:
            lot: lived one after the other.
            checked: those of them that were lived again.
            alone: how that ended, in any order.
            start_s: of the CPU time of each life alone, what a snapshot at the start would save.

        Raises:
            Distrusted: they differ.
        """
        by_timeline = {_unlived(run): run for run in checked}
        for run in alone:
            other = by_timeline[_unlived(run)]
            if run.timeline != other.timeline:
                raise Distrusted(f"alone it ended with {run.outcome}, after others with {other.outcome}")
        self.lots += 1
        usual_s = sum(run.seconds for run in lot) / len(lot)
        self.size = max(LOT_MIN, min(GROWTH * self.size, LOT_MAX, int(LOT_S / max(usual_s, 1e-9))))
        # By CPU time: what takes how long depends on who else wants the machine.
        self._latest.append((len(lot), max(run.cpu_s for run in lot)))
        self._alone_s += [run.cpu_s - start_s for run in alone]

    @property
    def is_worth(self) -> bool:
        """Whether futures are quicker together than alone, as far as is known."""
        if len(self._latest) < SLOW_LOTS:
            return True
        futures = sum(size for size, _ in self._latest)
        cpu_s = sum(spent_s for _, spent_s in self._latest)
        return cpu_s <= SLOW_SHARE * futures * (FORK_S + median(self._alone_s))


def _unlived(run: Run) -> object:
    return run.timeline.epochs, run.timeline.overrides, run.timeline.named


def ended_in_order(run: Run) -> bool:
    """Whether a run in a lot is one that can be told: its process went on after it, or stopped on purpose."""
    return bool(run.timeline.digest) and run.outcome.kind in ("passed", "failed", "exited")
