"""Socket options: those that Linux has by default, and those that a program has set."""

import socket
from typing import Final

REUSE_ADDRESS: Final = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
REUSE_PORT: Final = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
ONLY_INET6: Final = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
SEND_BUFFER: Final = (socket.SOL_SOCKET, socket.SO_SNDBUF)
RECEIVE_BUFFER: Final = (socket.SOL_SOCKET, socket.SO_RCVBUF)
LINGER: Final = (socket.SOL_SOCKET, socket.SO_LINGER)
BROADCASTS: Final = (socket.SOL_SOCKET, socket.SO_BROADCAST)
PEER: Final = (socket.SOL_SOCKET, getattr(socket, "SO_PEERCRED", 17))

Key = tuple[int, int]

BUFFER_BYTES: Final = 212_992
"""Linux' default size of a buffer (net.core.wmem_default)."""

SMALLEST: Final = {SEND_BUFFER: 4608, RECEIVE_BUFFER: 2304}
LARGEST: Final = 425_984


def _known(names: str, level: int, defaults: dict[str, int]) -> dict[Key, int]:
    found = ((name, getattr(socket, name, None)) for name in names.split())
    return {(level, number): defaults.get(name, 0) for name, number in found if number is not None}


_GENERAL: Final = _known(
    "SO_DEBUG SO_REUSEADDR SO_DONTROUTE SO_BROADCAST SO_KEEPALIVE SO_OOBINLINE SO_LINGER SO_REUSEPORT SO_PRIORITY SO_MARK SO_INCOMING_CPU "
    "SO_SNDBUF SO_RCVBUF SO_RCVLOWAT SO_SNDLOWAT SO_PASSCRED SO_BINDTODEVICE",
    socket.SOL_SOCKET,
    {"SO_SNDBUF": BUFFER_BYTES, "SO_RCVBUF": BUFFER_BYTES, "SO_RCVLOWAT": 1, "SO_SNDLOWAT": 1},
)
_TCP: Final = _known(
    "TCP_NODELAY TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2 TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP "
    "TCP_QUICKACK TCP_FASTOPEN TCP_USER_TIMEOUT TCP_NOTSENT_LOWAT",
    socket.IPPROTO_TCP,
    {"TCP_MAXSEG": 536, "TCP_KEEPIDLE": 7200, "TCP_KEEPINTVL": 75, "TCP_KEEPCNT": 9, "TCP_SYNCNT": 6, "TCP_LINGER2": 60, "TCP_QUICKACK": 1},
)
_IP: Final = _known("IP_TOS IP_TTL IP_RECVTOS IP_TRANSPARENT IP_MULTICAST_TTL IP_MULTICAST_LOOP", socket.IPPROTO_IP, {"IP_TTL": 64})
_IPV6: Final = _known("IPV6_V6ONLY IPV6_TCLASS IPV6_UNICAST_HOPS IPV6_RECVPKTINFO", socket.IPPROTO_IPV6, {"IPV6_UNICAST_HOPS": 64})

IP_EXTRA: Final = {(socket.IPPROTO_IP, 10): 1, (socket.IPPROTO_IP, 11): 0, (socket.IPPROTO_IP, 24): 0, (socket.IPPROTO_IPV6, 26): 0}
"""Path MTU discovery, reported errors, binding without a port: Linux' own numbers, which the module socket doesn't name."""

_FLAG_NAMES: Final = "SO_DEBUG SO_REUSEADDR SO_DONTROUTE SO_BROADCAST SO_KEEPALIVE SO_OOBINLINE SO_REUSEPORT SO_PASSCRED"
FLAGS: Final = frozenset((*_known(_FLAG_NAMES, socket.SOL_SOCKET, {}), (socket.IPPROTO_TCP, socket.TCP_NODELAY), ONLY_INET6))
"""What Linux keeps as yes or no."""


def defaults_for(family: int, kind: int) -> dict[Key, int]:
    """Every option that a socket of this family and kind has, and its value on Linux."""
    options = dict(_GENERAL)
    if family == socket.AF_UNIX:
        return options
    options |= _IP | IP_EXTRA
    if family == socket.AF_INET6:
        options |= _IPV6
    if kind == socket.SOCK_STREAM:
        options |= _TCP
        options |= {SEND_BUFFER: 2_626_560, RECEIVE_BUFFER: 131_072}
    return options


DEFAULTS: Final = {
    (int(family), int(kind)): defaults_for(family, kind)
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
}


def stored(key: Key, value: int) -> int:
    """What Linux remembers of a value that a program sets."""
    if key in SMALLEST:
        return max(SMALLEST[key], min(2 * value, LARGEST))
    return int(bool(value)) if key in FLAGS else value
