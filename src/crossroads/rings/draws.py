"""New draws after a return: without them, a life in which nothing else is new draws what the one before it drew.

Every generator that is alive is given a new state from the system: the `random` module's, every `random.Random`, and numpy's, also where
the program has fixed their seeds. They are found among all objects that the garbage collector knows, which takes some ten milliseconds for
a million of them. What a program draws from the system itself (`os.urandom`, `secrets`) is new anyway.
"""

import gc
import random
import sys
from collections.abc import Callable
from typing import Any

_Random = random.Random
_seed: Any = random.Random.seed
_objects = gc.get_objects


def renew_generators(seed: int) -> None:
    """Give every living generator of `random` and of numpy a new state; from the system, whatever the seed."""
    numpy: Any = sys.modules.get("numpy.random")
    for one in _objects():
        kind = type(one)
        if issubclass(kind, _Random):
            _seed(one)
        elif numpy is not None and issubclass(kind, numpy.Generator):
            _renew(one.bit_generator)
        elif numpy is not None and issubclass(kind, numpy.RandomState):
            _renew_legacy(numpy, one)


def _renew(bit_generator: Any) -> None:
    """In place, as others may draw from it, too; one of an unknown make stays as it is."""
    try:
        bit_generator.state = type(bit_generator)().state
    except (TypeError, ValueError):
        pass


def _renew_legacy(numpy: Any, state: Any) -> None:
    """It draws in pairs and keeps the second number, which only its own functions forget."""
    try:
        numpy.RandomState.seed(state)
    except TypeError:
        _renew(state._bit_generator)


class Renewal:
    """How draws are renewed in this process; who has taken hold of all entropy puts a function of its own in place."""

    __slots__ = ("renew",)

    def __init__(self) -> None:
        self.renew: Callable[[int], None] = renew_generators


current = Renewal()
