"""A machine of the world: its addresses, and who has bound which port and path on it."""

from typing import TYPE_CHECKING, Final

from crossroads.worlds.asyncio.addresses import ANY, INET6, LOOPBACK, PORT_MAX, family_of

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Endpoint

FIRST_PORT: Final = 40001
"""Ports that the system gives count from here."""


class Host:
    """One machine; every machine has a loopback of its own. It is `dark` when it has no power, so that nothing leaves it or gets there."""

    __slots__ = ("_next_port", "address", "address6", "alive", "bound", "dark", "endpoints", "name", "paths")

    def __init__(self, name: str, number: int) -> None:
        """Set up a machine.

        Args:
            name: of the host.
            number: 1 <= number <= 254, gives its addresses.
        """
        self.name = name
        self.address = f"10.0.0.{number}"
        self.address6 = f"fd00::{number:x}"
        self.alive = True
        self.dark = False
        self.bound: dict[tuple[int, int], list[Endpoint]] = {}
        self.paths: dict[str | bytes, Endpoint] = {}
        self.endpoints: dict[Endpoint, None] = {}
        self._next_port = FIRST_PORT

    def has(self, ip: str) -> bool:
        """Whether this address, a canonical one, is the machine's own."""
        return ip.startswith("127.") or ip in ("::1", self.address, self.address6) or ip in ANY.values()

    def free_port(self, kind: int) -> int:
        """The next port that nobody has bound."""
        for _ in range(PORT_MAX):
            port = self._next_port
            self._next_port = port + 1 if port < PORT_MAX else FIRST_PORT
            if (kind, port) not in self.bound:
                return port
        return 0

    def bind(self, endpoint: "Endpoint", ip: str, port: int) -> bool:
        """Give a port to an endpoint; False where others have it and don't share."""
        others = self.bound.setdefault((endpoint.kind, port), [])
        if any(_clash(endpoint, ip, other) for other in others):
            return False
        others.append(endpoint)
        return True

    def unbind(self, endpoint: "Endpoint") -> None:
        """Take an endpoint's port and path away."""
        if endpoint.bound_ip is not None:
            key = endpoint.kind, endpoint.local[1]
            self.bound[key].remove(endpoint)
            if not self.bound[key]:
                del self.bound[key]
        if self.paths.get(endpoint.local) is endpoint:
            del self.paths[endpoint.local]

    def at(self, kind: int, ip: str, port: int) -> "list[Endpoint]":
        """Who would be asked for what comes to this address, the most exact match first, else the one who bound last."""
        found = [(_exactness(other, ip), turn, other) for turn, other in enumerate(self.bound.get((kind, port), ()))]
        return [other for exactness, _, other in sorted(found, key=lambda one: one[:2], reverse=True) if exactness]

    def source_for(self, ip: str) -> str:
        """The address of this machine from which an address is reached."""
        family = family_of(ip)
        if ip.startswith("127.") or ip == "::1":
            return LOOPBACK[family]
        return self.address6 if family == INET6 else self.address


def _exactness(endpoint: "Endpoint", ip: str) -> int:
    bound = endpoint.bound_ip
    if bound == ip:
        return 3
    if bound == ANY[family_of(ip)]:
        return 2
    return 1 if bound == ANY[INET6] and not endpoint.only_inet6 and ":" not in ip else 0


def _clash(endpoint: "Endpoint", ip: str, other: "Endpoint") -> bool:
    if endpoint.shares_port and other.shares_port:
        return False
    if endpoint.reuses_address and other.reuses_address and not other.is_listening:
        return False
    theirs = other.bound_ip
    assert theirs is not None
    if family_of(ip) == family_of(theirs):
        return ip == theirs or ANY[family_of(ip)] in (ip, theirs)
    wide, narrow = (endpoint, theirs) if family_of(ip) == INET6 else (other, ip)
    wide_ip = ip if wide is endpoint else theirs
    return wide_ip == ANY[INET6] and not wide.only_inet6 and ":" not in narrow
