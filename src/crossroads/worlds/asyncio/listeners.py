"""How a connection comes about: a request goes to a listener and back in one flight, and the listener hears of it in a second one.

So a client knows of its connection before the server can accept it, or together with it, as with the kernel's handshake.
"""

import errno
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from crossroads.worlds.asyncio import streams
from crossroads.worlds.asyncio.addresses import ANY, UNIX, make_inet, unix_path
from crossroads.worlds.asyncio.endpoints import failure
from crossroads.worlds.asyncio.lanes import Lane
from crossroads.worlds.asyncio.weather import CONNECT_S

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.streams import Stream


class Listener:
    """What a listening socket has: connections that wait to be accepted, and requests for which there is no room."""

    __slots__ = ("_promised", "_waiting", "backlog", "chose_port", "queue", "stream")

    def __init__(self, stream: "Stream", backlog: int, chose_port: bool) -> None:
        """Start to listen.

        Args:
            stream: the socket.
            backlog: as given to listen, at least 0.
            chose_port: the port wasn't bound by the program.
        """
        self.stream = stream
        self.chose_port = chose_port
        self.backlog = backlog
        self.queue: deque[Stream] = deque()
        self._promised = 0
        self._waiting: deque[tuple[Stream, Host, str, int]] = deque()

    @property
    def full(self) -> bool:
        """Linux takes one more than the backlog."""
        return len(self.queue) + self._promised > self.backlog

    def keep(self, client: "Stream", host: "Host", ip: str, port: int) -> None:
        """Let a request wait until there is room."""
        self._waiting.append((client, host, ip, port))

    def welcome(self, client: "Stream") -> None:
        """Complete a connection on the client's side, and send it on its way to the queue."""
        stream = self.stream
        server = streams.Stream(stream.network, stream.host, stream.family, stream.proto)
        server.options = dict(stream.options)
        server.local, server.remote = _names_of(stream, client)
        forth, lane = client.lane.label, client.lane
        server.open_to(client, _turned(forth))
        server.announced = True
        client.open_to(server, forth)
        client.lane.last = lane.last
        client.touch()
        self._promised += 1
        client.lane.launch(f"{forth}, connected", partial(self.admit, server), certain=True)

    def admit(self, server: "Stream") -> None:
        """A connection has arrived and can be accepted."""
        self._promised -= 1
        if self.stream.listener is not self:
            server.discard()
            return
        self.queue.append(server)
        self.stream.touch()

    def accept(self) -> "Stream":
        """The connection that has waited longest."""
        if not self.queue:
            raise failure(errno.EAGAIN)
        server = self.queue.popleft()
        self._let_in()
        self.stream.touch()
        return server

    def _let_in(self) -> None:
        while self._waiting:
            client, host, ip, port = self._waiting.popleft()
            if not client.closed and client.state == streams.CONNECTING:
                _launch_request(client, "connect again", host, ip, port)
                return

    def close(self) -> None:
        """Reset what waits to be accepted, and let requests find that nobody listens."""
        while self.queue:
            self.queue.popleft().discard()
        while self._waiting:
            self._let_in()


def listen(stream: "Stream", backlog: int) -> None:
    """Make a stream listen, on any port if it has none."""
    backlog = max(backlog, 0)
    if stream.listener is not None:
        stream.listener.backlog = backlog
        return
    chose_port = stream.family != UNIX and stream.bound_ip is None
    if chose_port:
        stream.take_port(ANY[stream.family], 0)
    stream.listener = Listener(stream, backlog, chose_port)
    stream.state = streams.LISTENING
    stream.touch()


def request(client: "Stream", address: Any) -> None:
    """Ask for a connection.

    Raises:
        BlockingIOError: the request is on its way.
        OSError: it can't be made.
    """
    if client.family == UNIX:
        _request_unix(client, address)
        return
    network = client.network
    ip, port = network.names.endpoint(client.host, client.family, address, "connect")
    host, ip = network.route(client.host, ip, port, "connect")
    if client.bound_ip is None:
        client.take_port(ANY[client.family], 0)
    if client.local[0] in ANY.values():
        client.local = make_inet(client.family, client.host.source_for(ip), client.local[1])
    client.remote = make_inet(client.family, ip, port)
    label = network.spell(host, ip, port)
    client.lane = Lane(network, client.host, host, f"client {network.count(label)} -> {label}", client)
    client.state = streams.CONNECTING
    client.shut_read = False
    client.touch()
    _launch_request(client, "connect", host, ip, port)
    raise failure(errno.EINPROGRESS)


def knock_now(client: "Stream") -> bool:
    """Let the request of a blocking socket arrive at once; False: there is no room for it yet."""
    if client.request is not None:
        client.network.course.force(client.request)
    return client.state != streams.CONNECTING


def _launch_request(client: "Stream", what: str, host: "Host", ip: str, port: int) -> None:
    client.request = client.lane.launch(f"{client.lane.label}, {what}", partial(_knock, client, host, ip, port))
    if client.request is None:
        client.network.course.soon(f"{client.lane.label}, no answer", partial(_give_up, client), CONNECT_S)


def _give_up(client: "Stream") -> None:
    """Nobody has answered a request."""
    if not client.closed and client.state == streams.CONNECTING:
        client.fail(errno.ETIMEDOUT)


def _knock(client: "Stream", host: "Host", ip: str, port: int) -> None:
    """A request has come to an address."""
    client.request = None
    if client.closed or client.state != streams.CONNECTING:
        return
    found: Any = next((one for one in host.at(client.kind, ip, port) if one.is_listening), None)
    if found is None:
        client.fail(errno.ECONNREFUSED)
    elif found.listener.full:
        found.listener.keep(client, host, ip, port)
    else:
        found.listener.welcome(client)


def _request_unix(client: "Stream", address: Any) -> None:
    """Linux connects Unix sockets at once, whether they are accepted or not."""
    network, path = client.network, unix_path(address)
    found: Any = client.host.paths.get(path)
    if found is None:
        raise failure(errno.ECONNREFUSED if isinstance(path, bytes) else errno.ENOENT)
    if found.kind != client.kind:
        raise failure(errno.EPROTOTYPE)
    if not found.is_listening:
        raise failure(errno.ECONNREFUSED)
    if found.listener.full:
        raise failure(errno.EAGAIN)
    label = network.spell_path(path)
    client.remote = path
    client.lane = Lane(network, client.host, found.host, f"client {network.count(label)} -> {label}", client)
    found.listener.welcome(client)
    client.announced = True


def _names_of(listening: "Stream", client: "Stream") -> tuple[Any, Any]:
    """The local and the remote address of an accepted connection."""
    if listening.family == UNIX:
        return listening.local, client.local
    return tuple(make_inet(listening.family, *one[:2]) for one in (client.remote, client.local))


def _turned(label: str) -> str:
    """The name of the other direction."""
    here, _, there = label.partition(" -> ")
    return f"{there} -> {here}"
