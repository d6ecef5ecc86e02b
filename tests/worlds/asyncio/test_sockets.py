"""What a program sees of one connection: windows, segments, ends, resets, modes, descriptors, and what is refused."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from network_tools import HandCourse, world

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio.network import FIRST_DESCRIPTOR, Network
from crossroads.worlds.asyncio.streams import WINDOW_BYTES

REAL_SOCKET = socket.socket
ADDRESS = ("127.0.0.1", 6379)


@pytest.fixture
def course() -> Iterator[HandCourse]:
    with world() as (_, made):
        yield made


def listening(address: Any = ADDRESS, backlog: int = 5) -> Any:
    made = socket.create_server(address, backlog=backlog)
    made.setblocking(False)
    return made


def connecting(address: Any = ADDRESS) -> Any:
    made = socket.socket()
    made.setblocking(False)
    assert made.connect_ex(address) == errno.EINPROGRESS
    return made


def accepted(server: Any) -> Any:
    made, _ = server.accept()
    made.setblocking(False)
    return made


@pytest.fixture
def ends(course: HandCourse) -> Iterator[tuple[Any, Any]]:
    with listening() as server, connecting() as client:
        course.land_all()
        with accepted(server) as other:
            yield client, other


def test_a_client_knows_before_the_server(course: HandCourse) -> None:
    with listening() as server, connecting() as client:
        assert (client.is_readable(), client.is_writable(), server.is_readable()) == (False, False, False)
        assert course.land() == "client 1 -> 127.0.0.1:6379, connect"
        assert (client.is_readable(), client.is_writable(), server.is_readable()) == (False, True, False)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert course.land() == "client 1 -> 127.0.0.1:6379, connected"
        assert server.is_readable()
        other = accepted(server)
        assert other.getpeername() == client.getsockname() == ("127.0.0.1", 40001)
        assert other.getsockname() == client.getpeername() == ADDRESS
        with pytest.raises(BlockingIOError):
            server.accept()
        other.close()


def test_refused_after_a_flight(course: HandCourse) -> None:
    with connecting() as client:
        assert not client.is_writable()
        course.land()
        assert client.is_writable()
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_closing_while_connecting_drops_the_request(course: HandCourse) -> None:
    connecting().close()
    assert course.flights == []


def test_requests_wait_for_room_in_the_backlog(course: HandCourse) -> None:
    with listening(backlog=1) as server:
        clients = [connecting() for _ in range(4)]
        course.land_all()
        assert [client.is_writable() for client in clients] == [True, True, False, False]
        accepted(server).close()
        course.land_all()
        assert [client.is_writable() for client in clients] == [True, True, True, False]
        assert "client 3 -> 127.0.0.1:6379, connect again" in course.labels
    course.land_all()
    assert clients[3].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    with pytest.raises(ConnectionResetError):
        clients[1].recv(1)
    for client in clients:
        client.close()


def test_messages_arrive_in_order_and_are_named(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    course.labels.clear()
    client.send(b"one")
    client.send(b"two")
    server.send(b"three")
    client.close()
    first, second, _, end = course.flights
    assert (second.behind, end.behind) == (first, second)
    assert course.labels == [
        "client 1 -> 127.0.0.1:6379, message 1",
        "client 1 -> 127.0.0.1:6379, message 2",
        "127.0.0.1:6379 -> client 1, message 1",
        "client 1 -> 127.0.0.1:6379, end",
    ]
    course.land()
    course.land()
    assert server.recv(100) == b"onetwo"
    course.land_all()
    assert server.recv(100) == b""


def test_a_write_travels_in_segments(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    course.first_bytes = 4
    client.send(b"0123456789")
    assert [flight.label[-6:] for flight in course.flights] == ["part 1", "part 2", "part 3"]
    course.land()
    assert server.recv(100) == b"0123"
    course.land_all()
    assert server.recv(3) + server.recv(100) == b"456789"


def test_the_window_fills_and_empties(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    assert client.send(b"x" * 100_000) == WINDOW_BYTES
    assert not client.is_writable()
    with pytest.raises(BlockingIOError):
        client.send(b"y")
    course.land_all()
    assert not client.is_writable()
    course.touched.clear()
    server.recv(WINDOW_BYTES // 2)
    assert client.is_writable()
    assert [one.fileno() for one in course.touched] == [client.fileno()]


def test_buffer_sizes_set_the_window(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert server.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 8192
    assert client.send(b"x" * 100_000) == 4096
    assert server.send(b"x" * 100_000) == WINDOW_BYTES


def test_closing_with_unread_data_resets(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    client.send(b"hello")
    course.land_all()
    server.close()
    assert course.land() == "127.0.0.1:6379 -> client 1, reset"
    assert client.is_readable()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert client.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        client.send(b"more")


def test_sending_to_a_closed_socket(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    server.close()
    course.land_all()
    assert client.recv(1) == b""
    assert client.send(b"hello") == 5
    course.land_all()
    with pytest.raises(BrokenPipeError):
        client.send(b"more")


def test_half_close(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    client.shutdown(socket.SHUT_WR)
    course.land_all()
    assert server.recv(10) == b""
    server.send(b"answer")
    course.land_all()
    assert client.recv(10) == b"answer"


def test_lingering_for_no_time_resets(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    course.land_all()
    with pytest.raises(ConnectionResetError):
        server.recv(1)


def test_a_blocking_socket_gets_what_is_there(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    client.send(b"hello")
    course.land_all()
    server.setblocking(True)
    assert server.recv(100) == b"hello"
    with pytest.raises(NotSimulated, match=r"recv\(\) of a blocking socket would wait"):
        server.recv(100)
    with socket.socket() as blocking:
        blocking.connect(ADDRESS)
        assert blocking.getpeername() == ADDRESS
    with socket.socket() as blocking, pytest.raises(ConnectionRefusedError):
        blocking.connect((ADDRESS[0], 9))


def test_descriptors(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, server = ends
    assert client.fileno() >= FIRST_DESCRIPTOR
    twin = client.dup()
    client.close()
    assert client.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        client.send(b"x")
    number = twin.detach()
    with socket.socket(fileno=number) as again:
        assert (again.family, again.type) == (socket.AF_INET, socket.SOCK_STREAM)
        with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as other:
            other.setblocking(False)
            other.send(b"hello")
        course.land_all()
        assert server.recv(10) == b"hello"
    course.land_all()
    assert server.recv(10) == b""
    with pytest.raises(OSError, match="Bad file descriptor"):
        socket.socket(fileno=number)
    with pytest.raises(NotSimulated, match="real descriptor 0"):
        socket.socket(fileno=0)


def test_a_forgotten_socket_closes_itself(course: HandCourse) -> None:
    with pytest.warns(ResourceWarning, match=r"unclosed <socket.socket fd=1000000"):
        socket.socket()


def test_it_is_a_socket(course: HandCourse) -> None:
    class Special(socket.socket):
        pass

    with Special() as special, socket.socket() as plain:
        assert isinstance(special, socket.socket)
        assert isinstance(plain, socket.SocketType)
        assert not isinstance(plain, REAL_SOCKET)
        assert repr(plain) == f"<socket.socket fd={plain.fileno()}, family=2, type=1, proto=0, laddr=('0.0.0.0', 0)>"


def test_everything_of_the_real_interface_is_there(course: HandCourse) -> None:
    missing = {name for name in dir(REAL_SOCKET) if not name.startswith("_")} - set(dir(socket.socket))
    assert missing == set()


def test_makefile_and_sendfile(course: HandCourse, ends: tuple[Any, Any], tmp_path: Any) -> None:
    client, server = ends
    (tmp_path / "page").write_bytes(b"first\nsecond\n")
    client.settimeout(5)
    with (tmp_path / "page").open("rb") as page:
        assert client.sendfile(page) == 13
    course.land_all()
    server.setblocking(True)
    with server.makefile("rb") as lines:
        assert lines.readline() == b"first\n"


def test_addresses_in_use(course: HandCourse) -> None:
    with listening(("", 80)), socket.socket() as other:
        for address in (("127.0.0.1", 80), ("", 80)):
            with pytest.raises(OSError, match="Address already in use"):
                other.bind(address)
        with pytest.raises(OSError, match="Cannot assign requested address"):
            other.bind(("10.9.8.7", 80))
        other.bind(("127.0.0.1", 0))
        assert other.getsockname() == ("127.0.0.1", 40001)


def test_a_port_can_be_shared(course: HandCourse) -> None:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(ADDRESS)


def test_dual_stack(course: HandCourse) -> None:
    with socket.create_server(("", 80), family=socket.AF_INET6, dualstack_ipv6=True) as server, connecting(("127.0.0.1", 80)) as client:
        course.land_all()
        other = accepted(server)
        assert other.getpeername() == ("::ffff:127.0.0.1", client.getsockname()[1], 0, 0)
        other.close()


def test_options_are_those_of_linux(course: HandCourse) -> None:
    with REAL_SOCKET() as real, socket.socket() as ours:
        for name in ("SO_KEEPALIVE", "SO_REUSEADDR", "SO_TYPE", "SO_LINGER", "SO_ACCEPTCONN", "SO_DOMAIN", "SO_PROTOCOL"):
            option = socket.SOL_SOCKET, getattr(socket, name)
            assert ours.getsockopt(*option) == real.getsockopt(*option), name
        for name in ("TCP_NODELAY", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
            option = socket.IPPROTO_TCP, getattr(socket, name)
            for one in (real, ours):
                one.setsockopt(*option, 5)
            assert ours.getsockopt(*option) == real.getsockopt(*option), name
        with pytest.raises(OSError, match="Protocol not available"):
            ours.setsockopt(socket.SOL_SOCKET, 999, 1)


def test_what_is_not_simulated_says_so(course: HandCourse, ends: tuple[Any, Any]) -> None:
    client, _ = ends
    with pytest.raises(NotSimulated, match=r"connect to 93.184.216.34:443 would leave the world"):
        connecting(("93.184.216.34", 443))
    with pytest.raises(NotSimulated, match=r"type=SOCK_RAW"):
        socket.socket(socket.AF_INET, socket.SOCK_RAW)
    with pytest.raises(NotSimulated, match="ancillary"):
        client.sendmsg([b"x"], [(1, 1, b"")])
    with pytest.raises(NotSimulated, match="wrap_socket"):
        ssl.create_default_context().wrap_socket(client)
    with pytest.raises(NotSimulated, match="flags"):
        client.send(b"x", socket.MSG_OOB)


def test_unix_paths(course: HandCourse) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with pytest.raises(FileNotFoundError):
            client.connect("/run/nobody")
        server.bind(b"\0abstract")
        with pytest.raises(ConnectionRefusedError):
            client.connect(b"\0abstract")
        server.listen()
        client.connect(b"\0abstract")
        client.send(b"hello")
        assert course.labels == ["client 1 -> @abstract, connected", "client 1 -> @abstract, message 1"]
        assert not server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def test_socketpairs_take_no_time(course: HandCourse) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.send(b"\0")
        assert other.is_readable()
        assert other.recv(10) == b"\0"
        assert course.labels == []


def test_undoing_brings_the_real_ones_back() -> None:
    before = dict(vars(socket))
    with world():
        assert socket.socket is not REAL_SOCKET
    assert {name for name, value in vars(socket).items() if before.get(name) is not value} == set()
    assert not hasattr(Network, "socket")
