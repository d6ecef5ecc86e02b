"""What all simulated sockets have in common: an owner, names, options, an error to be picked up, and descriptors that stand for them.

An endpoint is the kernel's side; several descriptors may stand for one. Whatever would have to wait raises BlockingIOError.
"""

import errno
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, NoReturn

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio import options
from crossroads.worlds.asyncio.addresses import ANY, INET, INET6, UNIX, Address, make_inet, unix_path

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.network import Network

Buffer = bytes | bytearray | memoryview
Beside = tuple[int, int, bytes]
"""What comes beside a message (ancillary data): level, type and bytes."""

IN_USE_FLAGS: Final = socket.MSG_PEEK | socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL | socket.MSG_WAITALL
CREDENTIALS: Final = struct.pack("3i", 1, 0, 0)
"""Process, user and group that a Unix socket's peer shows."""

_ANY_ADDRESS: Final = {INET: make_inet(INET, ANY[INET], 0), INET6: make_inet(INET6, ANY[INET6], 0), UNIX: ""}


def failure(code: int) -> OSError:
    """The error that the kernel's number stands for."""
    return OSError(code, os.strerror(code))


class Descriptor:
    """What a number that the program holds stands for; what the selector looks at."""

    __slots__ = ("endpoint", "inheritable", "number")

    def __init__(self, endpoint: "Endpoint", number: int) -> None:
        self.endpoint = endpoint
        self.number = number
        self.inheritable = False

    def fileno(self) -> int:
        return self.number

    def is_readable(self) -> bool:
        """Whether a read of what it stands for wouldn't have to wait."""
        if not isinstance(self.endpoint, Endpoint):
            return False
        endpoint = self.endpoint
        return endpoint.is_readable()

    def is_writable(self) -> bool:
        """Whether the kernel reports room there."""
        if not isinstance(self.endpoint, Endpoint):
            return False
        endpoint = self.endpoint
        return endpoint.is_writable()

    def __repr__(self) -> str:
        return f"<descriptor {self.number} of {self.endpoint!r}>"


class Endpoint:
    """One socket of the kernel."""

    __slots__ = (
        "bound_ip",
        "closed",
        "course",
        "descriptor",
        "error",
        "family",
        "host",
        "kind",
        "local",
        "network",
        "options",
        "others",
        "proto",
        "remote",
    )

    def __init__(self, network: "Network", host: "Host", family: int, kind: int, proto: int) -> None:
        self.network, self.course = network, network.course
        self.host = host
        self.family = family
        self.kind = kind
        self.proto = proto
        self.options: dict[options.Key, options.Value] = {}
        self.error = 0
        self.closed = False
        self.local: Address = _ANY_ADDRESS[family]
        self.remote: Address = None
        self.bound_ip: str | None = None
        self.descriptor: Descriptor | None = None
        self.others: list[Descriptor] = []
        host.endpoints[self] = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.local} {self.remote or ''}>"

    def is_readable(self) -> bool:
        """Whether a read wouldn't have to wait."""
        raise NotImplementedError

    def is_writable(self) -> bool:
        """Whether the kernel reports room."""
        raise NotImplementedError

    def news(self, size: int) -> tuple[str, bytes]:
        """Where what there is to read comes from, as labels have it, and its first bytes; both may be empty."""
        return "", b""

    @property
    def is_listening(self) -> bool:
        return False

    @property
    def reuses_address(self) -> bool:
        return bool(self.options.get(options.REUSE_ADDRESS))

    @property
    def shares_port(self) -> bool:
        return bool(self.options.get(options.REUSE_PORT))

    @property
    def only_inet6(self) -> bool:
        return bool(self.options.get(options.ONLY_INET6))

    def touch(self) -> None:
        """Tell that readability or writability may have changed."""
        if self.descriptor is not None:
            self.course.touch(self.descriptor)
        for descriptor in self.others:
            self.course.touch(descriptor)

    def attach(self, descriptor: Descriptor) -> None:
        """One more descriptor stands for this."""
        if self.descriptor is None:
            self.descriptor = descriptor
        else:
            self.others.append(descriptor)

    def detach(self, descriptor: Descriptor) -> None:
        """A descriptor is closed; the last one closes the endpoint."""
        if descriptor is not self.descriptor:
            self.others.remove(descriptor)
        elif self.others:
            self.descriptor = self.others.pop(0)
        else:
            self.close()
            self.descriptor = None

    def close(self) -> None:
        """Nobody in the program holds it any more."""
        if not self.closed:
            self.closed = True
            self.host.endpoints.pop(self, None)
            self.host.unbind(self)

    def kill(self, reset: bool) -> None:
        """The machine is gone; its descriptors stand for nothing that is ever ready.

        Args:
            reset: the other ends hear of it now, else when they send.
        """
        self.close()
        standing = [one for one in (self.descriptor, *self.others) if one is not None]
        for descriptor in standing:
            descriptor.endpoint = GONE
            self.course.touch(descriptor)

    def take_error(self) -> int:
        """The error waiting to be picked up, 0 if there is none; it is picked up."""
        code, self.error = self.error, 0
        return code

    def bind(self, address: Any) -> None:
        """Take a port or a path."""
        if self.bound_ip is not None or self.remote is not None or (self.family == UNIX and self.local):
            raise failure(errno.EINVAL)
        if self.family == UNIX:
            self._bind_path(address)
            return
        ip, port = self.network.names.endpoint(self.host, self.family, address, "bind")
        if not self.host.has(ip):
            raise failure(errno.EADDRNOTAVAIL)
        self.take_port(ip, port)

    def take_port(self, ip: str, port: int) -> None:
        """Bind an address of this host; port 0 stands for any."""
        port = port or self.host.free_port(self.kind)
        if not port or not self.host.bind(self, ip, port):
            raise failure(errno.EADDRINUSE)
        self.bound_ip = ip
        self.local = make_inet(self.family, ip, port)

    def release_port(self) -> None:
        """Be unbound again; Linux goes on showing the old port."""
        self.host.unbind(self)
        self.bound_ip = None

    def _bind_path(self, address: Any) -> None:
        path = unix_path(address) or b"\0%05x" % self.network.count("abstract names")
        if path in self.host.paths or (isinstance(path, str) and os.path.exists(path)):
            raise failure(errno.EADDRINUSE)
        self.host.paths[path] = self
        self.local = path

    def get_option(self, level: int, name: int, size: int) -> int | bytes:
        """As getsockopt; size 0 asks for a number."""
        key = (level, name)
        if key == options.PEER and self.family == UNIX and size:
            return CREDENTIALS[:size]
        value = self._read_option(key)
        if isinstance(value, bytes):
            return value[:size] if size else int.from_bytes(value[:4], "little", signed=True)
        if key == options.LINGER and size:
            return struct.pack("2i", value != 0, max(value - 1, 0))[:size]
        return value.to_bytes(4, "little", signed=value < 0)[:size] if size else value

    def _read_option(self, key: options.Key) -> options.Value:
        if key[0] == socket.SOL_SOCKET and key[1] in _ANSWERS:
            return int(_ANSWERS[key[1]](self))
        if key in self.options:
            return self.options[key]
        known = options.DEFAULTS[self.family, self.kind]
        if key in known:
            return known[key]
        has_level = key[0] in options.LEVELS[self.family, self.kind]
        if has_level and key in options.UNKNOWN_HERE:
            raise NotSimulated(f"getsockopt({options.NAMES[key]}) isn't simulated: there is no wire to be told of; leave it out")
        raise failure(errno.ENOPROTOOPT if has_level or self.family == INET6 else errno.EOPNOTSUPP)

    def set_option(self, level: int, name: int, value: int | Buffer | None) -> None:
        """As setsockopt: remembered, and obeyed where the world can."""
        key = options.FORCED.get((level, name), (level, name))
        known = options.DEFAULTS[self.family, self.kind]
        if key not in known:
            raise failure(errno.EOPNOTSUPP if self.family == UNIX and level != socket.SOL_SOCKET else errno.ENOPROTOOPT)
        if isinstance(known[key], bytes):
            self.options[key] = options.stored_bytes(key, b"" if value is None or isinstance(value, int) else bytes(value))
            return
        if key == options.LINGER:
            if isinstance(value, int) or value is None or len(value) < 8:
                raise failure(errno.EINVAL)
            on, seconds = struct.unpack("2i", bytes(value[:8]))
            self.options[key] = seconds + 1 if on else 0
            return
        if not isinstance(value, int):
            value = int.from_bytes(bytes(value or b"")[:4], "little", signed=True)
        if value != known[key] or key in options.MEMBERSHIPS:
            self._check_simulated(key)
        self.options[key] = options.stored(key, value)

    def _check_simulated(self, key: options.Key) -> None:
        """Refuse an option without which the program wouldn't see what it asks for."""
        if key in options.MEMBERSHIPS:
            what = f"multicast groups ({options.NAMES[key]}) aren't simulated"
            raise NotSimulated(f"{what}; send to each address of the world instead")
        if key in options.FELT:
            raise NotSimulated(f"the socket option {options.NAMES[key]} isn't simulated; leave it out")
        if options.is_delivered(key, self.kind):
            what = f"the socket option {options.NAMES[key]} isn't simulated: recvmsg() tells bytes and their sender alone"
            raise NotSimulated(f"{what}; leave it out, and put a fake in place of what reads the rest")

    @property
    def send_bytes(self) -> int | None:
        """What the program has asked to have room for when sending, in bytes; None where it didn't."""
        return self._asked(options.SEND_BUFFER)

    @property
    def receive_bytes(self) -> int | None:
        """What the program has asked to have room for when receiving, in bytes; None where it didn't."""
        return self._asked(options.RECEIVE_BUFFER)

    def _asked(self, key: options.Key) -> int | None:
        stored = self.options.get(key)
        return stored // 2 if isinstance(stored, int) else None

    def sockname(self) -> Address:
        return self.local

    def peername(self) -> Address:
        if self.remote is None:
            raise failure(errno.ENOTCONN)
        return self.remote

    def check_flags(self, flags: int, call: str) -> None:
        """Refuse what isn't simulated. Nothing is ever in the queue of errors, which is the same as that it has been read."""
        if flags & socket.MSG_ERRQUEUE:
            raise failure(errno.EAGAIN)
        if flags & ~IN_USE_FLAGS:
            raise NotSimulated(f"{call} with flags={flags:#x} isn't simulated; use MSG_PEEK, MSG_DONTWAIT and MSG_NOSIGNAL alone")

    def connect(self, address: Any) -> None:
        raise NotImplementedError

    def listen(self, backlog: int) -> None:
        raise failure(errno.EOPNOTSUPP)

    def accept(self) -> "tuple[Endpoint, Address]":
        raise failure(errno.EOPNOTSUPP)

    def shutdown(self, how: int) -> None:
        raise NotImplementedError

    def send(self, data: Buffer, flags: int = 0) -> int:
        raise NotImplementedError

    def sendto(self, data: Buffer, flags: int, address: Any) -> int:
        raise NotImplementedError

    def sendmsg(self, data: Buffer, beside: list[Beside], flags: int, address: Any) -> int:
        """Send bytes with what goes beside them."""
        if beside:
            raise NotSimulated("sendmsg() with ancillary data (descriptors, credentials) isn't simulated; send bytes alone")
        return self.sendto(data, flags, address)

    def recv(self, size: int, flags: int = 0) -> bytes:
        raise NotImplementedError

    def recvmsg(self, size: int, flags: int = 0) -> tuple[bytes, int, Address]:
        """Bytes, flags of the message, and where it comes from."""
        raise NotImplementedError

    def beside(self) -> list[Beside]:
        """What came beside the message that was read last, as far as the program has asked for it."""
        return []


def _listens(endpoint: Endpoint) -> int:
    return endpoint.is_listening


def _protocol(endpoint: Endpoint) -> int:
    if endpoint.proto or endpoint.family == UNIX:
        return endpoint.proto
    return socket.IPPROTO_TCP if endpoint.kind == socket.SOCK_STREAM else socket.IPPROTO_UDP


_ANSWERS: Final[dict[int, Any]] = {
    socket.SO_ERROR: Endpoint.take_error,
    socket.SO_TYPE: lambda endpoint: endpoint.kind,
    socket.SO_ACCEPTCONN: _listens,
    socket.SO_SNDLOWAT: lambda endpoint: 1,
    getattr(socket, "SO_DOMAIN", 39): lambda endpoint: endpoint.family,
    getattr(socket, "SO_PROTOCOL", 38): _protocol,
}


class _Gone:
    """In place of an endpoint once its socket is closed: everything fails as on a closed descriptor."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse


def _refuse(*args: Any) -> NoReturn:
    raise failure(errno.EBADF)


GONE: Final[Any] = _Gone()
