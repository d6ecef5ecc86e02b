"""Reducing a set of causes to one of which none can be left out: delta debugging. A pure function; who lives the candidates is elsewhere.

Source: Zeller & Hildebrandt (2002), "Simplifying and isolating failure-inducing input", the algorithm ddmin. Differs in that candidates are
handed over in lots, in which they can be tried side by side: of a lot the first that fails is taken, so that the result doesn't depend on
how many are tried at a time.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def reduce_causes(causes: Sequence[T], first_failing: Callable[[Sequence[tuple[T, ...]]], int | None]) -> tuple[T, ...]:
    """Those of some causes that suffice for a failure, none of which can be left out.

    Args:
        causes: all of them together are known to fail.
        first_failing: given candidates, each with some of the causes in their order, the index of the first one that fails, None
            where none does. An exception of it ends the reduction.

    Returns:
        Causes in their order that fail, and don't if any one is left out; () where none is needed. Costs at most n² + 5n + 1 candidates for
        n causes, each lot counted whole; some 4 log2(n) where one cause decides.
    """
    if not causes or first_failing([()]) is not None:
        return ()
    left = tuple(causes)
    parts = 2
    while len(left) > 1:
        parts = min(parts, len(left))
        pieces = _split(left, parts)
        complements = [tuple(cause for piece in (*pieces[:at], *pieces[at + 1 :]) for cause in piece) for at in range(parts)]
        # With two pieces each is the other's complement.
        candidates = pieces if parts == 2 else [*pieces, *complements]
        found = first_failing(candidates)
        if found is not None:
            left = candidates[found]
            parts = 2 if found < len(pieces) else max(parts - 1, 2)
        elif parts == len(left):
            break
        else:
            parts = 2 * parts
    return left


def _split(causes: tuple[T, ...], parts: int) -> list[tuple[T, ...]]:
    cuts = [number * len(causes) // parts for number in range(parts + 1)]
    return [causes[begin:end] for begin, end in pairwise(cuts)]
