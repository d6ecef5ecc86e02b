"""The same random calls on the kernel's sockets and on ours, delivered at once: same results, errors and readiness."""

import select
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import HandCourse, world

Step = tuple[Any, ...]
Trace = list[Any]
FIRST_PORT_GIVEN = 10_000
REAL_TRIES = 3
"""A loaded machine may deliver late even on its loopback; the real side may be asked again."""


class Kernel:
    """The machine's own sockets."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self.open: list[Any] = []

    def close(self) -> None:
        for one in self.open:
            one.close()
        self._stack.close()

    def settle(self) -> None:
        pass

    def ready(self, one: Any) -> tuple[bool, bool]:
        poll = select.poll()
        poll.register(one, select.POLLIN | select.POLLOUT)
        events = dict(poll.poll(0)).get(one.fileno(), 0)
        return bool(events & ~select.POLLOUT), bool(events & ~select.POLLIN)


class Ours(Kernel):
    """The world's sockets, where everything lands at once."""

    def __init__(self, course: HandCourse) -> None:
        super().__init__()
        self.course = course

    def settle(self) -> None:
        self.course.land_all()

    def ready(self, one: Any) -> tuple[bool, bool]:
        return one.is_readable(), one.is_writable()


@contextmanager
def kernel(ours: bool) -> Iterator[Kernel]:
    with ExitStack() as stack:
        made: Kernel = Ours(stack.enter_context(world())[1]) if ours else Kernel()
        stack.callback(made.close)
        yield made


def tcp(made: Kernel, family: int = socket.AF_INET, host: str = "127.0.0.1") -> list[Any]:
    listener, client = socket.socket(family), socket.socket(family)
    made.open += [listener, client]
    listener.bind((host, 0))
    listener.listen()
    both = connect(made, listener, client)
    for one in both:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return both


def unix(made: Kernel) -> list[Any]:
    listener, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    made.open += [listener, client]
    listener.bind(str(Path(made.folder) / "socket"))
    listener.listen()
    return connect(made, listener, client)


def connect(made: Kernel, listener: Any, client: Any) -> list[Any]:
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    made.settle()
    client.connect_ex(listener.getsockname())
    listener.setblocking(False)
    server, _ = listener.accept()
    server.setblocking(False)
    made.open.append(server)
    return [client, server]


def pair(made: Kernel) -> list[Any]:
    both = socket.socketpair()
    return keep(made, both)


def datagram_pair(made: Kernel) -> list[Any]:
    return keep(made, socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))


def fresh(made: Kernel) -> list[Any]:
    return keep(made, [socket.socket(), socket.socket()])


def fresh_unix(made: Kernel) -> list[Any]:
    return keep(made, [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)])


def udp(made: Kernel) -> list[Any]:
    both = keep(made, [socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)])
    for one in both:
        one.bind(("127.0.0.1", 0))
    return both


def keep(made: Kernel, sockets: Any) -> list[Any]:
    made.open += sockets
    for one in sockets:
        one.setblocking(False)
    return list(sockets)


def told(value: Any, known: list[Any]) -> Any:
    """A result without what may differ: ports are told by whose they are, and so are paths."""
    if value in known:
        return f"address {known.index(value)}"
    if isinstance(value, tuple | list):
        return [told(one, known) for one in value]
    return "a port" if isinstance(value, int) and value >= FIRST_PORT_GIVEN else value


def call(one: Any, other: Any, step: Step) -> Any:
    name, arguments = step[0], list(step[1:])
    if name == "recv_into":
        buffer = bytearray(arguments[0])
        return one.recv_into(buffer), bytes(buffer)
    if name == "linger":
        return one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if name == "sendto":
        return one.sendto(arguments[0], other)
    if name in ("connect", "connect_ex"):
        return getattr(one, name)(other)
    return getattr(one, name)(*arguments)


def play(made: Kernel, sockets: list[Any], script: list[tuple[int, Step]]) -> Trace:
    trace: Trace = []
    addresses = [one.getsockname() for one in sockets]
    known = [address for address in addresses if address and address[-1] != 0]
    for who, step in script:
        one = sockets[who]
        try:
            result = call(one, addresses[1 - who], step)
        except (OSError, ValueError) as error:
            result = type(error).__name__, getattr(error, "errno", None)
        made.settle()
        ready = [made.ready(each) if each.fileno() >= 0 else None for each in sockets]
        trace.append((who, step, told(result, known), ready))
    return trace


def compare(setup: Callable[[Kernel], list[Any]], script: list[tuple[int, Step]]) -> None:
    with kernel(ours=True) as made:
        ours = play(made, setup(made), script)
    for tries in range(REAL_TRIES):
        with kernel(ours=False) as made:
            real = play(made, setup(made), script)
        if ours == real or tries == REAL_TRIES - 1:
            break
    assert ours == real


def script(*steps: Step) -> st.SearchStrategy[list[tuple[int, Step]]]:
    return st.lists(st.tuples(st.integers(0, 1), st.sampled_from(steps)), max_size=12)


STREAM_STEPS: tuple[Step, ...] = (
    ("send", b"hello"),
    ("send", b""),
    ("sendall", bytearray(b"abc")),
    ("sendmsg", [b"one", b"two"]),
    ("recv", 3),
    ("recv", 100),
    ("recv", 0),
    ("recv", 2, socket.MSG_PEEK),
    ("recv_into", 4),
    ("recvmsg", 4),
    ("recvfrom", 4),
    ("shutdown", socket.SHUT_RD),
    ("shutdown", socket.SHUT_WR),
    ("shutdown", socket.SHUT_RDWR),
    ("close",),
    ("close",),
    ("linger",),
    ("getsockopt", socket.SOL_SOCKET, socket.SO_ERROR),
    ("getpeername",),
    ("getsockname",),
    ("connect",),
    ("listen", 5),
    ("accept",),
)
FRESH_STEPS = (*STREAM_STEPS, ("bind", ("127.0.0.1", 0)), ("getsockopt", socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
DATAGRAM_STEPS: tuple[Step, ...] = (
    ("send", b"hello"),
    ("sendto", b"there"),
    ("sendto", b""),
    ("recv", 3),
    ("recvfrom", 100),
    ("recvmsg", 2),
    ("recv", 2, socket.MSG_PEEK),
    ("connect",),
    ("connect",),
    ("getpeername",),
    ("getsockname",),
    ("close",),
    ("listen", 1),
    ("accept",),
    ("getsockopt", socket.SOL_SOCKET, socket.SO_ERROR),
    ("shutdown", socket.SHUT_WR),
)
PAIR_STEPS = tuple(step for step in DATAGRAM_STEPS if step[0] not in ("connect", "sendto"))
FEW = settings(max_examples=80, derandomize=True, deadline=None)


@FEW
@given(script(*STREAM_STEPS))
def test_tcp(steps: list[tuple[int, Step]]) -> None:
    compare(tcp, steps)


@FEW
@given(script(*(step for step in STREAM_STEPS if step[0] != "connect")))
def test_unix_streams(steps: list[tuple[int, Step]]) -> None:
    compare(unix, steps)


@FEW
@given(script(*(step for step in STREAM_STEPS if step[0] != "connect")))
def test_socketpair(steps: list[tuple[int, Step]]) -> None:
    compare(pair, steps)


@FEW
@given(script(*PAIR_STEPS))
def test_datagram_pair(steps: list[tuple[int, Step]]) -> None:
    compare(datagram_pair, steps)


@FEW
@given(script(*FRESH_STEPS))
def test_tcp_before_any_connection(steps: list[tuple[int, Step]]) -> None:
    compare(fresh, [step for step in steps if step[1][0] != "connect"])


@FEW
@given(script(*(step for step in STREAM_STEPS if step[0] != "connect")))
def test_unix_before_any_connection(steps: list[tuple[int, Step]]) -> None:
    compare(fresh_unix, steps)


@FEW
@given(script(*DATAGRAM_STEPS))
def test_udp(steps: list[tuple[int, Step]]) -> None:
    compare(udp, steps)


@pytest.mark.parametrize(
    "steps", [[("connect",)] * 2, [("connect",), ("recv", 1)], [("connect",), ("getsockopt", 1, 4), ("connect",), ("connect",)]]
)
def test_refused(steps: list[Step]) -> None:
    def setup(made: Kernel) -> list[Any]:
        bound = keep(made, [socket.socket(), socket.socket()])
        bound[1].bind(("127.0.0.1", 0))
        return bound

    compare(setup, [(0, step) for step in steps])
