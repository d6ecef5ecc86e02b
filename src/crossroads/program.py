"""What a program calls: `decide`, `chance`, `mark`, and `go_back`. Outside of a run, and of a ring, the first three are harmless.

Loaded by programs that know nothing of the rest of crossroads, so it imports nothing of it.
"""

import random
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, NoReturn, Protocol, TypeVar

__all__ = ["Mark", "chance", "decide", "go_back", "mark"]

T = TypeVar("T")


class Story(Protocol):
    """The run that a program is in, as far as the program can reach it."""

    def mark(self, label: object) -> None: ...

    def choose(self, kind: Literal["decide", "chance"], label: object, options: Sequence[Any], weights: Sequence[float] | None) -> int: ...


class Mark(NamedTuple):
    """A moment, as `mark` gives it to the life that goes on from there.

    Args:
        label: as it was given to `mark`.
        memory: what earlier lives brought back to this mark by `go_back`, oldest first; where one was brought home by a guard, a `Death`.
        returns: how often earlier lives came back to this mark, 0 the first time.
        landing: what wasn't as it was at the mark when the last one of them came back, each a `Finding`.
        number: which mark of its ring it is; 0 where there is no ring.
    """

    label: object = None
    memory: tuple[Any, ...] = ()
    returns: int = 0
    landing: tuple[Any, ...] = ()
    number: int = 0


NOTHING: Final = Mark()
"""A mark that nobody can go back to; and in place of what is remembered, that nothing is."""


class Lives(Protocol):
    """The ring that a program is in, as far as the program can reach it."""

    def mark(self, label: object, guard: object) -> Mark: ...

    def go_back(self, mark: Mark, remember: object, redraw: bool, force: bool) -> NoReturn: ...

    @property
    def is_own(self) -> bool: ...


class _Current:
    """Where the run and the ring of this process are found; attributes that are looked up at each call."""

    __slots__ = ("ring", "run")

    def __init__(self) -> None:
        self.run: Story | None = None
        self.ring: Lives | None = None


current: Final = _Current()


def decide(label: object, options: Sequence[T]) -> T:
    """Settle a decision of the program's own, and return the option taken.

    In a run every option is possible: futures draw uniformly among them, and the report says which ones fail less. Outside of a run it
    is the first option.

    Args:
        label: what is decided; its `str` names the choice in reports and keys its draw.
        options: at least one, in an order that doesn't change from run to run.

    Raises:
        ValueError: there are no options.

    Example:
        >>> decide("route", ["coast", "hills"])
        'coast'
    """
    if not len(options):
        raise ValueError(f"decide({str(label)!r}, options=[]) needs at least one option to take")
    run = current.run
    if run is None:
        return options[0]
    return options[run.choose("decide", label, options, None)]


def chance(label: object, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """Draw one of some options with given weights, and return it.

    In a run this is the world's choice, and reports show what the other options would have led to. Outside of a run it is a normal
    weighted draw from the `random` module.

    Args:
        label: what is drawn; its `str` names the choice in reports and keys its draw.
        options: at least one, in an order that doesn't change from run to run.
        weights: one for each option, finite, none negative, not all 0; they need not sum to 1. Equal weights by default.

    Raises:
        ValueError: there are no options, or the weights don't fit.
    """
    if not len(options):
        raise ValueError(f"chance({str(label)!r}, options=[]) needs at least one option to draw")
    if weights is not None:
        check_weights(label, options, weights)
    run = current.run
    if run is None:
        return random.choices(options, weights)[0]
    return options[run.choose("chance", label, options, weights)]


def check_weights(label: object, options: Sequence[object], weights: Sequence[float]) -> None:
    """Raise ValueError unless there is one weight for each option, finite, none negative, not all of them 0."""
    if len(weights) != len(options):
        raise ValueError(f"chance({str(label)!r}) has {len(options)} options but {len(weights)} weights; give one weight for each option")
    total = sum(weights)
    if not (0.0 < total < float("inf")) or any(not weight >= 0.0 for weight in weights):
        raise ValueError(f"chance({str(label)!r}) has weights={list(weights)!r}; they must be finite, none negative, and not all 0")


def mark(label: object = None, level: object = None, *, guard: object = None) -> Mark:
    """Name a moment: in a run it becomes a point, a place to look at, stop at, and branch futures from; in a ring, one to go back to.

    In a ring it returns again for every return, with everything as it was then except for the mark's `memory`. A child process takes the
    program's place while the one that has called it sleeps; so there may be no other thread, and no child process that was not waited
    for. Outside of a run and of a ring, nothing happens.

    Args:
        label: its `str` names the point in reports.
        level: how near the program is to what it is watched for; kept for searches for rare failures, without effect so far.
        guard: a `crossroads.Guard`: what the ring comes back from by itself if the life that follows can't.

    Returns:
        The moment, with what earlier lives brought back to it.

    Raises:
        RingError: in a ring, where the process can't be copied as a whole: other threads, child processes, a foreign event loop.
    """
    run = current.run
    if run is not None:
        run.mark(label)
        return NOTHING
    ring = current.ring
    return NOTHING if ring is None else ring.mark(label, guard)


def go_back(mark: Mark, remember: object = NOTHING, *, redraw: bool = True, force: bool = False) -> NoReturn:
    """Go back to a mark: execution goes on right after it, with everything in this process as it was then. Never returns.

    Marks that were set since then are gone, and so is this life, without any of its exit handlers and `finally` blocks.

    Args:
        mark: on the current past of this life, as `mark` has returned it.
        remember: any value that can be pickled, under a journal plain data only; the last one in the mark's `memory` from now on.
            Nothing by default.
        redraw: draw anew: every generator of `random` and of numpy gets a new state. Otherwise they are as they were at the mark.
        force: go back past what can't be taken back.

    Raises:
        RingError: there is no such mark, `remember` can't be kept, or max_returns are used up; nothing is lost.
    """
    from crossroads.errors import RingError, SettingError

    if not isinstance(mark, Mark):
        raise SettingError(f"go_back({mark!r}) needs what crossroads.mark() has returned")
    if current.run is not None:
        raise RingError("a future that is being explored can't go back; to use the ring, start the program with: crossroads live")
    if current.ring is None:
        raise RingError("go_back() works within a ring; put the code into: with crossroads.ring(), or start it with: crossroads live")
    current.ring.go_back(mark, remember, redraw, force)
