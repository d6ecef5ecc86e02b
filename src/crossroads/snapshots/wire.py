"""Messages between the controller and its snapshots: JSON objects, each behind its length, with what a future has left, and descriptors.

Both ends are our own processes, but a program under test lives in one of them: what arrives is checked as data.
"""

import array
import json
import socket
import struct
from typing import Any, Final

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
"""A longer message can only be garbage: the largest real one is a trace, some megabytes."""

DESCRIPTORS_MAX: Final = 128
"""Descriptors that one message may carry; Linux allows 253."""

ENCLOSED: Final = "enclosed"
"""Key under which a message has what was enclosed with it: JSON on its way from a future, which only the receiver reads."""

ALIVE: Final[dict[str, Any]] = {"alive": True}
"""Message of a server whose answer takes longer: it is there, and futures go on living."""

_HEADER: Final = struct.Struct("!II")
_dumps, _loads = json.dumps, json.loads

Message = dict[str, Any]


class Closed(Exception):
    """The other end is gone, or sends what isn't a message."""


def send(channel: socket.socket, message: Message, descriptors: tuple[int, ...] = (), enclosed: bytes = b"") -> None:
    """Send one message whole, blocking.

    Args:
        channel: to the other end.
        message: no more than MESSAGE_BYTES_MAX of it.
        descriptors: no more than DESCRIPTORS_MAX.
        enclosed: JSON, or what claims to be.

    Raises:
        Closed: the other end is gone.
    """
    assert len(descriptors) <= DESCRIPTORS_MAX, len(descriptors)
    body = _dumps(message, separators=(",", ":")).encode()
    data = b"".join((_HEADER.pack(len(body), len(enclosed)), body, enclosed))
    try:
        if descriptors:
            sent = channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
            data = data[sent:]
        channel.sendall(data)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """Receive one message and the descriptors beside it, blocking. What was enclosed is under ENCLOSED, None if it isn't JSON.

    Raises:
        Closed: the other end is gone, or the message isn't one.
    """
    descriptors: list[int] = []
    length, enclosed_length = _HEADER.unpack(_exactly(channel, _HEADER.size, descriptors))
    if max(length, enclosed_length) > MESSAGE_BYTES_MAX:
        raise Closed(f"a message of {length} and {enclosed_length} bytes")
    try:
        message = _loads(_exactly(channel, length, descriptors))
    except (ValueError, RecursionError) as error:
        raise Closed(str(error)) from None
    if not isinstance(message, dict):
        raise Closed(f"a message that is a {type(message).__name__}")
    if enclosed_length:
        message[ENCLOSED] = parsed(_exactly(channel, enclosed_length, descriptors))
    return message, descriptors


def parsed(text: bytes) -> Any:
    """What a future has left, None if it isn't JSON: only the program under test can have written that."""
    try:
        return _loads(text)
    except (ValueError, RecursionError):
        return None


def _exactly(channel: socket.socket, size: int, descriptors: list[int]) -> bytes:
    parts = []
    while size:
        try:
            data, ancillary, _, _ = channel.recvmsg(min(size, 1 << 20), socket.CMSG_SPACE(DESCRIPTORS_MAX * 4))
        except OSError as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("end of stream")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.extend(array.array("i", payload[: len(payload) - len(payload) % 4]))
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
