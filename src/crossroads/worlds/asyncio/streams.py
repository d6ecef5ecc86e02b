"""Stream sockets, TCP and Unix, from connecting to the last byte; how a connection comes about is in `listeners`.

The rules are Linux': what is sent counts against the window until the other side reads it; a FIN travels behind the data; closing with
unread data resets; data for a closed socket is answered by a reset. Source: net/ipv4/tcp.c, tcp_input.c (tcp_reset, tcp_fin) and
net/unix/af_unix.c of Linux 6.
"""

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crossroads.worlds.asyncio import listeners, options
from crossroads.worlds.asyncio.addresses import UNIX, Address
from crossroads.worlds.asyncio.course import Flight
from crossroads.worlds.asyncio.endpoints import Buffer, Endpoint, failure
from crossroads.worlds.asyncio.inbox import Inbox
from crossroads.worlds.asyncio.lanes import Lane

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.network import Network

WINDOW_BYTES: Final = 65_536
"""What may be on its way or unread, unless the program sets SO_SNDBUF or SO_RCVBUF."""

NEW, LISTENING, CONNECTING, OPEN, FAILED, OVER = range(6)
"""OVER: reset, or ended from both sides. FAILED: a connection that didn't come about and that the program hasn't looked at yet."""

_PEEK: Final = int(socket.MSG_PEEK)
_HARMLESS: Final = int(socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT | socket.MSG_WAITALL)


class Stream(Endpoint):
    """One end of a connection, or what may become one."""

    __slots__ = (
        "_mark",
        "_messages",
        "announced",
        "can_send",
        "direct",
        "end_landed",
        "ended",
        "finished",
        "inbox",
        "lane",
        "listener",
        "outstanding",
        "peer",
        "request",
        "shut_read",
        "state",
        "window",
    )

    lane: Lane
    peer: "Stream"

    def __init__(self, network: "Network", host: "Host", family: int, proto: int = 0) -> None:
        super().__init__(network, host, family, socket.SOCK_STREAM, proto)
        self.state = NEW
        self.listener: listeners.Listener | None = None
        self.request: Flight | None = None
        self.direct = False
        self._forget()

    def _forget(self) -> None:
        """As before any connection."""
        self.inbox = Inbox()
        self._messages = 0
        self.outstanding = 0
        self.window = WINDOW_BYTES
        self._mark = WINDOW_BYTES * 2 // 3
        self.can_send = False
        self.finished = False
        self.ended = False
        self.end_landed = False
        self.shut_read = False
        self.announced = False

    @property
    def is_listening(self) -> bool:
        return self.state == LISTENING

    def news(self, size: int) -> tuple[str, bytes]:
        if self.listener is not None:
            return (self.listener.queue[0].peer.lane.label, b"") if self.listener.queue else ("", b"")
        return (self.peer.lane.label, self.inbox.peek(size)) if self.state == OPEN else ("", b"")

    def is_readable(self) -> bool:
        if self.inbox.size or self.finished or self.shut_read or self.error:
            return self.listener is None or bool(self.listener.queue)
        if self.listener is not None:
            return bool(self.listener.queue)
        return self.state not in (OPEN, CONNECTING)

    def is_writable(self) -> bool:
        if self.state == OPEN:
            return self.outstanding <= self._mark or not self.can_send
        return bool(self.error) or self.state not in (LISTENING, CONNECTING)

    @property
    def is_connected(self) -> bool:
        """Whether it is one end of an established connection over a wire."""
        return self.family != UNIX and self.state == OPEN and self.peer.state == OPEN

    def open_to(self, peer: "Stream", label: str) -> None:
        """The connection exists as far as this end is concerned.

        Args:
            peer: the other end.
            label: of what this end sends: "client 2 -> redis:6379".
        """
        self._forget()
        self.peer = peer
        self.lane = Lane(self.network, self.host, peer.host, label, peer)
        self.state = OPEN
        self.can_send = True
        self.fit_window()

    def fit_window(self) -> None:
        """Take the sizes of buffers that the program has set into account; Linux signals room when a third is free."""
        asked = [size for size in (self.send_bytes, self.peer.receive_bytes) if size is not None]
        self.window = max(min(asked), 1) if asked else WINDOW_BYTES
        self._mark = self.window * 2 // 3

    def set_option(self, level: int, name: int, value: int | Buffer | None) -> None:
        super().set_option(level, name, value)
        if self.state == OPEN and (level, name) in (options.SEND_BUFFER, options.RECEIVE_BUFFER):
            self.fit_window()
            self.peer.fit_window()
            self.touch()
            self.peer.touch()

    def connect(self, address: Any) -> None:
        """Start to connect, or tell how it went."""
        if self.state == NEW:
            listeners.request(self, address)
        elif self.state == FAILED:
            code = self.take_error() or errno.ECONNABORTED
            self.state = NEW
            raise failure(code)
        elif self.state == CONNECTING:
            raise failure(errno.EALREADY)
        elif self.state == OPEN and not self.announced:
            self.announced = True
        else:
            raise failure(errno.EISCONN)

    def fail(self, code: int) -> None:
        """The connection doesn't come about."""
        self.state = FAILED
        self.shut_read = True
        self.error = code
        self.touch()

    def listen(self, backlog: int) -> None:
        if self.state not in (NEW, LISTENING) or (self.family == UNIX and not self.local):
            raise failure(errno.EINVAL)
        listeners.listen(self, backlog)

    def accept(self) -> tuple[Endpoint, Address]:
        if self.listener is None:
            raise failure(errno.EINVAL)
        server = self.listener.accept()
        return server, server.remote

    def send(self, data: Buffer, flags: int = 0) -> int:
        """Send what there is room for.

        Returns:
            The number of bytes taken, 1..len(data); 0 where there is nothing to send.
        """
        if flags and flags & ~_HARMLESS:
            self.check_flags(flags & ~_PEEK, "send")
        if type(data) is not bytes:
            data = memoryview(data).cast("B")
        if not self.can_send:
            raise self._why_no_sending()
        size = len(data)
        room = self.window - self.outstanding
        if size > room:
            if room <= 0:
                raise failure(errno.EAGAIN)
            data, size = memoryview(data)[:room], room
        if not size:
            return 0
        if type(data) is not bytes:
            data = bytes(data)
        self.outstanding += size
        self._messages += 1
        if self.outstanding > self._mark:
            self.touch()
        if self.direct:
            self.peer.take(data)
        else:
            self._dispatch(data, size)
        return size

    def _dispatch(self, data: bytes, size: int) -> None:
        """Send bytes on their way, in one segment or several."""
        lane = self.lane
        label = f"{lane.label}, message {self._messages}"
        course = lane.course
        first = course.split(label, size)
        if first >= size:
            lane.launch(label, partial(self.peer.take, data))
            return
        part = 1
        while data:
            lane.launch(f"{label}, part {part}", partial(self.peer.take, data[:first]))
            data = data[first:]
            part += 1
            first = course.split(f"{label}, part {part}", len(data)) if data else 0

    def _why_no_sending(self) -> OSError:
        if self.family == UNIX:
            return failure(errno.ENOTCONN if self.state == NEW else errno.EPIPE)
        if self.state == CONNECTING:
            return failure(errno.EAGAIN)
        return failure(self.take_error() or errno.EPIPE)

    def sendto(self, data: Buffer, flags: int, address: Any) -> int:
        if self.family == UNIX and address is not None:
            raise failure(errno.EISCONN if self.state == OPEN else errno.EOPNOTSUPP)
        return self.send(data, flags)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Bytes that have arrived, at most `size`; none at the end of the stream."""
        inbox = self.inbox
        if flags and flags & ~_HARMLESS:
            self.check_flags(flags, "recv")
            return inbox.peek(size) if inbox.size else self._recv_nothing()
        if not inbox.size:
            return self._recv_nothing()
        data = inbox.take(size)
        self.peer.make_room(len(data))
        return data

    def make_room(self, size: int) -> None:
        """The other end has read this many bytes."""
        before = self.outstanding
        self.outstanding = before - size if before > size else 0
        if before > self._mark >= self.outstanding:
            self.touch()

    def _recv_nothing(self) -> bytes:
        unix = self.family == UNIX
        if self.state == LISTENING or (unix and self.state == NEW):
            raise failure(errno.EINVAL if unix else errno.ENOTCONN)
        if self.finished and not unix:
            return b""
        code = self.take_error()
        if code:
            raise failure(code)
        if self.finished or self.shut_read or self.state == OVER:
            return b""
        raise failure(errno.ENOTCONN if self.state == NEW else errno.EAGAIN)

    def recvmsg(self, size: int, flags: int = 0) -> tuple[bytes, int, Address]:
        data = self.recv(size, flags)
        return data, 0, (self.remote or None) if data and self.family == UNIX else None

    def peername(self) -> Address:
        if self.state != OPEN and (self.family != UNIX or self.state != OVER):
            raise failure(errno.ENOTCONN)
        return self.remote

    def shutdown(self, how: int) -> None:
        """Close one direction or both."""
        if self.state == OPEN:
            if how != socket.SHUT_WR:
                self._stop_reading()
            if how != socket.SHUT_RD:
                self.can_send = False
                self.end()
            self.touch()
        elif self.state == LISTENING:
            if how != socket.SHUT_WR:
                self._stop_listening()
                self.touch()
        elif self.state == CONNECTING:
            self._give_up()
            self.state = NEW
            self.error = errno.ECONNRESET
            self.touch()
        else:
            self.shut_read |= how != socket.SHUT_WR
            if self.family != UNIX:
                raise failure(errno.ENOTCONN)

    def _stop_reading(self) -> None:
        self.shut_read = True
        if self.family == UNIX:
            self._tell("no more reading", self.peer.take_refusal)

    def _stop_listening(self) -> None:
        listener, self.listener = self.listener, None
        self.state = NEW
        self.shut_read = False
        assert listener is not None
        listener.close()
        if listener.chose_port:
            self.release_port()

    def _give_up(self) -> None:
        if self.request is not None:
            self.course.drop(self.request)
            self.request = None

    def _tell(self, what: str, arrive: Any) -> None:
        if self.direct:
            arrive()
        else:
            self.lane.launch(f"{self.lane.label}, {what}", arrive)

    def end(self) -> None:
        """Send the end of the stream, once."""
        if not self.ended:
            self.ended = True
            self._tell("end", self.peer.take_end)

    def close(self) -> None:
        """The program has closed its last descriptor."""
        if self.closed:
            return
        if self.state == LISTENING:
            self._stop_listening()
        elif self.state == CONNECTING:
            self._give_up()
        elif self.state == OPEN:
            self._close_connection()
        super().close()

    def _close_connection(self) -> None:
        lingers = self.options.get(options.LINGER)
        self.can_send = False
        if self.family == UNIX:
            self._tell("end", partial(self.peer.take_hangup, bool(self.inbox.size)))
        elif self.inbox.size or lingers == 1:
            self.reset()
        else:
            self.end()

    def reset(self) -> None:
        """Send a reset; nothing more comes from this end."""
        self.state = OVER
        self.can_send = False
        if self.peer.state == OPEN:
            self._tell("reset", self.peer.take_reset)

    def discard(self) -> None:
        """Reset a connection that nobody has accepted; a machine without power can't."""
        if self.state == OPEN and not self.host.dark:
            self.reset()
        Endpoint.close(self)

    def kill(self, reset: bool) -> None:
        if self.state == OPEN:
            self.can_send = False
            if reset:
                self.reset()
            Endpoint.close(self)
        super().kill(reset)

    def take(self, data: bytes) -> None:
        """Bytes arrive."""
        if self.closed or (self.shut_read and self.ended):
            self._answer_data()
        elif self.state == OPEN:
            self.inbox.add(data)
            self.touch()

    def _answer_data(self) -> None:
        """Bytes have come to a socket that is closed, or shut in both directions; a machine without power answers when it is back."""
        if self.host.dark:
            self.network.hold(self.peer.lane, f"{self.peer.lane.label}, again", self._answer_data)
            return
        if self.family != UNIX and self.state == OPEN:
            if self.peer.state == OPEN:
                self._tell("reset", self.peer.take_reset)
            self.take_reset()

    def take_end(self) -> None:
        """The end of the stream arrives; where both directions have ended, the connection is over."""
        peer = self.peer
        peer.end_landed = True
        if self.state != OPEN:
            return
        self.finished = True
        if self.family != UNIX:
            for one, other in ((peer, self), (self, peer)):
                if one.end_landed and one.finished and other.end_landed:
                    one.state = OVER
        self.touch()

    def take_hangup(self, unread: bool) -> None:
        """The other end of a Unix connection is closed; it had unread data or not."""
        if self.state != OPEN:
            return
        self.finished = True
        self.can_send = False
        if unread:
            self.error = errno.ECONNRESET
        self.touch()

    def take_refusal(self) -> None:
        """The other end of a Unix connection will read no more."""
        self.can_send = False
        self.touch()

    def take_reset(self) -> None:
        """A reset arrives; what had arrived before can still be read."""
        if self.state != OPEN:
            return
        self.state = OVER
        self.can_send = False
        self.outstanding = 0
        if not self.closed:
            self.error = errno.EPIPE if self.finished else errno.ECONNRESET
            self.shut_read = True
            self.touch()
