"""Which option a number between 0 and 1 takes, and how probable that is, by weights that need not add up to 1; None: all alike."""

from collections.abc import Sequence


def likeliest(weights: Sequence[float] | None) -> int:
    """The index of the option that is taken in the ordinary course: the one of the largest weight, the first of equals."""
    return 0 if weights is None else max(range(len(weights)), key=weights.__getitem__)


def pick(u: float, count: int, weights: Sequence[float] | None) -> int:
    """The index of the option among `count` that a number takes, 0 <= u < 1; never one without weight."""
    if weights is None:
        return int(u * count)
    rest = u * _total(weights)
    taken = last = 0
    for taken, weight in enumerate(weights):
        if weight:
            if rest < weight:
                return taken
            last = taken
        rest -= weight
    return last


def probability(taken: int, count: int, weights: Sequence[float] | None) -> float:
    """How likely an option of so many is drawn."""
    return 1.0 / count if weights is None else weights[taken] / _total(weights)


def shares(count: int, weights: Sequence[float] | None) -> list[float]:
    """The probabilities of all options."""
    return [probability(option, count, weights) for option in range(count)]


def _total(weights: Sequence[float]) -> float:
    # Not `sum`, which rounds in another way from Python 3.12 on.
    total = 0.0
    for weight in weights:
        total += weight
    return total
