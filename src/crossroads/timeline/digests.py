"""The digest of a run: equal digests mean the same points, labels, options taken, draws and outcome.

A run of equal marks costs nothing here: only changes of label are hashed, with the index at which they came.
"""

import marshal
from hashlib import blake2b
from typing import Final

HELD: Final = 64
"""So many things are held back and folded at once."""

_FORMAT: Final = 0
"""Of `marshal`: the one in which equal values have equal bytes, wherever they came from; later ones tell shared objects apart."""

_LIST_HEAD: Final = 5
"""Bytes before the items of a list, its type and its length: what was folded at once makes no difference."""

_dumps = marshal.dumps


class Digest:
    """An order-sensitive fold of what happened in a run."""

    __slots__ = ("_hash", "_held")

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._held: list[tuple[str | int, ...]] = []

    def add(self, *parts: str | int) -> None:
        """Fold one thing that happened; its parts are kept apart from their neighbours."""
        held = self._held
        held.append(parts)
        if len(held) >= HELD:
            self._fold()

    def hexdigest(self) -> str:
        """32 hexadecimal digits for all that was added so far."""
        self._fold()
        return self._hash.hexdigest()

    def _fold(self) -> None:
        try:
            data = _dumps(self._held, _FORMAT)
        except ValueError:
            data = _dumps([tuple(map(_plain, parts)) for parts in self._held], _FORMAT)
        self._hash.update(memoryview(data)[_LIST_HEAD:])
        self._held.clear()


def _plain(part: str | int) -> str | int:
    """What a subclass stands for, which `marshal` doesn't write."""
    return str.__str__(part) if isinstance(part, str) else int.__index__(part)
