"""Shared memory between a supervisor and the process that lives under it: the order goes one way, what that one has lived the other.

It needs no descriptor, so a program that closes all of them can still be counted. One future at a time lives under a supervisor, and one
supervisor of a trunk at a time has work to do, so one region each way serves all of a trunk's processes.
"""

import json
import mmap
import struct
from typing import Any, Final

REGION_BYTES: Final = 16 * 1024 * 1024
"""Room for the largest result, a trace of some ten thousand points; pages that aren't written cost nothing."""

_LENGTH: Final = struct.Struct("<Q")
_pack_into, _unpack_from, _LENGTH_BYTES = _LENGTH.pack_into, _LENGTH.unpack_from, _LENGTH.size
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Region:
    """A piece of JSON, or nothing."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, REGION_BYTES)

    def clear(self) -> None:
        """Empty it, before a future begins."""
        _pack_into(self._memory, 0, 0)

    def put(self, body: bytes) -> bool:
        """Leave a piece of JSON, False if there is no room; the length goes last, so that one killed while writing has left nothing."""
        end = _LENGTH_BYTES + len(body)
        if end > REGION_BYTES:
            return False
        self._memory[_LENGTH_BYTES:end] = body
        _pack_into(self._memory, 0, len(body))
        return True

    def take(self) -> bytes:
        """What was left, b"" if nothing was."""
        (length,) = _unpack_from(self._memory, 0)
        return self._memory[_LENGTH_BYTES : _LENGTH_BYTES + length] if 0 < length <= REGION_BYTES - _LENGTH_BYTES else b""

    def write(self, result: dict[str, Any]) -> None:
        """Leave a result, without its long parts where there is no room for them."""
        if not self.put(_encode(result).encode()):
            self.put(_encode({**result, "trace": [], "choices": []}).encode())
