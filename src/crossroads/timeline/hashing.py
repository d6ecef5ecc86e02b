"""Hashes that a life computes for every message, and at its beginning: numbers for a name, the bytes of what happened, and the state that
a source of draws gets. `hashing.pyx` is the same in C."""

import marshal
from hashlib import blake2b
from struct import Struct
from typing import Final

Four = tuple[float, float, float, float]

_FORMAT: Final = 0
"""Of `marshal`: the one in which equal values have equal bytes, wherever they came from; later ones tell shared objects apart."""

_LIST_HEAD: Final = 5
"""Bytes before the items of a list, its type and its length: what was folded at once makes no difference."""

_unpack = Struct(">4Q").unpack
_dumps = marshal.dumps


class KeyedFour:
    """Four uniform numbers, 0 <= u < 1, for each name.

    Args:
        key: 8 bytes.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=32, key=key)

    def of(self, name: str) -> Four:
        """The numbers of a name, of at least one character."""
        keyed = self._keyed.copy()
        keyed.update(name.encode("utf-8", "surrogatepass"))
        one, two, three, four = _unpack(keyed.digest())
        return (one >> 11) * 2.0**-53, (two >> 11) * 2.0**-53, (three >> 11) * 2.0**-53, (four >> 11) * 2.0**-53


def fold(seed: int, state: bytes) -> bytes:
    """F(seed, state): 16 bytes.

    Args:
        seed: 0 <= seed < 2**64.
        state: of any length from 1 on.
    """
    return blake2b(state, key=seed.to_bytes(8, "big"), digest_size=16).digest()


def bytes_of(held: list[tuple[str | int, ...]]) -> bytes:
    """Bytes that tell lists of tuples apart, one after the other: what comes of two lists, put together, is what comes of both in one."""
    try:
        data = _dumps(held, _FORMAT)
    except ValueError:
        data = _dumps([tuple(map(_plain, parts)) for parts in held], _FORMAT)
    return data[_LIST_HEAD:]


def _plain(part: str | int) -> str | int:
    """What a subclass stands for, which `marshal` doesn't write."""
    if type(part) is bool:
        return part
    return str.__str__(part) if isinstance(part, str) else int.__index__(part)
