"""Seeds from names: a keyed hash takes the place of a stream, so that unrelated draws don't disturb each other.

Source: counter-based generators (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3"); here blake2b, which the
standard library has, at about 2 µs a draw.
"""

from hashlib import blake2b

from crossroads.timeline.hashing import Four, KeyedFour

_from_bytes = int.from_bytes

SEED_MAX = 2**64 - 1
"""Seeds are whole numbers from 0 to this, both included."""


def derive(seed: int, *names: str | int) -> int:
    """A seed (0 <= seed < 2**64) for a named part of what `seed` governs; equal names give equal seeds."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=seed.to_bytes(8, "big")).digest(), "big")


class Units:
    """Uniform numbers, 0 <= u < 1, for named draws under one seed."""

    __slots__ = ("_four_of", "_key", "_keyed")

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(8, "big")
        self._keyed: blake2b | None = None
        self._four_of = KeyedFour(self._key).of

    def draw(self, kind: str, name: str, occurrence: int) -> float:
        """The number for the draw of this kind and name that was made so many times before."""
        if self._keyed is None:
            self._keyed = blake2b(digest_size=8, key=self._key)
        keyed = self._keyed.copy()
        keyed.update(f"{kind}\0{name}\0{occurrence}".encode("utf-8", "surrogatepass"))
        return (_from_bytes(keyed.digest(), "big") >> 11) * 2.0**-53

    def four(self, name: str, occurrence: int) -> Four:
        """Four numbers for what has this name and came after so many of the same name: they cost little more than one."""
        return self._four_of(f"{name}\0{occurrence}" if occurrence else name)
