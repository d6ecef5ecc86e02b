"""The sockets that this process has open: who is at the other end, and how much it was told."""

import _socket
import fcntl
import os
import struct
import termios
from _socket import SO_ACCEPTCONN, SOCK_STREAM, SOL_SOCKET, socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from crossroads.rings.descriptors import Descriptor

__all__ = ["OpenSocket", "address_text", "open_sockets", "unread_bytes"]

_dup, _ioctl = os.dup, fcntl.ioctl
_TCP_INFO: Final = getattr(_socket, "TCP_INFO", None)
_BYTES_SENT_AT, _BYTES_AGAIN_AT = 200, 208  # in Linux' struct tcp_info, since 4.19
_TCP_INFO_BYTES: Final = 216
_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """One socket.

    Attributes:
        number: of its descriptor.
        identity: device and inode; the same for all descriptors of it.
        local: its own address, "" without one.
        peer: the other end's address; "" if it isn't connected, or the other end has none.
        is_listening: whether it takes connections.
        is_outside: whether somebody else than this process is, or can be, at the other end.
        sent_bytes: how much went out so far, None where the system doesn't tell.
        unread_bytes: how much waits to be read.
    """

    number: int
    identity: tuple[int, int]
    local: str
    peer: str
    is_listening: bool
    is_outside: bool
    sent_bytes: int | None
    unread_bytes: int

    @property
    def name(self) -> str:
        """For a person."""
        return self.peer or self.local or f"socket of descriptor {self.number}"


def open_sockets(descriptors: Iterable[Descriptor], own_processes: Collection[int]) -> list[OpenSocket]:
    """What is known about those of some descriptors that are sockets.

    Args:
        descriptors: of this process.
        own_processes: ids that this process has had, in the lives before this one.
    """
    found = [_open_socket(one, own_processes) for one in descriptors if one.kind == "socket"]
    ends = {(one.local, one.peer) for one in found}
    return [_inside(one) if one.peer and one.local and (one.peer, one.local) in ends else one for one in found]


def address_text(address: Any) -> str:
    """An address as Python has it, for a person."""
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    if isinstance(address, str):
        return address.replace("\0", "@")
    if isinstance(address, tuple) and len(address) >= 2 and isinstance(address[0], str):
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{host}:{address[1]}"
    return str(address)


def unread_bytes(number: int) -> int:
    """How much waits in a socket or pipe; 0 where the system doesn't tell."""
    try:
        return int(struct.unpack("i", _ioctl(number, termios.FIONREAD, b"\0" * 4))[0])
    except OSError:
        return 0


def _open_socket(one: Descriptor, own_processes: Collection[int]) -> OpenSocket:
    with_it = socket(fileno=_dup(one.number))
    try:
        local, peer = _address(with_it.getsockname), _address(with_it.getpeername)
        is_connected = _is_connected(with_it)
        is_listening = bool(_option(with_it, SOL_SOCKET, SO_ACCEPTCONN))
        is_outside = is_listening or is_connected or (with_it.type != SOCK_STREAM and _has_port(local))
        if is_connected and with_it.family == _socket.AF_UNIX and not is_listening:
            is_outside = _peer_process(with_it) not in own_processes
        sent, unread = _sent_bytes(with_it), 0 if is_listening else unread_bytes(one.number)
    finally:
        with_it.close()
    return OpenSocket(one.number, one.identity, local, peer, is_listening, is_outside, sent, unread)


def _inside(one: OpenSocket) -> OpenSocket:
    return OpenSocket(one.number, one.identity, one.local, one.peer, one.is_listening, False, one.sent_bytes, one.unread_bytes)


def _address(ask: Any) -> str:
    try:
        return address_text(ask())
    except OSError:
        return ""


def _has_port(address: str) -> bool:
    return bool(address) and not address.endswith(":0")


def _is_connected(one: socket) -> bool:
    try:
        one.getpeername()
    except OSError:
        return False
    return True


def _option(one: socket, level: int, name: int) -> int:
    try:
        return one.getsockopt(level, name)
    except OSError:
        return 0


def _peer_process(one: socket) -> int:
    """Of a Unix socket: the process that made the other end; 0 where the system doesn't tell."""
    try:
        return int(_CREDENTIALS.unpack(one.getsockopt(SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIALS.size))[0])
    except (OSError, AttributeError):
        return 0


def _sent_bytes(one: socket) -> int | None:
    if _TCP_INFO is None or one.type != SOCK_STREAM or one.family not in (_socket.AF_INET, _socket.AF_INET6):
        return None
    try:
        about = one.getsockopt(_socket.IPPROTO_TCP, _TCP_INFO, _TCP_INFO_BYTES)
        sent, again = (int(struct.unpack_from("Q", about, at)[0]) for at in (_BYTES_SENT_AT, _BYTES_AGAIN_AT))
    except (OSError, struct.error):
        return None
    return sent - again
