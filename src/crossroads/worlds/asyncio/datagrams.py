"""Datagram sockets, UDP and Unix: whole messages, in order between two addresses, and none lost but for a full buffer or a cut.

The rules are Linux': a connected UDP socket hears that nobody listens, another one doesn't; Unix datagrams are refused at once.
Source: net/ipv4/udp.c and net/unix/af_unix.c of Linux 6.
"""

import errno
import socket
import struct
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crossroads.worlds.asyncio import options
from crossroads.worlds.asyncio.addresses import (
    ANY,
    BROADCAST,
    INET,
    INET6,
    LOOPBACK,
    UNIX,
    Address,
    address_text,
    make_inet,
    unix_path,
    unmapped,
)
from crossroads.worlds.asyncio.endpoints import Beside, Buffer, Endpoint, failure
from crossroads.worlds.asyncio.lanes import Lane

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.network import Network

UDP_BYTES_MAX: Final = 65_507
UNIX_BYTES_MAX: Final = options.BUFFER_BYTES - 32
UNIX_QUEUE_MAX: Final = 512
"""Datagrams that wait at a Unix socket before senders have to (net.unix.max_dgram_qlen, as systemd sets it)."""


class Datagram(Endpoint):
    """One datagram socket."""

    __slots__ = ("_came_to", "_coming", "_counts", "_inbox", "_lanes", "_unread", "direct", "peer", "shut_read", "shut_write")

    def __init__(self, network: "Network", host: "Host", family: int, proto: int = 0) -> None:
        super().__init__(network, host, family, socket.SOCK_DGRAM, proto)
        self._inbox: deque[tuple[bytes, Address, str]] = deque()
        self._came_to = ""
        self._unread = 0
        self._coming = 0
        self._lanes: dict[object, Lane] = {}
        self._counts: dict[object, int] = {}
        self.direct = False
        self.peer: Datagram | None = None
        self.shut_read = False
        self.shut_write = False

    def news(self, size: int) -> tuple[str, bytes]:
        if not self._inbox:
            return "", b""
        data, sender, _ = self._inbox[0]
        return f"{address_text(sender)} -> {address_text(self.local)}", data[:size]

    def is_readable(self) -> bool:
        return bool(self._inbox or self.error or self.shut_read)

    def is_writable(self) -> bool:
        return self.peer is None or not self.peer.full

    @property
    def full(self) -> bool:
        """Whether senders of Unix datagrams have to wait."""
        return len(self._inbox) + self._coming >= UNIX_QUEUE_MAX

    def open_to(self, peer: "Datagram", label: str) -> None:
        """Connect with another one, as socketpair does."""
        self.peer = peer
        self.remote = ""

    def connect(self, address: Any) -> None:
        """Send to one address from now on, and receive from it alone."""
        if self.family == UNIX:
            self.peer = self._at_path(address)
            self.remote = self.peer.local
            return
        ip, port = self.network.names.endpoint(self.host, self.family, address, "connect")
        _, ip = self.network.route(self.host, ip, port, "connect")
        self._bind_if_needed()
        self.local = make_inet(self.family, self._source(ip), self.local[1])
        self.remote = make_inet(self.family, ip, port)

    def _bind_if_needed(self) -> None:
        if self.bound_ip is None:
            self.take_port(ANY[self.family], 0)

    def _source(self, ip: str) -> str:
        own = unmapped(self.local[0])
        return self.host.source_for(ip) if own in ANY.values() else own

    def shutdown(self, how: int) -> None:
        """Stop receiving, sending or both."""
        self.shut_read |= how != socket.SHUT_WR
        self.shut_write |= how != socket.SHUT_RD
        self.touch()
        if self.remote is None and self.family != UNIX:
            raise failure(errno.ENOTCONN)

    def send(self, data: Buffer, flags: int = 0) -> int:
        return self.sendto(data, flags, None)

    def sendto(self, data: Buffer, flags: int, address: Any) -> int:
        """Send one datagram, whole.

        Args:
            data: up to 65,507 bytes, over Unix sockets up to what the kernel's buffer holds.
            flags: of which none changes anything.
            address: None for the connected one.
        """
        return self._send(data, flags, address, None)

    def sendmsg(self, data: Buffer, beside: list[Beside], flags: int, address: Any) -> int:
        """Send one datagram; from which of the host's addresses may be said beside it."""
        own = None
        if self.family != UNIX and all(one[:2] in (options.ADDRESSED, options.PACKET_INET6) for one in beside):
            for one in beside:
                own = self._own_address(one)
            beside = []
        return super().sendmsg(data, beside, flags, address) if own is None else self._send(data, flags, address, own)

    def _own_address(self, one: Beside) -> str | None:
        """The address that a packet is to be sent from; None for any."""
        family, packed = (INET, one[2][4:8]) if one[:2] == options.ADDRESSED else (INET6, one[2][:16])
        ip = unmapped(socket.inet_ntop(family, packed))
        if ip in ANY.values():
            return None
        if not self.host.has(ip):
            raise failure(errno.EINVAL)
        return ip

    def _send(self, data: Buffer, flags: int, address: Any, own: str | None) -> int:
        self.check_flags(flags, "sendto")
        message = data if type(data) is bytes else bytes(memoryview(data).cast("B"))
        if self.family == UNIX:
            self._send_unix(message, address)
        else:
            self._send_udp(message, address, own)
        return len(message)

    def _send_udp(self, message: bytes, address: Any, own: str | None) -> None:
        if address is None:
            if self.remote is None:
                raise failure(errno.EDESTADDRREQ)
            ip, port = unmapped(self.remote[0]), self.remote[1]
        else:
            ip, port = self.network.names.endpoint(self.host, self.family, address, "sendto")
        if len(message) > UDP_BYTES_MAX:
            raise failure(errno.EMSGSIZE)
        if not port:
            raise failure(errno.EINVAL)
        if ip == BROADCAST and not self.options.get(options.BROADCASTS):
            raise failure(errno.EACCES)
        host, ip = self.network.route(self.host, ip, port, "sendto")
        self._bind_if_needed()
        if self.error:
            raise failure(self.take_error())
        if self.shut_write:
            raise failure(errno.EPIPE)
        source = own or self._source(ip), self.local[1]
        key = source[0], ip, port
        if key not in self._lanes:
            label = f"{self.network.spell(self.host, *source)} -> {self.network.spell(host, ip, port)}"
            self._lanes[key] = Lane(self.network, self.host, host, label, lossy=True)
        self._launch(key, partial(self._knock, message, source, host, ip, port))

    def _launch(self, key: object, arrive: Any) -> None:
        lane = self._lanes[key]
        number = self._counts[key] = self._counts.get(key, 0) + 1
        lane.launch(f"{lane.label}, datagram {number}", arrive)

    def _knock(self, message: bytes, source: tuple[str, int], host: "Host", ip: str, port: int) -> None:
        """A datagram has come to an address."""
        receiver = _receiver(host, source, ip, port)
        if receiver is not None:
            receiver.take(message, make_inet(receiver.family, *source), ip)
        elif self._hears_refusals and not self.closed:
            label = f"{self.network.spell(host, ip, port)} -> {self.network.spell(self.host, *source)}, refused"
            Lane(self.network, host, self.host, label, self, lossy=True).launch(label, self._take_refusal)

    @property
    def _hears_refusals(self) -> bool:
        """Whether it is told that nobody listens: connected, or having asked for it (IP_RECVERR)."""
        return self.remote is not None or any(self.options.get(key) for key in options.ERRORS)

    def _take_refusal(self) -> None:
        """Word has come that nobody listens."""
        if not self.closed:
            self.error = errno.ECONNREFUSED
            self.touch()

    def _send_unix(self, message: bytes, address: Any) -> None:
        if self.shut_write:
            raise failure(errno.EPIPE)
        if address is not None:
            receiver = self._at_path(address)
        elif self.peer is None:
            raise failure(errno.ENOTCONN)
        else:
            receiver = self.peer
        if len(message) > UNIX_BYTES_MAX:
            raise failure(errno.EMSGSIZE)
        if receiver.closed:
            self.peer = self.remote = None
            self._inbox.clear()
            raise failure(errno.ECONNREFUSED)
        if receiver.full:
            raise failure(errno.EAGAIN)
        if self.direct:
            receiver.take(message, self.local or None)
            return
        if receiver not in self._lanes:
            label = f"{self.network.spell_path(self.local) if self.local else 'unnamed'} -> {self.network.spell_path(receiver.local)}"
            self._lanes[receiver] = Lane(self.network, self.host, receiver.host, label, receiver)
        receiver._coming += 1
        self._launch(receiver, partial(receiver.take_expected, message, self.local or None))

    def _at_path(self, address: Any) -> "Datagram":
        path = unix_path(address)
        found = self.host.paths.get(path)
        if found is None:
            raise failure(errno.ECONNREFUSED if isinstance(path, bytes) else errno.ENOENT)
        if not isinstance(found, Datagram):
            raise failure(errno.EPROTOTYPE)
        return found

    def take_expected(self, message: bytes, source: Address) -> None:
        """A datagram arrives for which there was room."""
        self._coming -= 1
        self.take(message, source)

    def take(self, message: bytes, source: Address, to: str = "") -> None:
        """A datagram arrives, over UDP at one of the host's addresses; what a UDP socket has no room for is lost, as in the kernel."""
        if self.closed:
            return
        if self.family == UNIX:
            if self.peer is not None and self.peer.local != (source or ""):
                return
        elif self._unread + len(message) > (self.receive_bytes or options.BUFFER_BYTES):
            return
        self._unread += len(message)
        self._inbox.append((message, source, to))
        self.touch()

    def recv(self, size: int, flags: int = 0) -> bytes:
        return self.recvmsg(size, flags)[0]

    def recvmsg(self, size: int, flags: int = 0) -> tuple[bytes, int, Address]:
        """One datagram, cut off after `size` bytes, the rest lost."""
        self.check_flags(flags, "recv")
        if self.error:
            raise failure(self.take_error())
        if not self._inbox:
            if self.shut_read:
                self._came_to = ""
                return b"", 0, None
            raise failure(errno.EAGAIN)
        message, source, self._came_to = self._inbox[0]
        if not flags & socket.MSG_PEEK:
            was_full = self.full
            self._inbox.popleft()
            self._unread -= len(message)
            if not self._inbox:
                self.touch()
            if was_full:
                self._touch_senders()
        cut = len(message) > size
        return message[:size] if cut else message, socket.MSG_TRUNC if cut else 0, source

    def beside(self) -> list[Beside]:
        """To which address the message came, where the program has asked for it (IP_PKTINFO)."""
        if not self._came_to:
            return []
        told: list[Beside] = []
        interface = 1 if self.host.source_for(self._came_to) in LOOPBACK.values() else 2
        if self.options.get(options.ADDRESSED) and ":" not in self._came_to:
            packed = socket.inet_pton(INET, self._came_to)
            told.append((*options.ADDRESSED, struct.pack("=I4s4s", interface, packed, packed)))
        if self.options.get(options.ADDRESSED_INET6):
            packed = socket.inet_pton(INET6, make_inet(INET6, self._came_to, 0)[0])
            told.append((*options.PACKET_INET6, struct.pack("=16sI", packed, interface)))
        return told

    def _touch_senders(self) -> None:
        for endpoint in self.host.endpoints:
            if isinstance(endpoint, Datagram) and endpoint.peer is self:
                endpoint.touch()


def _receiver(host: "Host", source: tuple[str, int], ip: str, port: int) -> Datagram | None:
    """The socket that a datagram is for: one connected to the sender first."""
    others: Datagram | None = None
    for found in host.at(socket.SOCK_DGRAM, ip, port):
        assert isinstance(found, Datagram)
        if found.remote is None:
            others = others or found
        elif (unmapped(found.remote[0]), found.remote[1]) == source:
            return found
    return others
