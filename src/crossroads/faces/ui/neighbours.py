"""Whose process is at the other end of a connection within this machine, as Linux's tables of sockets say."""

import socket
from pathlib import Path
from typing import Final

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED: Final = "01"


def user_of(host: str, port: int, server_port: int) -> int | None:
    """The user whose process has connected to a server here.

    Args:
        host, port: where the connection comes from.
        server_port: the server's port.

    Returns:
        The user's number; None where the tables don't say, as outside of Linux.
    """
    try:
        address = socket.inet_aton(host)[::-1].hex().upper()
    except OSError:
        return None
    # A socket for IPv6 reaches us by a mapped address, which ends with that of IPv4.
    here, there = f"{address}:{port:04X}", f":{server_port:04X}"
    for table in TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for words in (line.split() for line in lines):
            if len(words) > 7 and words[1].endswith(here) and words[2].endswith(there) and words[3] == ESTABLISHED:
                return int(words[7])
    return None
