"""The state of CPython's Mersenne Twister, read where it lies: a third of a microsecond, where `getstate` makes 625 objects in twelve.

The layout, a place in the block and then the block of 624 words, is that of CPython's `Modules/_randommodule.c`; it is compared with
`getstate` when this is imported, and where it differs `getstate` is what is used.
"""

import _random
import ctypes
import struct
from typing import Any, Final

WORDS: Final = 624
"""Words in a block; a generator just seeded has its place there, at the block's end."""

_HEAD: Final = struct.Struct("i5I")
_HEAD_BYTES: Final = _HEAD.size
_WHOLE: Final = struct.Struct(f"i{WORDS}I")
_OFFSET: Final = object.__basicsize__
_get_state: Final[Any] = _random.Random.getstate
_Head: Final = ctypes.c_char * _HEAD_BYTES
_Whole: Final = ctypes.c_char * _WHOLE.size


def _lies_as_known() -> bool:
    sample = _random.Random(5)
    if type(sample).__basicsize__ < _OFFSET + _WHOLE.size:
        return False
    sample.getrandbits(96)
    *block, place = _get_state(sample)
    return _WHOLE.unpack(_Whole.from_address(id(sample) + _OFFSET).raw) == (place, *block)


def _read_head(instance: Any) -> bytes:
    return _Head.from_address(id(instance) + _OFFSET).raw


def _get_head(instance: Any) -> bytes:
    state = _get_state(instance)
    return _HEAD.pack(state[-1], *state[:5])


head: Final = _read_head if _lies_as_known() else _get_head
"""The place in the block, 0 to 624, and the block's first five words, as bytes, of an instance of `_random.Random` or a subclass.

Two streams that began with different seeds share them with probability 2**-128: the first word is the same after every seeding.
"""
