"""What a program's tasks and processes wait at: queues, locks, resources. Remembered from when they are made, in lives that are looked at.

Other lives are left alone, and pay nothing. An object is held weakly: that it is remembered changes nothing for the program.
"""

import os
import sys
import typing
import weakref
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any, Final, NamedTuple

from crossroads.snapshots.places import describe_place, is_own
from crossroads.worlds.patches import Patches

KEPT_MAX: Final = 20_000
"""Objects of one group; of a program that makes more, the later ones aren't told of."""

SHOWN_MAX: Final = 200
"""Rows of one group; more than these nobody reads."""

WAITING_MAX: Final = 20
"""Named for one object; the others are counted."""

DEPTH_MAX: Final = 40

Row = dict[str, Any]
Waiting = list[tuple[str, str]]
"""(what for, who waits), in order."""


class Holding(NamedTuple):
    """An object that somebody may wait at.

    Args:
        thing: itself.
        made: "file:line in function" of the program's line that made it, "" where none did.
        is_own: whether the program made it itself, rather than a library for its own use.
    """

    thing: Any
    made: str
    is_own: bool


class Holdings:
    """The objects of one life, by group, in the order in which they were made."""

    def __init__(self) -> None:
        self._patches = Patches()
        self._known: dict[str, list[tuple[weakref.ref[Any], str, bool]]] = {}
        self._tellers: list[Callable[[], dict[str, list[Row]]]] = []
        self._making = 0

    def watch(self, owner: Any, group: str, *, without: str = "\0") -> None:
        """Remember each object of a class from now on, those of its subclasses included.

        Args:
            owner: the class. An object that is made by the initialiser of another one that is watched is a part of that one.
            group: under which `living` gives it.
            without: a part of a file's path; objects that are made in there are left out.
        """
        stock = owner.__init__
        folder = os.path.dirname(sys.modules[owner.__module__].__file__ or "")

        @wraps(stock)
        def init(this: Any, *args: Any, **options: Any) -> None:
            self._making += 1
            try:
                stock(this, *args, **options)
            finally:
                self._making -= 1
            if not self._making:
                self._remember(group, this, folder, without)

        self._patches.set(owner, "__init__", init)

    def tell(self, teller: Callable[[], dict[str, list[Row]]]) -> None:
        """Have `state` include what this function gives."""
        self._tellers.append(teller)

    def living(self, group: str) -> Iterator[Holding]:
        """The objects of a group that are still there."""
        there = [(one, thing) for one in self._known.get(group, ()) if (thing := one[0]()) is not None]
        self._known[group] = [one for one, _ in there]
        for (_, made, own), thing in there:
            yield Holding(thing, made, own)

    def state(self) -> dict[str, list[Row]]:
        """All that is to be told at this moment, by kind."""
        return {kind: rows[:SHOWN_MAX] for teller in self._tellers for kind, rows in teller().items()}

    def forget(self) -> None:
        """Leave the classes as they were found."""
        self._patches.undo()

    def _remember(self, group: str, thing: Any, folder: str, without: str) -> None:
        known = self._known.setdefault(group, [])
        if len(known) >= KEPT_MAX:
            known[:] = [one for one in known if one[0]() is not None]
        found = _maker(sys._getframe(2), folder, without)
        if found is not None and len(known) < KEPT_MAX and type(thing).__weakrefoffset__:
            known.append((weakref.ref(thing), *found))


def row_of(holding: Holding, holds: str, waiting: Waiting) -> Row:
    """An object as a row: its class, the line that made it, what it holds, and who waits at it."""
    more = [("", f"{len(waiting) - WAITING_MAX} more")] if len(waiting) > WAITING_MAX else []
    return {
        "name": type(holding.thing).__name__.lstrip("_"),
        "made": holding.made,
        "holds": holds,
        "waiting": [list(one) for one in waiting[:WAITING_MAX] + more],
    }


def amount(size: float, most: float) -> str:
    """A size, out of what there is room for where that isn't endless: 0 or infinite."""
    return f"{size:g} of {most:g}" if 0 < most < float("inf") else f"{size:g}"


def items(size: float, most: float) -> str:
    """The same of things that are counted."""
    counted = amount(size, most)
    return f"{counted} item" if counted.endswith(" 1") or counted == "1" else f"{counted} items"


def _maker(frame: FrameType | None, folder: str, without: str) -> tuple[str, bool] | None:
    """(the program's line that made an object, whether it did so itself); None for one that isn't to be told of."""
    own = True
    for _ in range(DEPTH_MAX):
        if frame is None:
            break
        file = frame.f_code.co_filename
        if without in file:
            return None
        if is_own(file):
            return describe_place(frame.f_code, frame.f_lineno), own
        if not file.startswith(folder) and file != typing.__file__:
            own = False
        frame = frame.f_back
    return "", False
