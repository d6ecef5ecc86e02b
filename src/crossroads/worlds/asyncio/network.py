"""The network of a world: its hosts, who is reached at which address, and what may go wrong between them."""

import re
from collections.abc import Callable
from socket import SOCK_STREAM
from typing import TYPE_CHECKING, Final, Protocol

from crossroads.errors import NotSimulated, SettingError
from crossroads.worlds.asyncio.addresses import ANY, BROADCAST, LOOPBACK, UNIX, spell
from crossroads.worlds.asyncio.course import Course
from crossroads.worlds.asyncio.datagrams import Datagram
from crossroads.worlds.asyncio.endpoints import GONE, Descriptor, Endpoint, failure
from crossroads.worlds.asyncio.hosts import Host
from crossroads.worlds.asyncio.names import Names
from crossroads.worlds.asyncio.streams import Stream

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.lanes import Lane

FIRST_DESCRIPTOR: Final = 1_000_000
"""No process has that many real ones, so that a real call with one of ours fails with EBADF."""

HERE: Final = "localhost"
_DRAWN: Final = re.compile(r"\btmp[a-z0-9_]{8}\b")
"""A name as `tempfile` makes it, another one in each future."""

HOSTS_MAX: Final = 254
"""What 10.0.0.0/24 has room for."""


class Harm(Protocol):
    """What decides whether something sent comes to harm."""

    def harm(self, lane: "Lane", label: str) -> str: ...


class Network:
    """All sockets of a world."""

    __slots__ = (
        "_counts",
        "_held",
        "_next",
        "course",
        "current_host",
        "cuts",
        "descriptors",
        "faults",
        "hosts",
        "losses",
        "names",
        "names_receivers",
        "slowness",
        "upset",
    )

    def __init__(self, course: Course, current_host: Callable[[], str] = lambda: HERE, *, names_receivers: bool = False) -> None:
        """Set up a network with one host, localhost.

        Args:
            course: decides when what is on its way arrives.
            current_host: the name of the host that a socket made now belongs to.
            names_receivers: set `flight.socket` to the Descriptor at which a flight arrives, or to None where nobody has one yet.
        """
        self.course = course
        self.current_host = current_host
        self.names_receivers = names_receivers
        self.hosts: dict[str, Host] = {}
        self.descriptors: dict[int, Descriptor] = {}
        self.cuts: set[frozenset[str]] = set()
        self.slowness: dict[frozenset[str], float] = {}
        self.losses: dict[frozenset[str], float] = {}
        self.faults: Harm | None = None
        self.names = Names(self.hosts, self.here)
        self.reset()

    def reset(self) -> None:
        """Be as new, for another life of the program in the same process."""
        self.hosts.clear()
        self.descriptors.clear()
        self.cuts.clear()
        self.slowness.clear()
        self.losses.clear()
        self.upset = False
        self._held: list[tuple[Lane, str, Callable[[], None]]] = []
        self._counts: dict[str, int] = {}
        self._next = FIRST_DESCRIPTOR
        self.add_host(HERE)

    def add_host(self, name: str) -> str:
        """Make a host, if there is none of this name.

        Returns:
            Its address, of IPv4.
        """
        if name not in self.hosts:
            if len(self.hosts) >= HOSTS_MAX:
                raise SettingError(f"host={name} is one too many: a world has up to {HOSTS_MAX} hosts; use fewer names")
            self.hosts[name] = Host(name, len(self.hosts) + 1)
        return self.hosts[name].address

    def here(self) -> Host:
        """The host that a socket made now belongs to."""
        name = self.current_host()
        if name not in self.hosts:
            self.add_host(name)
        return self.hosts[name]

    def make(self, family: int, kind: int, proto: int) -> Endpoint:
        """A new endpoint on the current host."""
        host = self.here()
        if not host.alive:
            raise OSError(100, f"Network is down: host {host.name} was killed")
        return (Stream if kind == SOCK_STREAM else Datagram)(self, host, family, proto)

    def open(self, endpoint: Endpoint) -> Descriptor:
        """A new descriptor for an endpoint."""
        descriptor = Descriptor(endpoint, self._next)
        self._next += 1
        self.descriptors[descriptor.number] = descriptor
        endpoint.attach(descriptor)
        return descriptor

    def descriptor(self, number: int, call: str) -> Descriptor:
        """What a number stands for.

        Raises:
            OSError: EBADF, nothing.
            NotSimulated: something of the real machine.
        """
        found = self.descriptors.get(number)
        if found is not None:
            return found
        if 0 <= number < FIRST_DESCRIPTOR:
            raise NotSimulated(f"{call} of the real descriptor {number} isn't possible in the world; make the socket inside of it")
        raise failure(9)

    def close(self, descriptor: Descriptor) -> None:
        """Close a descriptor, and its endpoint if it was the last one."""
        if self.descriptors.get(descriptor.number) is not descriptor:
            return
        del self.descriptors[descriptor.number]
        if descriptor.endpoint is not GONE:
            descriptor.endpoint.detach(descriptor)

    def pair(self, family: int, kind: int, proto: int) -> tuple[Endpoint, Endpoint]:
        """Two endpoints connected with each other, between which nothing takes time."""
        if family != UNIX:
            raise failure(95)
        one, other = self.make(family, kind, proto), self.make(family, kind, proto)
        for this, that in ((one, other), (other, one)):
            assert isinstance(this, Stream | Datagram)
            this.open_to(that, "socketpair")  # type: ignore[arg-type]
            this.direct = True
            this.remote = ""
        return one, other

    def count(self, label: str) -> int:
        """How many times this has been asked for this label, this time included."""
        number = self._counts.get(label, 0) + 1
        self._counts[label] = number
        return number

    def spell_path(self, path: str | bytes) -> str:
        """A Unix socket's path as labels have it: abstract names start with @; folders and what `tempfile` draws are left out."""
        if isinstance(path, bytes):
            return "@" + path[1:].decode("utf-8", "backslashreplace")
        return "unix:" + _DRAWN.sub("tmp*", path.rpartition("/")[2])

    def route(self, here: Host, ip: str, port: int, call: str) -> tuple[Host, str]:
        """The host that has an address, and the address by which it is meant.

        Raises:
            NotSimulated: no host of the world has it.
        """
        for family, any_ip in ANY.items():
            if ip == any_ip:
                ip = LOOPBACK[family]
        if here.has(ip):
            return here, ip
        for host in self.hosts.values():
            if ip in (host.address, host.address6):
                return host, ip
        if ip == BROADCAST:
            raise NotSimulated(f"{call} to {spell(ip, port)} isn't simulated: nothing is broadcast; send to each address of the world")
        raise NotSimulated(f"{call} to {spell(ip, port)} would leave the world; serve that address inside of it, or use a fake")

    def spell(self, host: Host, ip: str, port: int) -> str:
        """An address as labels have it: by the host's name where the address is the host's."""
        if ip in (host.address, host.address6):
            return f"{host.name}:{port}"
        text = spell(ip, port)
        return text if host.name == HERE else f"{text} on {host.name}"

    def is_cut(self, one: Host, other: Host) -> bool:
        """Whether two hosts can't reach each other now."""
        return frozenset((one.name, other.name)) in self.cuts

    def hold(self, lane: "Lane", label: str, arrive: Callable[[], None]) -> None:
        """Keep something until its hosts are joined again."""
        self._held.append((lane, label, arrive))

    def cut(self, one: str, other: str) -> None:
        """Cut two hosts off from each other: what is launched from now on doesn't arrive; what is on its way does."""
        self.cuts.add(frozenset((one, other)))
        self.look()

    def heal(self, one: str, other: str) -> None:
        """Join two hosts again: what was held is launched now, in order; datagrams were lost."""
        self.cuts.discard(frozenset((one, other)))
        self.look()
        self._release()

    def look(self) -> None:
        """Note whether anything may slow down what is sent, or keep it from arriving."""
        self.upset = bool(self.cuts or self.faults or self.losses or self.slowness) or any(host.dark for host in self.hosts.values())

    def _release(self) -> None:
        held, self._held = self._held, []
        for lane, label, arrive in held:
            if lane.there.dark or self.is_cut(lane.here, lane.there):
                self.hold(lane, label, arrive)
            elif not lane.here.dark:
                lane.fly(label, arrive)

    def kill_host(self, name: str, *, reset: bool = True) -> None:
        """Let a machine die, with all its sockets.

        Args:
            name: of the host.
            reset: only its programs die, and the other ends get a reset now; if not, it has no power, and nothing answers until it is back.
        """
        host = self.hosts[name]
        host.alive, host.dark = False, not reset
        self.look()
        for endpoint in list(host.endpoints):
            endpoint.kill(reset)

    def restart_host(self, name: str) -> None:
        """Let a machine that died be used again; it has no sockets."""
        host = self.hosts[name]
        host.alive, host.dark = True, False
        host.paths.clear()
        self.look()
        self._release()
