"""New draws after a return: without them, a life in which nothing else is new draws what the one before it drew.

By itself the ring renews what it can reach without having prepared for it: the `random` module and numpy's legacy functions. Generators of
the program's own stay as they were, which is what a program that fixes their seed asks for. Who has taken hold of all entropy, as
`crossroads live` does, puts its own function in place.
"""

import random
import sys
from collections.abc import Callable

_seed = random.seed


def renew_modules() -> None:
    """Reseed the `random` module, and numpy's legacy functions where they are loaded, from the system."""
    _seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


class Renewal:
    """How draws are renewed in this process."""

    __slots__ = ("renew",)

    def __init__(self) -> None:
        self.renew: Callable[[], None] = renew_modules


current = Renewal()
