"""Shared memory in which a future leaves its result: it needs no descriptor, so a program that closes all of them can still be counted.

One future at a time lives under a server, so one region serves all of a trunk's processes.
"""

import json
import mmap
import struct
from typing import Any, Final

REGION_BYTES: Final = 16 * 1024 * 1024
"""Room for the largest result, a trace of some ten thousand points; pages that aren't written cost nothing."""

_LENGTH: Final = struct.Struct("<Q")
_dumps, _loads = json.dumps, json.loads


class Region:
    """A result of at most one future: empty, or one JSON object."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, REGION_BYTES)

    def clear(self) -> None:
        """Empty it, before a future begins."""
        _LENGTH.pack_into(self._memory, 0, 0)

    def write(self, result: dict[str, Any]) -> None:
        """Leave a result; the length goes last, so that a future killed while writing has left nothing."""
        body = _dumps(result, separators=(",", ":")).encode()
        if len(body) > REGION_BYTES - _LENGTH.size:
            body = _dumps({**result, "trace": [], "choices": []}, separators=(",", ":")).encode()
        self._memory[_LENGTH.size : _LENGTH.size + len(body)] = body
        _LENGTH.pack_into(self._memory, 0, len(body))

    def read(self) -> dict[str, Any] | None:
        """The result that was left, None if there is none or it isn't one."""
        (length,) = _LENGTH.unpack_from(self._memory, 0)
        if not 0 < length <= REGION_BYTES - _LENGTH.size:
            return None
        try:
            result = _loads(self._memory[_LENGTH.size : _LENGTH.size + length])
        except (ValueError, RecursionError):
            return None
        return result if isinstance(result, dict) else None
