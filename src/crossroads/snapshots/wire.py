"""Messages between the controller and its snapshots: JSON objects, each behind its length, descriptors beside them.

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

_HEADER: Final = struct.Struct("!I")
_dumps, _loads = json.dumps, json.loads

Message = dict[str, Any]


class Closed(Exception):
    """The other end is gone, or sends what isn't a message."""


def send(channel: socket.socket, message: Message, descriptors: tuple[int, ...] = ()) -> None:
    """Send one message whole, blocking.

    Raises:
        Closed: the other end is gone.
    """
    assert len(descriptors) <= DESCRIPTORS_MAX, len(descriptors)
    body = _dumps(message, separators=(",", ":")).encode()
    data = _HEADER.pack(len(body)) + body
    try:
        if descriptors:
            sent = channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
            data = data[sent:]
        channel.sendall(data)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """Receive one message and the descriptors beside it, blocking.

    Raises:
        Closed: the other end is gone, or the message isn't one.
    """
    descriptors: list[int] = []
    (length,) = _HEADER.unpack(_exactly(channel, _HEADER.size, descriptors))
    if length > MESSAGE_BYTES_MAX:
        raise Closed(f"a message of {length} bytes")
    try:
        message = _loads(_exactly(channel, length, descriptors))
    except (ValueError, RecursionError) as error:
        raise Closed(str(error)) from None
    if not isinstance(message, dict):
        raise Closed(f"a message that is a {type(message).__name__}")
    return message, descriptors


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
