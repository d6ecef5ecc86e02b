"""Shared memory between a supervisor and the process that lives under it: the order goes one way, what that one has lived the other.

It needs no descriptor, so a program that closes all of them can still be counted. One process at a time lives under a supervisor, and one
supervisor of a trunk at a time has work to do, so one region each way serves all of a trunk's processes.
"""

import json
import mmap
import struct
from typing import Any, Final

REGION_BYTES: Final = 16 * 1024 * 1024
"""Room for the largest result, a trace of some ten thousand points; pages that aren't written cost nothing."""

_SIZE: Final = struct.Struct("<Q")
_TIME: Final = struct.Struct("<d")
_TIME_AT: Final = _SIZE.size
_BODY_AT: Final = _TIME_AT + _TIME.size
_put_size, _get_size, _put_time, _get_time = _SIZE.pack_into, _SIZE.unpack_from, _TIME.pack_into, _TIME.unpack_from
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Region:
    """Pieces of JSON, with commas between them, and the time at which the next was begun."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, REGION_BYTES)

    def clear(self) -> None:
        """Empty it."""
        _put_size(self._memory, 0, 0)

    def put(self, body: bytes) -> bool:
        """Leave one more piece, False if there is no room; its size goes last, so that one killed while writing has left nothing of it."""
        (size,) = _get_size(self._memory, 0)
        body = b"," + body if size else body
        begin = _BODY_AT + size
        end = begin + len(body)
        if end > REGION_BYTES:
            return False
        self._memory[begin:end] = body
        _put_size(self._memory, 0, size + len(body))
        return True

    def take(self) -> bytes:
        """What was left, b"" if nothing was."""
        (size,) = _get_size(self._memory, 0)
        return self._memory[_BODY_AT : _BODY_AT + size] if 0 < size <= REGION_BYTES - _BODY_AT else b""

    def write(self, result: dict[str, Any]) -> bool:
        """Leave a result, without its long parts where there is no room for them; False if there is none at all."""
        return self.put(_encode(result).encode()) or self.put(_encode({**result, "trace": [], "choices": []}).encode())

    @property
    def began(self) -> float:
        """When the next piece was begun."""
        return float(_get_time(self._memory, _TIME_AT)[0])

    @began.setter
    def began(self, now: float) -> None:
        _put_time(self._memory, _TIME_AT, now)
