"""The futures of a cancel sweep: where in a run a coroutine can be cancelled, in which order to try it, and how such a future counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Override, Timeline
from crossroads.worlds.asyncio.awaits import CANCELLED, Met, met_at

CANCELLED_ERROR: Final = "asyncio.exceptions.CancelledError"

AwaitKey = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One future to live: a run without a cancellation, and where in it the coroutine is cancelled."""

    base: Timeline
    met: Met

    @property
    def key(self) -> AwaitKey:
        """The await as a place in the source."""
        return self.met.where, self.met.within

    @property
    def timeline(self) -> Timeline:
        """The future, not lived yet."""
        return replace(self.base, overrides=(Override(self.met.point, CANCELLED),))


def cancellations(run: Run) -> list[Cancellation]:
    """The moments of awaits in a run without a cancellation that are worth one: of those at which one await lasts, the last."""
    base = replace(run.timeline, outcome=None, digest="", points=0)
    found = [met for point in run.trace if (met := met_at(point)) is not None]
    lasts = {(met.name, met.number): met.point for met in found if met.moment == "lasts"}
    return [Cancellation(base, met) for met in found if met.moment != "lasts" or lasts[met.name, met.number] == met.point]


def each_in_turn(found: Sequence[Cancellation]) -> list[Cancellation]:
    """The first time that each await is met comes first, then the second time of each, and so on."""
    times: dict[AwaitKey, list[int]] = {}
    for one in found:
        numbers = times.setdefault(one.key, [])
        if one.met.number not in numbers:
            numbers.append(one.met.number)
    return sorted(found, key=lambda one: (times[one.key].index(one.met.number), one.met.point))


def kind_of(run: Run, cause: Cancellation | None) -> str:
    """How a future is counted: by its outcome, but "cancelled" where it ended as what was cancelled does."""
    if cause is None:
        return run.outcome.kind
    if run.timeline.digest and not any(choice.point == cause.met.point and choice.taken == CANCELLED for choice in run.choices):
        return "diverged"
    return "cancelled" if run.outcome.exception == CANCELLED_ERROR else run.outcome.kind
