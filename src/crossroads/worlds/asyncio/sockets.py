"""`socket.socket` as the world has it: the whole interface, in front of an endpoint of the simulated kernel.

Reading and writing never wait. A socket in blocking mode gets what is there at once, and a clear error where it would have to wait:
that would block the loop, and with it everything that could end the wait.
"""

import errno
import socket
import warnings
from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.addresses import Address
from crossroads.worlds.asyncio.endpoints import GONE, Buffer, Descriptor, Endpoint, failure

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.listeners import knock_now
from crossroads.worlds.asyncio.listeners import knock_now
from crossroads.worlds.asyncio.network import Network

_stock: Final[Any] = socket.socket
_default_timeout: Final = socket.getdefaulttimeout
_TYPE_FLAGS: Final = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
_KINDS: Final = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
_PROTOCOLS: Final = {socket.SOCK_STREAM: (0, socket.IPPROTO_TCP), socket.SOCK_DGRAM: (0, socket.IPPROTO_UDP)}
_new: Final = object.__new__


class Socket:
    """A socket of the world; `isinstance(x, socket.socket)` holds for it while the world's patches are in place."""

    __slots__ = ("__weakref__", "_closed", "_descriptor", "_end", "_io_refs", "_timeout", "family", "proto", "type")
    __module__ = "socket"
    __qualname__ = "socket"

    _timeout: float | None

    network: ClassVar["Network | None"] = None
    """Where sockets that the program makes belong; set by the patches."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        """As socket.socket.

        Args:
            family: AF_INET, AF_INET6 or AF_UNIX.
            type: SOCK_STREAM or SOCK_DGRAM.
            proto: 0, or the one that the type has anyway.
            fileno: a descriptor of the world whose socket this shall be, then the others are taken from it.
        """
        network = Socket.network
        if network is None:
            raise NotSimulated("socket() was called outside of a world; make sockets while the world runs")
        if fileno is not None:
            descriptor = network.descriptor(index(fileno), "socket()")
        else:
            descriptor = _open(network, 2 if family == -1 else family, 1 if type == -1 else type, 0 if proto == -1 else proto)
        self._take(descriptor)
        if fileno is None and type != -1 and type & socket.SOCK_NONBLOCK:
            self._timeout = 0.0

    def _take(self, descriptor: Descriptor) -> None:
        end = descriptor.endpoint
        self._descriptor = descriptor
        self._end: Any = end
        self._timeout = _default_timeout()
        self._io_refs = 0
        self._closed = False
        self.family = socket.AddressFamily(end.family)
        self.type = socket.SocketKind(end.kind)
        self.proto = end.proto

    @classmethod
    def of(cls, endpoint: Endpoint) -> "Socket":
        """A socket, with a new descriptor, for an endpoint."""
        made = _new(cls)
        made._take(endpoint.network.open(endpoint))
        return made

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *args: object) -> None:
        if not self._closed:
            self.close()

    def __del__(self) -> None:
        end = getattr(self, "_end", GONE)
        if end is not GONE:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
            self._real_close()

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {self.__class__.__name__!r} object")

    def __repr__(self) -> str:
        kind = self.__class__
        text = f"<{kind.__module__}.{kind.__qualname__}{' [closed]' if self._closed else ''} fd={self.fileno()}"
        text += f", family={self.family}, type={self.type}, proto={self.proto}"
        for name, ask in (("laddr", self.getsockname), ("raddr", self.getpeername)):
            try:
                address = ask()
            except OSError:
                continue
            if address:
                text += f", {name}={address}"
        return text + ">"

    def is_readable(self) -> bool:
        """What a selector reports for reading."""
        return self._end is not GONE and self._descriptor.is_readable()

    def is_writable(self) -> bool:
        """What a selector reports for writing."""
        return self._end is not GONE and self._descriptor.is_writable()

    def fileno(self) -> int:
        return -1 if self._end is GONE else self._descriptor.number

    def _wait(self, error: OSError, call: str) -> Exception:
        """The error of a call that would have to wait."""
        if self._timeout == 0.0:
            return error
        return NotSimulated(
            f"{call} of a blocking socket would wait and block the loop for ever; use setblocking(False) and the loop's methods"
        )

    # Modes

    def setblocking(self, flag: bool) -> None:
        self._check_open()
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        return self._timeout != 0.0

    def settimeout(self, value: float | None) -> None:
        if value is not None:
            value = float(value)
            if value < 0:
                raise ValueError("Timeout value out of range")
        self._check_open()
        self._timeout = value

    def gettimeout(self) -> float | None:
        return self._timeout

    timeout = property(gettimeout)

    def get_inheritable(self) -> bool:
        self._check_open()
        return self._descriptor.inheritable

    def set_inheritable(self, inheritable: bool) -> None:
        self._check_open()
        self._descriptor.inheritable = bool(inheritable)

    def _check_open(self) -> None:
        if self._end is GONE:
            raise failure(errno.EBADF)

    # Names and options

    def getsockname(self) -> Address:
        return self._end.sockname()

    def getpeername(self) -> Address:
        return self._end.peername()

    def getsockopt(self, level: int, optname: int, buflen: int = 0, /) -> int | bytes:
        if not 0 <= buflen <= 1024:
            raise OSError("getsockopt buflen out of range")
        return self._end.get_option(level, optname, buflen)  # type: ignore[no-any-return]

    def setsockopt(self, level: int, optname: int, value: int | Buffer | None, optlen: int | None = None, /) -> None:
        self._end.set_option(level, optname, value)

    # Connections

    def bind(self, address: Any, /) -> None:
        self._end.bind(address)

    def listen(self, backlog: int = 128, /) -> None:
        self._end.listen(backlog)

    def accept(self) -> "tuple[Socket, Address]":
        try:
            endpoint, address = self._end.accept()
        except BlockingIOError as error:
            raise self._wait(error, "accept()") from None
        return Socket.of(endpoint), address

    def _accept(self) -> tuple[int, Address]:
        made, address = self.accept()
        return made.detach(), address

    def connect(self, address: Any, /) -> None:
        try:
            self._end.connect(address)
        except BlockingIOError as error:
            if self._timeout == 0.0 or not knock_now(self._end):
                raise self._wait(error, "connect()") from None
            if refused := self._end.take_error():
                raise failure(refused) from None

    def connect_ex(self, address: Any, /) -> int:
        try:
            self.connect(address)
        except socket.gaierror:
            raise
        except OSError as error:
            if error.errno is None:
                raise
            return error.errno
        return 0

    def shutdown(self, how: int, /) -> None:
        if how not in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
            raise failure(errno.EINVAL)
        self._end.shutdown(how)

    def close(self) -> None:
        self._closed = True
        if self._io_refs <= 0:
            self._real_close()

    def _real_close(self) -> None:
        end, self._end = self._end, GONE
        if end is not GONE:
            end.network.close(self._descriptor)

    def _decref_socketios(self) -> None:
        if self._io_refs > 0:
            self._io_refs -= 1
        if self._closed:
            self.close()

    def detach(self) -> int:
        number = self.fileno()
        self._closed = True
        self._end = GONE
        return number

    def dup(self) -> "Socket":
        self._check_open()
        made = _new(self.__class__)
        made._take(self._end.network.open(self._end))
        made._timeout = self._timeout
        return made

    # Sending

    def send(self, data: Buffer, flags: int = 0, /) -> int:
        try:
            return self._end.send(data, flags)  # type: ignore[no-any-return]
        except BlockingIOError as error:
            raise self._wait(error, "send()") from None

    def sendall(self, data: Buffer, flags: int = 0, /) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[self.send(rest, flags) :]

    def sendto(self, data: Buffer, *rest: Any) -> int:
        if len(rest) not in (1, 2):
            raise TypeError(f"sendto() takes 2 or 3 arguments ({1 + len(rest)} given)")
        flags = rest[0] if len(rest) == 2 else 0
        try:
            return self._end.sendto(data, flags, rest[-1])  # type: ignore[no-any-return]
        except BlockingIOError as error:
            raise self._wait(error, "sendto()") from None

    def sendmsg(self, buffers: Iterable[Buffer], ancdata: Iterable[Any] = (), flags: int = 0, address: Any = None, /) -> int:
        beside = [(level, kind, bytes(what)) for level, kind, what in ancdata]
        data = b"".join(bytes(memoryview(one).cast("B")) if type(one) is not bytes else one for one in buffers)
        try:
            return self._end.sendmsg(data, beside, flags, address)  # type: ignore[no-any-return]
        except BlockingIOError as error:
            raise self._wait(error, "sendmsg()") from None

    def sendmsg_afalg(self, *args: Any, **options: Any) -> NoReturn:
        raise NotSimulated("sendmsg_afalg() isn't simulated; use hashlib or a library for ciphers")

    # Receiving

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        if bufsize <= 0:
            return _none_asked(bufsize, "recv")
        try:
            return self._end.recv(bufsize, flags)  # type: ignore[no-any-return]
        except BlockingIOError as error:
            raise self._wait(error, "recv()") from None

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Address]:
        if bufsize < 0:
            _none_asked(bufsize, "recvfrom")
        try:
            data, _, address = self._end.recvmsg(bufsize, flags)
        except BlockingIOError as error:
            raise self._wait(error, "recvfrom()") from None
        return data, address

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = _room(buffer, nbytes, "recv_into")
        data = self.recv(len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Address]:
        view = _room(buffer, nbytes, "recvfrom_into")
        data, address = self.recvfrom(len(view), flags)
        view[: len(data)] = data
        return len(data), address

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Address]:
        if bufsize < 0:
            raise ValueError("negative buffer size in recvmsg()")
        try:
            data, marks, address = self._end.recvmsg(bufsize, flags)
        except BlockingIOError as error:
            raise self._wait(error, "recvmsg()") from None
        beside = self._end.beside()
        told = [one for one in beside if ancbufsize >= socket.CMSG_LEN(len(one[2]))]
        return data, told, marks | (socket.MSG_CTRUNC if told != beside else 0), address

    def recvmsg_into(self, buffers: Iterable[Any], ancbufsize: int = 0, flags: int = 0, /) -> tuple[int, list[Any], int, Address]:
        views = [memoryview(one).cast("B") for one in buffers]
        data, beside, marks, address = self.recvmsg(sum(map(len, views)), ancbufsize, flags)
        start = 0
        for view in views:
            piece = data[start : start + len(view)]
            view[: len(piece)] = piece
            start += len(piece)
        return len(data), beside, marks, address

    # What stock Python builds on these

    makefile = _stock.makefile
    _check_sendfile_params = _stock._check_sendfile_params
    _sendfile_use_send = _stock._sendfile_use_send

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        return self._sendfile_use_send(file, offset, count)  # type: ignore[no-any-return]


def _open(network: "Network", family: int, kind: int, proto: int) -> Descriptor:
    kind &= ~_TYPE_FLAGS
    if family not in _FAMILIES:
        known = any(family == one for one in socket.AddressFamily)
        raise _not_had(f"family={socket.AddressFamily(family).name}") if known else failure(errno.EAFNOSUPPORT)
    if kind not in _KINDS:
        raise _not_had(f"type={socket.SocketKind(kind).name}") if kind in list(socket.SocketKind) else failure(errno.EINVAL)
    if proto not in _PROTOCOLS[socket.SocketKind(kind)] and (family != socket.AF_UNIX or proto != socket.AF_UNIX):
        raise failure(errno.EPROTONOSUPPORT)
    return network.open(network.make(int(family), int(kind), int(proto)))


def _not_had(what: str) -> NotSimulated:
    return NotSimulated(f"socket() with {what} isn't simulated; use TCP, UDP or Unix sockets")


def _none_asked(size: int, call: str) -> bytes:
    if size < 0:
        raise ValueError(f"negative buffersize in {call}")
    return b""


def _room(buffer: Any, size: int, call: str) -> memoryview:
    view = memoryview(buffer).cast("B")
    if size < 0:
        raise ValueError(f"negative buffersize in {call}")
    if size > len(view):
        raise ValueError("nbytes is greater than the length of the buffer")
    return view[:size] if size else view
