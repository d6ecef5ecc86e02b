"""A page that all processes of a ring share: the few numbers that don't go back when a life does."""

import mmap
import struct
from typing import Final

STREAMS_MAX: Final = 2

_NUMBER: Final = struct.Struct("<q")
_FIELDS: Final = ("life", "marks", "returns", "asked", "signed_ns", "shown_0", "shown_1", "reliving")


class Board:
    """Whole numbers, each written by one process at a time: the living life, or a supervisor while there is none.

    Attributes:
        life: process id of the life.
        marks: how many were set so far, discarded ones included; the number of the latest.
        returns: how many there were so far.
        asked: the signal by which somebody outside wants the program to end, 0 for none.
        reliving: 1 while a past is lived again from a journal, so that nobody is brought home; else 0.
        signed_ns: when the life last gave a sign of being alive, on the system's monotonic clock.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)

    def __getattr__(self, name: str) -> int:
        try:
            place = _FIELDS.index(name)
        except ValueError:
            raise AttributeError(name) from None
        number: int = _NUMBER.unpack_from(self._page, place * _NUMBER.size)[0]
        return number

    def note(self, name: str, number: int) -> None:
        """Write one of the numbers."""
        _NUMBER.pack_into(self._page, _FIELDS.index(name) * _NUMBER.size, number)

    def count(self, name: str) -> int:
        """Add 1 to one of the numbers; what it is now."""
        self.note(name, getattr(self, name) + 1)
        number: int = getattr(self, name)
        return number
