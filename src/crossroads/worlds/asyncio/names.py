"""Host names, services and numeric addresses: what getaddrinfo and its like answer in the world, without asking anybody."""

import socket
from collections.abc import Callable, Iterator
from operator import index
from typing import TYPE_CHECKING, Any, Final, NoReturn

from crossroads.worlds.asyncio.addresses import (
    ANY,
    BROADCAST,
    INET,
    INET6,
    LOOPBACK,
    Address,
    canonical,
    family_of,
    make_inet,
    split_inet,
    unmapped,
)

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.hosts import Host

SERVICES: Final = {
    "echo": 7,
    "discard": 9,
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "domain": 53,
    "http": 80,
    "pop3": 110,
    "ntp": 123,
    "imap2": 143,
    "snmp": 161,
    "ldap": 389,
    "https": 443,
    "submission": 587,
    "ldaps": 636,
    "imaps": 993,
    "pop3s": 995,
    "mysql": 3306,
    "postgresql": 5432,
    "amqp": 5672,
    "redis": 6379,
    "http-alt": 8080,
}
"""Names of ports, as a Linux system has them."""

_KINDS: Final = ((socket.SOCK_STREAM, socket.IPPROTO_TCP), (socket.SOCK_DGRAM, socket.IPPROTO_UDP), (socket.SOCK_RAW, 0))
_PORTS: Final = {port: name for name, port in SERVICES.items()}
_EAI_ADDRFAMILY: Final = -9
_LOCAL_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]


def unknown_name() -> NoReturn:
    """As the resolver says it."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


class Names:
    """The resolver of a world."""

    __slots__ = ("_current", "_hosts")

    def __init__(self, hosts: "dict[str, Host]", current: "Callable[[], Host]") -> None:
        """Set up a resolver.

        Args:
            hosts: all hosts by name.
            current: the host on which the program asks.
        """
        self._hosts = hosts
        self._current = current

    def addresses_of(self, name: str) -> list[str]:
        """All addresses of a host name, IPv4 first.

        Raises:
            socket.gaierror: the world has no host of this name.
        """
        name = name.rstrip(".").lower()
        if (name in _LOCAL_NAMES and name not in self._hosts) or name == "localhost":
            return [LOOPBACK[INET], LOOPBACK[INET6]]
        for host in self._hosts.values():
            if host.name.lower() == name:
                return [host.address, host.address6]
        return unknown_name()

    def endpoint(self, here: "Host", family: int, address: Any, call: str) -> tuple[str, int]:
        """The ip, canonical, and the port that an address given to a socket stands for.

        Args:
            here: the socket's host.
            family: the socket's, AF_INET or AF_INET6.
            address: as the program gave it.
            call: the name of the method, for messages.

        Raises:
            socket.gaierror: the name is unknown, or has no address of this family.
        """
        text, port = split_inet(family, address, call)
        if not text:
            return ANY[family], port
        if text == "<broadcast>" and family == INET:
            return BROADCAST, port
        ip = canonical(family, text)
        if ip is not None:
            return unmapped(ip), port
        if family == INET6 and canonical(INET, text):
            raise socket.gaierror(_EAI_ADDRFAMILY, "Address family for hostname not supported")
        found = [one for one in self.addresses_of(text) if family_of(one) == family]
        return (found[0] if found else unknown_name()), port

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> list[Found]:
        """As socket.getaddrinfo.

        Raises:
            socket.gaierror: a name or a service that the world doesn't know, or a family that it hasn't.
        """
        text = host.decode("ascii") if isinstance(host, bytes) else host
        if text is not None and not isinstance(text, str):
            raise TypeError("getaddrinfo() argument 1 must be string or None")
        if text == "" or (text is None and port is None):
            unknown_name()
        if family not in (0, INET, INET6):
            raise socket.gaierror(socket.EAI_FAMILY, "ai_family not supported")
        kinds = list(_kinds(type, proto))
        number = _port_number(port, flags)
        name = text or "" if flags & socket.AI_CANONNAME else ""
        found: list[Found] = []
        for ip in self._resolve(text, family, flags):
            for kind, protocol in kinds:
                address = make_inet(family_of(ip), ip, number)
                found.append((socket.AddressFamily(family_of(ip)), kind, protocol, "" if found else name, address))
        return found

    def _resolve(self, text: str | None, family: int, flags: int) -> list[str]:
        if text is None:
            table = ANY if flags & socket.AI_PASSIVE else LOOPBACK
            return [ip for known, ip in table.items() if family in (0, known)]
        for known in (INET, INET6):
            ip = canonical(known, text)
            if ip is not None:
                if family not in (0, known):
                    raise socket.gaierror(_EAI_ADDRFAMILY, "Address family for hostname not supported")
                return [ip]
        if flags & socket.AI_NUMERICHOST:
            unknown_name()
        found = [ip for ip in self.addresses_of(text) if family in (0, family_of(ip))]
        return found or unknown_name()

    def getnameinfo(self, address: Any, flags: int) -> tuple[str, str]:
        """As socket.getnameinfo."""
        if not isinstance(address, tuple):
            raise TypeError("getnameinfo() argument 1 must be a tuple")
        text, port = address[0], index(address[1])
        ip = canonical(INET, text) or canonical(INET6, text)
        if ip is None:
            return unknown_name()
        name = None if flags & socket.NI_NUMERICHOST else self.name_of(ip)
        if name is None and flags & socket.NI_NAMEREQD:
            unknown_name()
        service = None if flags & socket.NI_NUMERICSERV else _PORTS.get(port)
        return name or ip, service or str(port)

    def name_of(self, ip: str) -> str | None:
        """The host that has an address; None where no host of the world has it."""
        if ip.startswith("127.") or ip == "::1":
            return "localhost"
        return next((host.name for host in self._hosts.values() if ip in (host.address, host.address6)), None)

    def gethostbyname(self, name: str) -> str:
        """As socket.gethostbyname."""
        return self.endpoint(self._current(), INET, (name, 0), "gethostbyname")[0]

    def gethostbyname_ex(self, name: str) -> tuple[str, list[str], list[str]]:
        """As socket.gethostbyname_ex."""
        return name, [], [self.gethostbyname(name)]

    def gethostbyaddr(self, name: str) -> tuple[str, list[str], list[str]]:
        """As socket.gethostbyaddr."""
        ip = canonical(INET, name) or canonical(INET6, name) or self.gethostbyname(name)
        found = self.name_of(ip)
        if found is None:
            raise socket.herror(1, "Unknown host")
        return found, [], [ip]

    def gethostname(self) -> str:
        """As socket.gethostname: the host on which the program runs."""
        return self._current().name

    def getservbyname(self, name: str, protocol: str = "tcp", /) -> int:
        """As socket.getservbyname, for services of the table."""
        if name not in SERVICES:
            raise OSError("service/proto not found")
        return SERVICES[name]

    def getservbyport(self, port: int, protocol: str = "tcp", /) -> str:
        """As socket.getservbyport, for services of the table."""
        if port not in _PORTS:
            raise OSError("port/proto not found")
        return _PORTS[port]


def _kinds(kind: int, proto: int) -> Iterator[tuple[socket.SocketKind, int]]:
    found = [(one, protocol) for one, protocol in _KINDS if kind in (0, one) and (proto in (0, protocol) or one == socket.SOCK_RAW)]
    if not found:
        raise socket.gaierror(socket.EAI_SOCKTYPE, "ai_socktype not supported")
    return ((one, proto if one == socket.SOCK_RAW else protocol) for one, protocol in found)


def _port_number(port: Any, flags: int) -> int:
    if port is None:
        return 0
    if isinstance(port, bytes):
        port = port.decode("ascii")
    if not isinstance(port, str):
        return index(port) & 0xFFFF
    if port.isdecimal():
        return int(port) & 0xFFFF
    if port and (flags & socket.AI_NUMERICSERV or port not in SERVICES):
        raise socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")
    return SERVICES.get(port, 0)
