"""Internet addresses as a program writes them, and as the kernel and our labels spell them."""

import socket
from functools import lru_cache
from operator import index
from typing import Any, Final

INET: Final = int(socket.AF_INET)
INET6: Final = int(socket.AF_INET6)
UNIX: Final = int(socket.AF_UNIX)

ANY: Final = {INET: "0.0.0.0", INET6: "::"}
LOOPBACK: Final = {INET: "127.0.0.1", INET6: "::1"}
BROADCAST: Final = "255.255.255.255"
PORT_MAX: Final = 65535
UNIX_PATH_MAX: Final = 108

_MAPPED: Final = "::ffff:"
_NAMES: Final = {INET: "AF_INET", INET6: "AF_INET6"}
_pton: Final = socket.inet_pton
_ntop: Final = socket.inet_ntop
_aton: Final = socket.inet_aton

Address = Any
"""As getsockname gives it: (ip, port), (ip, port, flow, scope), or the path of a Unix socket, bytes for an abstract one."""


@lru_cache(1024)
def canonical(family: int, text: str) -> str | None:
    """A numeric address as the kernel spells it; None for what isn't one."""
    try:
        return _ntop(family, _pton(family, text))
    except (OSError, ValueError):
        pass
    if family != INET or not text.replace(".", "").isdecimal():
        return None
    try:
        return _ntop(INET, _aton(text))
    except OSError:
        return None


def family_of(ip: str) -> int:
    """The family of a canonical address."""
    return INET6 if ":" in ip else INET


def split_inet(family: int, address: Any, call: str) -> tuple[str, int]:
    """Take an address of a program apart, with the errors of stock Python.

    Returns:
        The host as text (a name, a number or empty), and the port, 0 <= port <= 65535.
    """
    name = _NAMES[family]
    if not isinstance(address, tuple):
        raise TypeError(f"{call}(): {name} address must be tuple, not {type(address).__name__}")
    if family == INET and len(address) != 2:
        raise TypeError("AF_INET address must be a pair (host, port)")
    if not 2 <= len(address) <= 4:
        raise TypeError("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])")
    host, port = address[0], index(address[1])
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii")
    if not isinstance(host, str):
        raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")
    if not 0 <= port <= PORT_MAX:
        raise OverflowError(f"{call}(): port must be 0-65535.")
    return host, port


def make_inet(family: int, ip: str, port: int) -> Address:
    """An address as the kernel reports it to a socket of this family."""
    if family == INET:
        return ip, port
    return (ip if ":" in ip else _MAPPED + ip), port, 0, 0


def unmapped(ip: str) -> str:
    """The IPv4 address in an IPv6 one that stands for it, else the address itself."""
    return ip.removeprefix(_MAPPED) if ip.startswith(_MAPPED) and "." in ip else ip


def unix_path(address: Any) -> str | bytes:
    """The path in an address of a program: bytes for an abstract name, which starts with a zero."""
    if isinstance(address, str):
        path: str | bytes = address
        raw = address.encode("utf-8", "surrogateescape")
    else:
        raw = bytes(memoryview(address))
        path = raw.decode("utf-8", "surrogateescape")
    if len(raw) > UNIX_PATH_MAX - (not raw.startswith(b"\0")):
        raise OSError("AF_UNIX path too long")
    return raw if raw.startswith(b"\0") else path


def spell(ip: str, port: int) -> str:
    """An address as labels have it."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def address_text(address: Address) -> str:
    """Any socket's address as labels have it; "unnamed" for one that has none."""
    if isinstance(address, tuple):
        return spell(str(address[0]), int(address[1]))
    return str(address) if address else "unnamed"
