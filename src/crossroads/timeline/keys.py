"""Seeds from names: a keyed hash takes the place of a stream, so that unrelated draws don't disturb each other.

Source: counter-based generators (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3"); here blake2b, which the
standard library has, at about 2 µs a draw.
"""

from hashlib import blake2b

SEED_MAX = 2**64 - 1
"""Seeds are whole numbers from 0 to this, both included."""


def derive(seed: int, *names: str | int) -> int:
    """A seed (0 <= seed < 2**64) for a named part of what `seed` governs; equal names give equal seeds."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=seed.to_bytes(8, "big")).digest(), "big")


def unit(seed: int, *names: str | int) -> float:
    """A uniform number, 0 <= u < 1, for a named draw under `seed`."""
    return (derive(seed, *names) >> 11) * 2.0**-53
