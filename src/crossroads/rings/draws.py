"""New draws after a return: without them, a life in which nothing else is new draws what the one before it drew.

Every generator that is alive is given a new state from the system: the `random` module's, every `random.Random`, and numpy's, also where
the program has fixed their seeds. What a program draws from the system itself (`os.urandom`, `secrets`) is new anyway.

They are found among all objects that the garbage collector knows, by the snapshot, once for all returns to it: a list of all objects
writes to each of them, so that each life would copy all the memory that it shares with its snapshot. Those of `random` are found without
writing: an object of a class that was made by Python refers to it, and `gc.get_referrers` only reads. Numpy's don't, and need the list.
"""

import gc
import random
import sys
from collections.abc import Callable
from typing import Any

_Random = random.Random
_seed: Any = random.Random.seed
_objects, _referrers = gc.get_objects, gc.get_referrers


def generators() -> list[Any]:
    """Every living generator of `random` and of numpy."""
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is None:
        return [one for one in _referrers(*_classes(_Random)) if issubclass(type(one), _Random)]
    kinds = (_Random, numpy.Generator, numpy.RandomState)
    return [one for one in _objects() if issubclass(type(one), kinds)]


def renew_generators(seed: int) -> None:
    """Give every living generator of `random` and of numpy a new state; from the system, whatever the seed."""
    numpy: Any = sys.modules.get("numpy.random")
    found = generators() if current.found is None else current.found
    current.forget()
    for one in found:
        kind = type(one)
        if issubclass(kind, _Random):
            _seed(one)
        elif issubclass(kind, numpy.Generator):
            _renew(one.bit_generator)
        else:
            _renew_legacy(numpy, one)


def _classes(kind: type) -> list[type]:
    """It and all that are derived from it; each of them has its own objects."""
    found = [kind]
    for one in found:
        inner: list[type] = type.__subclasses__(one)
        found += [each for each in inner if each not in found]
    return found


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
    """How draws are renewed in this process; who has taken hold of all entropy puts a function of its own in place.

    Attributes:
        renew: gives every generator a new state.
        found: the generators, where the snapshot that this process was forked from has looked for them.
    """

    __slots__ = ("found", "renew")

    def __init__(self) -> None:
        self.renew: Callable[[int], None] = renew_generators
        self.found: list[Any] | None = None

    def find(self) -> None:
        """In a snapshot, before a life that is to draw anew is forked."""
        if self.found is None and self.renew is renew_generators:
            self.found = generators()

    def forget(self) -> None:
        """Others may have been made since."""
        self.found = None


current = Renewal()
