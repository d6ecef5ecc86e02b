"""The module `socket` as the program sees it in the world, put in place before the program is imported and taken away after it.

What stock Python builds on `socket.socket` and its like (create_connection, create_server, getfqdn, all of asyncio) is left as it is and
finds the world's.
"""

import os
import socket
import ssl
from typing import Any, Final, NoReturn

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.sockets import Socket
from crossroads.worlds.patches import Patches

RESOLVER: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "gethostname", "getservbyname", "getservbyport")

_real_close: Final = os.close


def install(network: Network) -> Patches:
    """Let the program's sockets be those of a network.

    Args:
        network: where they belong; only one at a time.

    Returns:
        Patches whose `undo` puts the real ones back; sockets made so far stay the world's.
    """
    patches = Patches()
    patches.set(Socket, "network", network)
    for name in ("socket", "SocketType"):
        patches.set(socket, name, Socket)
    for name in RESOLVER:
        patches.set(socket, name, getattr(network.names, name))

    def getnameinfo(sockaddr: Any, flags: int, /) -> tuple[str, str]:
        return network.names.getnameinfo(sockaddr, flags)

    def socketpair(family: int | None = None, type: int = socket.SOCK_STREAM, proto: int = 0) -> tuple[Socket, Socket]:
        one, other = network.pair(int(socket.AF_UNIX if family is None else family), int(type), proto)
        return Socket.of(one), Socket.of(other)

    def dup(fileno: int, /) -> int:
        return network.open(network.descriptor(fileno, "socket.dup()").endpoint).number

    def close(fileno: int, /) -> None:
        if fileno in network.descriptors:
            network.close(network.descriptors[fileno])
        else:
            _real_close(fileno)

    for replacement in (getnameinfo, socketpair, dup, close):
        patches.set(socket, replacement.__name__, replacement)
    patches.set(ssl.SSLContext, "wrap_socket", _no_blocking_tls)
    return patches


def _no_blocking_tls(*args: Any, **options: Any) -> NoReturn:
    raise NotSimulated("SSLContext.wrap_socket() isn't simulated, it blocks the loop; use asyncio's ssl argument or start_tls")
