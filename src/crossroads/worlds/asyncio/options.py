"""Socket options: those that Linux has by default, those that a program has set, and those that would change what it sees.

Most are hints that have no effect in the world; they are kept as the kernel keeps them. The numbers are Linux' own, as the module socket
doesn't name all of them. Source: include/uapi/asm-generic/socket.h, linux/in.h, linux/in6.h, linux/tcp.h and linux/udp.h of Linux 6.
"""

import errno
import os
import socket
from typing import Final

Key = tuple[int, int]
"""Level and number."""

Value = int | bytes

IP: Final = socket.IPPROTO_IP
IPV6: Final = socket.IPPROTO_IPV6
TCP: Final = socket.IPPROTO_TCP
UDP: Final = socket.IPPROTO_UDP

REUSE_ADDRESS: Final = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
REUSE_PORT: Final = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
ONLY_INET6: Final = (IPV6, socket.IPV6_V6ONLY)
SEND_BUFFER: Final = (socket.SOL_SOCKET, socket.SO_SNDBUF)
RECEIVE_BUFFER: Final = (socket.SOL_SOCKET, socket.SO_RCVBUF)
LINGER: Final = (socket.SOL_SOCKET, socket.SO_LINGER)
BROADCASTS: Final = (socket.SOL_SOCKET, socket.SO_BROADCAST)
PEER: Final = (socket.SOL_SOCKET, getattr(socket, "SO_PEERCRED", 17))
CONGESTION: Final = (TCP, 13)
ERRORS: Final = ((IP, 11), (IPV6, 25))
"""IP_RECVERR and IPV6_RECVERR."""

ADDRESSED: Final = (IP, 8)
ADDRESSED_INET6: Final = (IPV6, 49)
"""IP_PKTINFO and IPV6_RECVPKTINFO."""

PACKET_INET6: Final = (IPV6, 50)
"""IPV6_PKTINFO, which is what IPV6_RECVPKTINFO has come."""

BUFFER_BYTES: Final = 212_992
"""Linux' default size of a buffer (net.core.wmem_default)."""

SMALLEST: Final = {SEND_BUFFER: 4608, RECEIVE_BUFFER: 2304}
LARGEST: Final = 425_984

FORCED: Final[dict[Key, Key]] = {(socket.SOL_SOCKET, 32): SEND_BUFFER, (socket.SOL_SOCKET, 33): RECEIVE_BUFFER}
"""Other names under which a buffer can be set."""

CONGESTION_KNOWN: Final = (b"cubic", b"reno", b"bbr")
TIME_BYTES: Final = 16
TEXT_BYTES: Final = 16


def _read(level: int, text: str) -> dict[Key, int]:
    """ "NAME=number:default" for each option of a level; most are 0 by default."""
    found = {}
    for part in text.split():
        name, _, rest = part.partition("=")
        number, _, default = rest.partition(":")
        found[level, int(number)] = int(default or 0)
        NAMES[level, int(number)] = name
    return found


NAMES: Final[dict[Key, str]] = {}

_GENERAL_FLAGS: Final = _read(
    socket.SOL_SOCKET,
    "SO_DEBUG=1 SO_REUSEADDR=2 SO_DONTROUTE=5 SO_BROADCAST=6 SO_KEEPALIVE=9 SO_OOBINLINE=10 SO_NO_CHECK=11 SO_BSDCOMPAT=14 SO_REUSEPORT=15 "
    "SO_PASSCRED=16 SO_WIFI_STATUS=41 SO_NOFCS=43 SO_LOCK_FILTER=44 SO_SELECT_ERR_QUEUE=45 SO_ZEROCOPY=60 "
    "SO_PREFER_BUSY_POLL=69 SO_TXREHASH=74:1",
)
_GENERAL: Final = _read(
    socket.SOL_SOCKET,
    f"SO_SNDBUF=7:{BUFFER_BYTES} SO_RCVBUF=8:{BUFFER_BYTES} SO_PRIORITY=12 SO_LINGER=13 SO_RCVLOWAT=18:1 SO_MARK=36 SO_BUSY_POLL=46 "
    "SO_MAX_PACING_RATE=47:-1 SO_INCOMING_CPU=49:-1 SO_BINDTOIFINDEX=62 SO_BUF_LOCK=72",
)
_GENERAL_BYTES: Final[dict[Key, bytes]] = {
    (socket.SOL_SOCKET, 20): bytes(TIME_BYTES),
    (socket.SOL_SOCKET, 21): bytes(TIME_BYTES),
    (socket.SOL_SOCKET, 25): b"",
}
"""SO_RCVTIMEO and SO_SNDTIMEO, which nothing that doesn't wait obeys, and SO_BINDTODEVICE."""

_GENERAL_TOLD: Final = _read(
    socket.SOL_SOCKET,
    "SO_TIMESTAMP=29 SO_PASSSEC=34 SO_TIMESTAMPNS=35 SO_TIMESTAMPING=37 SO_RXQ_OVFL=40 SO_TIMESTAMP_NEW=63 SO_TIMESTAMPNS_NEW=64 "
    "SO_TIMESTAMPING_NEW=65 SO_RCVMARK=75 SO_PASSPIDFD=76",
)
_GENERAL_FELT: Final = _read(
    socket.SOL_SOCKET,
    "SO_ATTACH_FILTER=26 SO_PEEK_OFF=42:-1 SO_ATTACH_BPF=50 SO_ATTACH_REUSEPORT_CBPF=51 SO_ATTACH_REUSEPORT_EBPF=52 SO_TXTIME=61",
)

_TCP_FLAGS: Final = _read(
    TCP,
    "TCP_NODELAY=1 TCP_CORK=3 TCP_QUICKACK=12:1 TCP_THIN_LINEAR_TIMEOUTS=16 TCP_SAVE_SYN=27 TCP_FASTOPEN_CONNECT=30 "
    "TCP_FASTOPEN_NO_COOKIE=34",
)
_TCP: Final = _read(
    TCP,
    "TCP_MAXSEG=2:536 TCP_KEEPIDLE=4:7200 TCP_KEEPINTVL=5:75 TCP_KEEPCNT=6:9 TCP_SYNCNT=7:6 TCP_LINGER2=8:60 TCP_DEFER_ACCEPT=9 "
    "TCP_WINDOW_CLAMP=10 TCP_THIN_DUPACK=17 TCP_USER_TIMEOUT=18 TCP_FASTOPEN=23 TCP_NOTSENT_LOWAT=25 TCP_TX_DELAY=37",
)
_TCP_TOLD: Final = _read(TCP, "TCP_INQ=36")
_TCP_FELT: Final = _read(TCP, "TCP_REPAIR=19 TCP_ULP=31 TCP_MD5SIG=14")

_UDP_FLAGS: Final = _read(UDP, "UDP_NO_CHECK6_TX=101 UDP_NO_CHECK6_RX=102")
_UDP_TOLD: Final = _read(UDP, "UDP_GRO=104")
_UDP_FELT: Final = _read(UDP, "UDP_CORK=1 UDP_ENCAP=100 UDP_SEGMENT=103")

_IP_FLAGS: Final = _read(
    IP,
    "IP_PKTINFO=8 IP_RECVERR=11 IP_FREEBIND=15 IP_TRANSPARENT=19 IP_BIND_ADDRESS_NO_PORT=24 IP_RECVERR_RFC4884=26 IP_MULTICAST_LOOP=34:1 "
    "IP_MULTICAST_ALL=49:1",
)
_IP: Final = _read(
    IP,
    "IP_TOS=1 IP_TTL=2:64 IP_MTU_DISCOVER=10:1 IP_MINTTL=21 IP_MULTICAST_IF=32 IP_MULTICAST_TTL=33:1 "
    "IP_UNICAST_IF=50 IP_LOCAL_PORT_RANGE=51",
)
_IP_TOLD: Final = _read(
    IP,
    "IP_RECVOPTS=6 IP_RETOPTS=7 IP_RECVTTL=12 IP_RECVTOS=13 IP_PASSSEC=18 IP_RECVORIGDSTADDR=20 IP_CHECKSUM=23 IP_RECVFRAGSIZE=25",
)
_IP_FELT: Final = _read(
    IP,
    "IP_OPTIONS=4 IP_ADD_MEMBERSHIP=35 IP_DROP_MEMBERSHIP=36 IP_ADD_SOURCE_MEMBERSHIP=39 IP_DROP_SOURCE_MEMBERSHIP=40 MCAST_JOIN_GROUP=42 "
    "MCAST_LEAVE_GROUP=45 MCAST_JOIN_SOURCE_GROUP=46 MCAST_LEAVE_SOURCE_GROUP=47",
)

_IPV6_FLAGS: Final = _read(
    IPV6,
    "IPV6_MULTICAST_LOOP=19:1 IPV6_RECVERR=25 IPV6_V6ONLY=26 IPV6_MULTICAST_ALL=29:1 IPV6_ROUTER_ALERT_ISOLATE=30 IPV6_RECVERR_RFC4884=31 "
    "IPV6_FLOWINFO_SEND=33 IPV6_RECVPKTINFO=49 IPV6_DONTFRAG=62 IPV6_AUTOFLOWLABEL=70:1 IPV6_TRANSPARENT=75 IPV6_FREEBIND=78",
)

_IPV6: Final = _read(
    IPV6,
    "IPV6_UNICAST_HOPS=16:64 IPV6_MULTICAST_IF=17 IPV6_MULTICAST_HOPS=18:1 IPV6_MTU_DISCOVER=23:1 IPV6_TCLASS=67 "
    "IPV6_ADDR_PREFERENCES=72:1280 IPV6_MINHOPCOUNT=73 "
    "IPV6_UNICAST_IF=76",
)
_IPV6_TOLD: Final = _read(
    IPV6,
    "IPV6_2292PKTINFO=2 IPV6_2292HOPOPTS=3 IPV6_2292DSTOPTS=4 IPV6_2292RTHDR=5 IPV6_2292HOPLIMIT=8 IPV6_FLOWINFO=11 IPV6_RECVHOPLIMIT=51 "
    "IPV6_RECVHOPOPTS=53 IPV6_RECVRTHDR=56 IPV6_RECVDSTOPTS=58 IPV6_RECVPATHMTU=60 IPV6_RECVTCLASS=66 IPV6_RECVORIGDSTADDR=74 "
    "IPV6_RECVFRAGSIZE=77",
)
_IPV6_FELT: Final = _read(
    IPV6,
    "IPV6_2292PKTOPTIONS=6 IPV6_JOIN_GROUP=20 IPV6_LEAVE_GROUP=21 IPV6_JOIN_ANYCAST=27 IPV6_LEAVE_ANYCAST=28 "
    "MCAST_JOIN_GROUP=42 MCAST_LEAVE_GROUP=45 MCAST_JOIN_SOURCE_GROUP=46 MCAST_LEAVE_SOURCE_GROUP=47",
)

FLAGS: Final = frozenset((*_GENERAL_FLAGS, *_TCP_FLAGS, *_UDP_FLAGS, *_IP_FLAGS, *_IPV6_FLAGS))
"""What Linux keeps as yes or no."""

TOLD: Final = frozenset((*_GENERAL_TOLD, *_TCP_TOLD, *_UDP_TOLD, *_IP_TOLD, *_IPV6_TOLD))
"""What has recvmsg() tell more than bytes and their sender."""

FELT: Final = frozenset((*_GENERAL_FELT, *_TCP_FELT, *_UDP_FELT, *_IP_FELT, *_IPV6_FELT))
"""What changes which bytes arrive, where or how."""

MEMBERSHIPS: Final = frozenset(key for key in FELT if NAMES[key].endswith(("MEMBERSHIP", "GROUP", "ANYCAST")))

UNKNOWN_HERE: Final = frozenset((*_read(TCP, "TCP_INFO=11 TCP_CC_INFO=26"), *_read(IP, "IP_MTU=14"), *_read(IPV6, "IPV6_MTU=24")))
"""What the kernel tells of a wire that the world doesn't have."""

RANGES: Final[dict[Key, tuple[int, int]]] = {
    (IP, 2): (1, 255),
    (IP, 33): (-1, 255),
    (IPV6, 16): (-1, 255),
    (IPV6, 18): (-1, 255),
    (IPV6, 67): (-1, 255),
    (TCP, 4): (1, 32_767),
    (TCP, 5): (1, 32_767),
    (TCP, 6): (1, 127),
    (TCP, 7): (1, 127),
}
"""What Linux takes; anything else is EINVAL."""


def defaults_for(family: int, kind: int) -> dict[Key, Value]:
    """Every option that a socket of this family and kind has, and its value on Linux."""
    options: dict[Key, Value] = {**_GENERAL_FLAGS, **_GENERAL, **_GENERAL_BYTES, **_GENERAL_TOLD, **_GENERAL_FELT}
    if family == socket.AF_UNIX:
        return options
    options |= {**_IP_FLAGS, **_IP, **_IP_TOLD, **_IP_FELT}
    if family == socket.AF_INET6:
        options |= {**_IPV6_FLAGS, **_IPV6, **_IPV6_TOLD, **_IPV6_FELT}
    if kind == socket.SOCK_STREAM:
        options |= {**_TCP_FLAGS, **_TCP, **_TCP_TOLD, **_TCP_FELT, CONGESTION: b"cubic".ljust(TEXT_BYTES, b"\0")}
        options |= {SEND_BUFFER: 2_626_560, RECEIVE_BUFFER: 131_072}
    else:
        options |= {**_UDP_FLAGS, **_UDP_TOLD, **_UDP_FELT}
    return options


DEFAULTS: Final = {
    (int(family), int(kind)): defaults_for(family, kind)
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
}

LEVELS: Final = {kind: frozenset(level for level, _ in known) for kind, known in DEFAULTS.items()}


def is_delivered(key: Key, kind: int) -> bool:
    """Whether what an option has recvmsg() tell would be told: with TCP, what came in the headers of packets isn't."""
    return key in TOLD and (kind != socket.SOCK_STREAM or key[0] not in (IP, IPV6))


def stored(key: Key, value: int) -> int:
    """What Linux remembers of a number that a program sets.

    Raises:
        OSError: it takes no such number.
    """
    if key in SMALLEST:
        return max(SMALLEST[key], min(2 * value, LARGEST))
    least, most = RANGES.get(key, (value, value))
    if not least <= value <= most:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return int(bool(value)) if key in FLAGS else value


def stored_bytes(key: Key, value: bytes) -> bytes:
    """What Linux remembers of bytes that a program sets, where an option has bytes.

    Raises:
        OSError: it takes no such bytes.
    """
    if key == CONGESTION:
        name = value.partition(b"\0")[0]
        if name not in CONGESTION_KNOWN:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return name.ljust(TEXT_BYTES, b"\0")
    if key in ((socket.SOL_SOCKET, 20), (socket.SOL_SOCKET, 21)):
        if len(value) < TIME_BYTES:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return value[:TIME_BYTES]
    name = value.partition(b"\0")[0]
    return name + b"\0" if name else b""
