"""What a program under test calls: `decide`, `chance`, `mark`. Outside of a run they are harmless.

Loaded by programs that know nothing of the rest of crossroads, so it imports nothing of it.
"""

import random
from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol, TypeVar

__all__ = ["chance", "decide", "mark"]

T = TypeVar("T")


class Story(Protocol):
    """The run that a program is in, as far as the program can reach it."""

    def mark(self, label: object) -> None: ...

    def choose(self, kind: Literal["decide", "chance"], label: object, options: Sequence[Any], weights: Sequence[float] | None) -> int: ...


class _Current:
    """Where the run of this process is found; one attribute, looked up at each call."""

    __slots__ = ("run",)

    def __init__(self) -> None:
        self.run: Story | None = None


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


def mark(label: object = None, level: object = None) -> None:
    """Name a moment: in a run it becomes a point, a place to look at, stop at, and branch futures from. Outside of a run, nothing.

    Args:
        label: its `str` names the point in reports.
        level: how near the program is to what it is watched for; kept for searches for rare failures, without effect so far.
    """
    run = current.run
    if run is not None:
        run.mark(label)
