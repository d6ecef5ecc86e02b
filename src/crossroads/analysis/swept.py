"""What sweeping a coroutine with cancellations gives: frozen values, and their JSON form."""

from dataclasses import dataclass
from typing import Any, Final

from crossroads.analysis.report import exploration_to_data
from crossroads.analysis.results import Exploration, Failure, Tally
from crossroads.timeline.formats import to_data
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

MOMENT_WORDS: Final = {"begins": "at once", "lasts": "while it waits", "is over": "as its result arrives"}
"""When a coroutine was cancelled, by the moment of its await."""


@dataclass(frozen=True, slots=True)
class SweptFailure:
    """A failure that cancelling at one await has led to, as it was first met there.

    Args:
        id: of the failure in the store, which may keep an example from another await that ends the same way.
        outcome: how it ends.
        moment: when the coroutine was cancelled: "at once", "while it waits" or "as its result arrives".
        timeline: the first such future at this await, lived.
    """

    id: str
    outcome: Outcome
    moment: str
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class SweptAwait:
    """One await of the coroutine, as a place in the source, and what became of the futures in which it was cancelled there.

    Args:
        where: "file:line in function" of the coroutine.
        within: places of the coroutines that it waits in, outermost first, Python's own left out.
        futures: how many were cancelled there.
        failed: how many of them failed.
        ended: how many of them the cancellation itself ended, before the program came to its checks.
        unknown: how many of them diverged.
        moments: when they were cancelled that failed: "at once", "while it waits", "as its result arrives".
        failure: the first one, None where none failed.
    """

    where: str
    within: tuple[str, ...]
    futures: int
    failed: int
    ended: int
    unknown: int
    moments: tuple[str, ...]
    failure: SweptFailure | None

    @property
    def is_checked(self) -> bool:
        """Whether any future came to the program's own checks after the cancellation."""
        return self.futures > self.ended + self.unknown


@dataclass(frozen=True, slots=True)
class Sweep:
    """What cancelling a coroutine at each of its awaits has shown.

    Args:
        cancel: the coroutine's name, as it was given.
        awaits: in the order in which they were first met.
        uncancelled: the futures in which nothing was cancelled.
        moments: how many moments of awaits the first run has: at most three for each time that it waits.
        tried: at how many of them it was cancelled.
        exploration: all futures and their failures, as `explore` gives them; `failures` of it can be explained and replayed.
    """

    cancel: str
    awaits: tuple[SweptAwait, ...]
    uncancelled: Tally
    moments: int
    tried: int
    exploration: Exploration

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All failures that were found, the most frequent first."""
        return self.exploration.failures

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about how it ran, as sentences."""
        return self.exploration.notes

    @property
    def is_safe(self) -> bool:
        """Whether no cancellation led to a failure."""
        return not any(one.failed for one in self.awaits)


def sweep_to_data(sweep: Sweep) -> dict[str, Any]:
    """The report of `crossroads run --cancel`: that of `crossroads run`, and "sweep"."""
    uncancelled = sweep.uncancelled
    tally = {"futures": uncancelled.futures, "passed": uncancelled.passed, "failed": uncancelled.failed, "other": dict(uncancelled.other)}
    return {
        **exploration_to_data(sweep.exploration),
        "sweep": {
            "cancel": sweep.cancel,
            "moments": sweep.moments,
            "tried": sweep.tried,
            "uncancelled": tally,
            "awaits": [_await_to_data(one) for one in sweep.awaits],
        },
    }


def _await_to_data(one: SweptAwait) -> dict[str, Any]:
    failure = one.failure
    return {
        "where": one.where,
        "within": list(one.within),
        "futures": one.futures,
        "failed": one.failed,
        "ended": one.ended,
        "unknown": one.unknown,
        "moments": list(one.moments),
        "failure": None
        if failure is None
        else {
            "id": failure.id,
            "outcome": failure.outcome.kind,
            "exception": failure.outcome.exception,
            "message": failure.outcome.message,
            "where": failure.outcome.where,
            "moment": failure.moment,
            "timeline": to_data(failure.timeline),
        },
    }
