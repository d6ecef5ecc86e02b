"""Hosts, names, labels, and what goes wrong between machines."""

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from network_tools import HandCourse, world

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.weather import CONNECT_S

REDIS = ("redis", 6379)


class Place:
    """A network on which a test says where it is."""

    def __init__(self, network: Network, course: HandCourse) -> None:
        self.network = network
        self.course = course
        self.host = "localhost"

    def socket(self, host: str, kind: int = socket.SOCK_STREAM) -> Any:
        self.host = host
        made = socket.socket(type=kind)
        made.setblocking(False)
        self.host = "localhost"
        return made

    def listening(self, host: str, address: Any) -> Any:
        made = self.socket(host)
        made.bind(address)
        made.listen()
        return made

    def connected(self, server: Any, address: Any = REDIS) -> tuple[Any, Any]:
        client = self.socket("localhost")
        client.connect_ex(address)
        self.course.land_all()
        other, _ = server.accept()
        other.setblocking(False)
        return client, other


@pytest.fixture
def place() -> Iterator[Place]:
    with world(current_host=lambda: made.host) as (network, course):
        made = Place(network, course)
        network.add_host("redis")
        yield made


def test_hosts_have_addresses_and_names(place: Place) -> None:
    assert place.network.add_host("redis") == "10.0.0.2" == socket.gethostbyname("redis")
    server = place.listening("redis", ("0.0.0.0", 6379))
    client, other = place.connected(server)
    assert client.getpeername() == ("10.0.0.2", 6379)
    assert other.getpeername()[0] == "10.0.0.1"
    assert place.course.labels[0] == "client 1 -> redis:6379, connect"
    other.send(b"x")
    assert place.course.labels[-1] == "redis:6379 -> client 1, message 1"


def test_each_host_has_its_own_loopback(place: Place) -> None:
    place.listening("redis", ("127.0.0.1", 80))
    place.listening("localhost", ("127.0.0.1", 80))
    with place.socket("redis") as client:
        client.connect_ex(("127.0.0.1", 80))
        assert place.course.labels == ["client 1 -> 127.0.0.1:80 on redis, connect"]


def test_a_cut_holds_what_is_launched(place: Place) -> None:
    client, other = place.connected(place.listening("redis", ("", 6379)))
    client.send(b"one ")
    place.network.cut("redis", "localhost")
    client.send(b"two ")
    client.send(b"three")
    place.course.land_all()
    assert other.recv(100) == b"one "
    place.network.heal("localhost", "redis")
    place.course.land_all()
    assert other.recv(100) == b"two three"


def test_a_cut_loses_datagrams(place: Place) -> None:
    with place.socket("redis", socket.SOCK_DGRAM) as server, place.socket("localhost", socket.SOCK_DGRAM) as client:
        server.bind(("", 53))
        place.network.cut("redis", "localhost")
        client.sendto(b"lost", ("redis", 53))
        place.network.heal("redis", "localhost")
        client.sendto(b"there", ("redis", 53))
        place.course.land_all()
        assert server.recv(10) == b"there"
        assert not server.is_readable()


def test_requests_wait_for_healing(place: Place) -> None:
    server = place.listening("redis", ("", 6379))
    place.network.cut("redis", "localhost")
    with place.socket("localhost") as client:
        client.connect_ex(REDIS)
        place.course.land_all()
        assert not client.is_writable()
        place.network.heal("redis", "localhost")
        place.course.land_all()
        assert client.is_writable()
        assert server.is_readable()


def test_a_request_that_nobody_answers_is_given_up(place: Place) -> None:
    place.listening("redis", ("", 6379))
    place.network.kill_host("redis", reset=False)
    with place.socket("localhost") as client:
        client.connect_ex(REDIS)
        ((seconds, flight),) = place.course.timed
        assert (seconds, client.is_writable()) == (CONNECT_S, False)
        flight.arrive()
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT


@pytest.mark.parametrize("reset", [True, False])
def test_a_host_dies(place: Place, reset: bool) -> None:
    server = place.listening("redis", ("", 6379))
    client, other = place.connected(server)
    place.network.kill_host("redis", reset=reset)
    place.course.land_all()
    assert client.is_readable() is reset
    assert not any(one.is_readable() for one in (server, other))
    if not reset:
        client.send(b"anybody there?")
        place.course.land_all()
        assert not client.is_readable()
        place.network.restart_host("redis")
        place.course.land_all()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    place.network.kill_host("redis", reset=reset)
    other.close()
    with pytest.raises(OSError, match="host redis was killed"):
        place.socket("redis")
    place.network.restart_host("redis")
    place.connected(place.listening("redis", ("", 6379)))


def test_names(place: Place) -> None:
    found = socket.getaddrinfo("localhost", "https", type=socket.SOCK_STREAM)
    assert [(one[0], one[2], one[4]) for one in found] == [
        (socket.AF_INET, socket.IPPROTO_TCP, ("127.0.0.1", 443)),
        (socket.AF_INET6, socket.IPPROTO_TCP, ("::1", 443, 0, 0)),
    ]
    assert [one[4][0] for one in socket.getaddrinfo("redis", 1, type=socket.SOCK_STREAM)] == ["10.0.0.2", "fd00::2"]
    assert socket.gethostname() == socket.getfqdn() == "localhost"
    assert socket.getnameinfo(("10.0.0.2", 80), 0) == ("redis", "http")
    with pytest.raises(socket.gaierror, match="Name or service not known") as caught:
        socket.getaddrinfo("example.com", 80)
    assert caught.value.errno == socket.EAI_NONAME


@pytest.mark.parametrize(
    "arguments",
    [
        (None, 80),
        ("127.0.0.1", "http", 0, socket.SOCK_STREAM),
        ("127.0.0.1", 80, socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP),
        ("::1", 80, 0, socket.SOCK_DGRAM),
        (None, 80, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_PASSIVE),
        ("127.1", None),
        (b"127.0.0.1", b"80"),
        ("127.0.0.1", 80, socket.AF_INET6),
        ("::1", 80, socket.AF_INET),
        ("127.0.0.1", "nonesuch"),
        (None, None),
        ("", 80),
        ("nonesuch", 80, 0, 0, 0, socket.AI_NUMERICHOST),
        ("127.0.0.1", 80, 99),
        ("127.0.0.1", 80, socket.AF_INET, 99),
        ("127.0.0.1", 80, 0, socket.SOCK_STREAM, 0, socket.AI_CANONNAME),
    ],
)
def test_numbers_resolve_as_everywhere(arguments: tuple[Any, ...]) -> None:
    def ask() -> Any:
        try:
            return sorted(socket.getaddrinfo(*arguments))
        except socket.gaierror as error:
            return error.args

    real = ask()
    with world():
        assert ask() == real


def test_a_flight_can_tell_where_it_goes() -> None:
    with world(names_receivers=True) as (_, course), socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 80))
        assert course.flights[0].socket.fileno() == client.fileno()


def test_real_addresses_are_outside(place: Place) -> None:
    with place.socket("localhost", socket.SOCK_DGRAM) as client, pytest.raises(NotSimulated, match=r"8\.8\.8\.8:53"):
        client.sendto(b"x", ("8.8.8.8", 53))
