"""Attributes replaced for a while: on modules and classes, and put back as they were found.

What they are replaced by, and why, is the business of the modules that patch.
"""

from collections.abc import Callable
from typing import Any

_MISSING = object()


class Patches:
    """A list of replaced attributes that can be undone."""

    __slots__ = ("_done",)

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replace one attribute.

        Args:
            owner: a module, a class that may be written to, or an instance with a `__dict__`.
            name: of the attribute; one that the owner only inherits, or doesn't have, is taken away again by `undo`.
                `__class__` is what the owner is an instance of.
            value: what takes its place.
        """
        self._done.append((owner, name, type(owner) if name == "__class__" else vars(owner).get(name, _MISSING)))
        setattr(owner, name, value)

    def undo(self) -> None:
        """Put everything back, the last replaced first; nothing happens where nothing was replaced."""
        while self._done:
            owner, name, original = self._done.pop()
            if original is not _MISSING:
                setattr(owner, name, original)
            elif name in vars(owner):
                delattr(owner, name)


class Covers:
    """Names that have a thin wrapper as long as somebody wants to know of their first use, and cost nothing extra afterwards."""

    __slots__ = ("_covered", "_names")

    def __init__(self) -> None:
        self._names: list[tuple[Any, str, Any, Any]] = []
        self._covered = True

    def add(self, owner: Any, name: str, thin: Callable[..., Any]) -> None:
        """Take one more name in; it is covered at once if the others are.

        Args:
            owner: a module, or an instance with a `__dict__`.
            name: as it is now, so it will be again when uncovered.
            thin: the wrapper.
        """
        bare = vars(owner).get(name, _MISSING)
        self._names.append((owner, name, bare, thin))
        if self._covered:
            setattr(owner, name, thin)

    def cover(self) -> None:
        """Put the wrappers on, except where the program has put something of its own meanwhile."""
        self._covered = True
        for owner, name, bare, thin in self._names:
            if vars(owner).get(name, _MISSING) is bare:
                setattr(owner, name, thin)

    def uncover(self) -> None:
        """Take the wrappers off, except where the program has put something of its own meanwhile."""
        if not self._covered:
            return
        self._covered = False
        for owner, name, bare, thin in self._names:
            if vars(owner).get(name, _MISSING) is not thin:
                continue
            if bare is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, bare)

    def forget(self) -> None:
        """Let all names go, without touching them, and be as new."""
        self._names.clear()
        self._covered = True
