"""The digest of a run: equal digests mean the same points, labels, options taken, draws and outcome.

A run of equal marks costs nothing here: only changes of label are hashed, with the index at which they came.
"""

from hashlib import blake2b
from typing import Final

from crossroads.timeline.hashing import bytes_of

HELD: Final = 64
"""So many things are held back and folded at once."""


class Digest:
    """An order-sensitive fold of what happened in a run."""

    __slots__ = ("_hash", "_held")

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._held: list[tuple[str | int, ...]] = []

    def add(self, *parts: str | int) -> None:
        """Fold one thing that happened; its parts are kept apart from their neighbours."""
        self.hold(parts)

    def open(self, *parts: str | int) -> None:
        """Put one thing before all that was added, at most HELD - 1 until now."""
        self._held.insert(0, parts)

    def hold(self, parts: tuple[str | int, ...]) -> None:
        """The same, of parts that are a tuple already."""
        held = self._held
        held.append(parts)
        if len(held) >= HELD:
            self._fold()

    def hexdigest(self) -> str:
        """32 hexadecimal digits for all that was added so far."""
        self._fold()
        return self._hash.hexdigest()

    def _fold(self) -> None:
        self._hash.update(bytes_of(self._held))
        self._held.clear()
