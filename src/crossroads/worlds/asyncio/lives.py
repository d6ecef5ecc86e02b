"""Whose code runs: each task and callback belongs to a life of a host, through the context in which it runs.

A host that is restarted begins another life; what belongs to the old one never runs again. Code inside of `with host:` only visits: the
sockets and tasks that it makes are the host's, itself it stays where it is at home.
"""

from contextvars import ContextVar
from typing import Any, Final
from weakref import WeakSet


class Life:
    """A host from one start to its death.

    Args:
        name: of the host.
    """

    __slots__ = ("dead", "generators", "name", "paused", "stopped", "tasks", "timers", "visitors", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = self.paused = self.stopped = False
        self.visitors = 0
        self.waiting: list[Any] = []
        self.timers: list[Any] = []
        self.tasks: list[Any] = []
        self.generators: WeakSet[Any] = WeakSet()

    @property
    def home(self) -> "Life":
        """The life that runs code of this place."""
        return self

    @property
    def life(self) -> "Life":
        """The life to which what is made here belongs."""
        return self


class Visit:
    """A stay on a host of code that is at home elsewhere.

    Args:
        life: where.
        before: where the code was.
    """

    __slots__ = ("before", "life")

    def __init__(self, life: Life, before: "Life | Visit | None") -> None:
        self.life, self.before = life, before

    @property
    def home(self) -> Life | None:
        return None if self.before is None else self.before.home

    @property
    def stopped(self) -> bool:
        home = self.home
        return home is not None and home.stopped


Place = Life | Visit | None
"""None: on localhost, where the program begins."""

PLACE: Final[ContextVar[Place]] = ContextVar("crossroads_place", default=None)


def home_of(context: Any) -> Life | None:
    """The life to which what runs in a context belongs."""
    place = context.get(PLACE)
    return None if place is None else place.home


def life_here() -> Life | None:
    """The life to which what is made now belongs."""
    place = PLACE.get()
    return None if place is None else place.life
