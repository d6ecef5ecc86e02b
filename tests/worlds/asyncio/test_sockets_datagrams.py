"""Datagrams: boundaries, order, addresses, refusals."""

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from network_tools import HandCourse, world

from crossroads.errors import NotSimulated

SERVER = ("127.0.0.1", 5353)


@pytest.fixture
def course() -> Iterator[HandCourse]:
    with world() as (_, made):
        yield made


def udp(address: Any = None) -> Any:
    made = socket.socket(type=socket.SOCK_DGRAM)
    made.setblocking(False)
    if address is not None:
        made.bind(address)
    return made


def test_datagrams_keep_boundaries_order_and_names(course: HandCourse) -> None:
    with udp(SERVER) as server, udp() as client:
        client.sendto(b"one", SERVER)
        client.sendto(b"two", SERVER)
        assert course.flights[1].behind is course.flights[0]
        assert course.labels == [f"127.0.0.1:40001 -> 127.0.0.1:5353, datagram {number}" for number in (1, 2)]
        course.land_all()
        assert server.recvfrom(2) == (b"on", ("127.0.0.1", 40001))
        assert server.recvmsg(100) == (b"two", [], 0, ("127.0.0.1", 40001))
        with pytest.raises(BlockingIOError):
            server.recv(1)


def test_a_connected_socket_hears_its_peer_alone(course: HandCourse) -> None:
    with udp(SERVER) as server, udp() as client, udp() as stranger:
        client.connect(SERVER)
        stranger.sendto(b"psst", client.getsockname())
        server.sendto(b"hello", client.getsockname())
        course.land_all()
        assert client.recv(100) == b"hello"
        assert not client.is_readable()


def test_only_a_connected_socket_hears_of_refusals(course: HandCourse) -> None:
    with udp() as connected, udp() as other:
        connected.connect(SERVER)
        connected.send(b"x")
        other.sendto(b"x", SERVER)
        course.land_all()
        assert not other.is_readable()
        with pytest.raises(ConnectionRefusedError):
            connected.recv(1)


def test_a_full_buffer_loses(course: HandCourse) -> None:
    with udp(SERVER) as server, udp() as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 3000)
        for _ in range(4):
            client.sendto(b"x" * 1000, SERVER)
        course.land_all()
        assert sum(server.is_readable() and len(server.recv(2000)) for _ in range(4)) == 3000


def test_no_broadcasting(course: HandCourse) -> None:
    with udp() as client:
        with pytest.raises(PermissionError):
            client.sendto(b"x", ("255.255.255.255", 9))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        with pytest.raises(NotSimulated, match="nothing is broadcast"):
            client.sendto(b"x", ("<broadcast>", 9))
        with pytest.raises(NotSimulated, match="multicast"):
            client.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, b"\0" * 8)
        with pytest.raises(OSError, match="Message too long") as caught:
            client.sendto(b"x" * 70_000, SERVER)
        assert caught.value.errno == errno.EMSGSIZE


def test_unix_datagrams(course: HandCourse) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        server.bind("/nowhere/log")
        with pytest.raises(FileNotFoundError):
            client.sendto(b"x", "/nowhere/nobody")
        client.sendto(b"hello", "/nowhere/log")
        assert course.labels == ["unnamed -> unix:log, datagram 1"]
        course.land_all()
        assert server.recvfrom(100) == (b"hello", None)
        client.bind("/nowhere/client")
        client.connect("/nowhere/log")
        client.send(b"again")
        course.land_all()
        assert server.recvfrom(100) == (b"again", "/nowhere/client")
