"""Socket options, compared with the kernel's: what it takes is taken, kept and told as it does, or refused in our own words."""

import errno
import socket
from typing import Any

import pytest
from network_tools import world

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio import options

REAL_SOCKET = socket.socket

KINDS = [(family, kind) for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
LEVELS = (socket.SOL_SOCKET, socket.IPPROTO_IP, socket.IPPROTO_IPV6, socket.IPPROTO_TCP, socket.IPPROTO_UDP)
NUMBERS = 79
"""Options that newer kernels may have are beyond these."""

ROUNDED = (
    *("SO_BSDCOMPAT", "SO_RCVLOWAT", "IP_TOS", "IPV6_TCLASS", "IPV6_ADDR_PREFERENCES"),
    *("TCP_WINDOW_CLAMP", "TCP_DEFER_ACCEPT", "TCP_LINGER2", "TCP_THIN_DUPACK", "TCP_MAXSEG"),
)
"""What the kernel does to these depends on its version; a hint that is kept as it was given is as good."""

OWN = (
    *("SO_SNDBUF", "SO_RCVBUF", "SO_PASSCRED", "IP_MULTICAST_ALL"),
    *("IP_MULTICAST_IF", "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_IF"),
)
"""Defaults that are settings of the machine, and what Linux refuses for some kinds of sockets alone."""


@pytest.fixture(autouse=True)
def _world() -> Any:
    with world():
        yield


def told(one: Any, key: options.Key, value: Any = None, size: int = 0) -> Any:
    """What an option is after it was set, or the error."""
    try:
        if value is not None:
            one.setsockopt(*key, value)
        return one.getsockopt(*key, size) if size else one.getsockopt(*key)
    except NotSimulated:
        return NotSimulated
    except OSError as error:
        return errno.errorcode[error.errno or 0]


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("value", [0, 1])
def test_what_the_kernel_takes_is_no_error_of_the_program(family: int, kind: int, value: int) -> None:
    for level in LEVELS:
        for number in range(NUMBERS):
            key = level, number
            with REAL_SOCKET(family, kind) as real, socket.socket(family, kind) as ours:
                kernel = told(real, key, value)
                if isinstance(kernel, int) and options.NAMES.get(key) not in ROUNDED:
                    mine = told(ours, key, value)
                    assert mine in (kernel, NotSimulated), (options.NAMES.get(key, key), value)


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_defaults_and_refusals_are_those_of_the_kernel(family: int, kind: int) -> None:
    for key, default in options.DEFAULTS[family, kind].items():
        name = options.NAMES.get(key, "")
        if isinstance(default, bytes) or key in options.FELT or name in OWN:
            continue
        with REAL_SOCKET(family, kind) as real, socket.socket(family, kind) as ours:
            kernel = told(real, key)
            if isinstance(kernel, int):
                assert told(ours, key) == kernel, name
            for value in (-2, 70_000):
                kernel = told(real, key, value)
                if kernel == "EINVAL" and key in options.RANGES:
                    assert told(ours, key, value) == kernel, (name, value)


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_what_the_kernel_does_not_know_is_unknown(family: int, kind: int) -> None:
    for key in ((socket.SOL_SOCKET, 999), (socket.IPPROTO_IP, 60), (socket.IPPROTO_TCP, 99), (socket.IPPROTO_IPV6, 26), (99, 1)):
        if key in options.DEFAULTS[family, kind]:
            continue
        with REAL_SOCKET(family, kind) as real, socket.socket(family, kind) as ours:
            assert told(ours, key, 1) == told(real, key, 1), key
            assert told(ours, key) == told(real, key), key


@pytest.mark.parametrize(
    ("key", "value", "size"),
    [
        (options.CONGESTION, b"cubic", 16),
        (options.CONGESTION, b"reno", 16),
        (options.CONGESTION, b"reno", 3),
        (options.CONGESTION, b"no such", 16),
        ((socket.SOL_SOCKET, 20), (2).to_bytes(8, "little") + bytes(8), 16),
        ((socket.SOL_SOCKET, 21), b"\1\0\0\0", 16),
        ((socket.SOL_SOCKET, 25), b"lo", 16),
        ((socket.SOL_SOCKET, 25), b"", 16),
        ((socket.IPPROTO_IP, 2), b"\7", 4),
        ((socket.IPPROTO_TCP, 18), 3_000, 4),
        ((socket.SOL_SOCKET, 33), 10_000, 4),
    ],
)
def test_bytes_and_other_values(key: options.Key, value: Any, size: int) -> None:
    with REAL_SOCKET() as real, socket.socket() as ours:
        kernel = told(real, key, value, size)
        if kernel != "EPERM":
            assert told(ours, key, value, size) == kernel


@pytest.mark.parametrize(
    ("family", "kind", "key", "name"),
    [
        (socket.AF_INET, socket.SOCK_DGRAM, (socket.IPPROTO_IP, 12), "IP_RECVTTL"),
        (socket.AF_INET, socket.SOCK_DGRAM, (socket.SOL_SOCKET, 29), "SO_TIMESTAMP"),
        (socket.AF_INET6, socket.SOCK_DGRAM, (socket.IPPROTO_IPV6, 51), "IPV6_RECVHOPLIMIT"),
        (socket.AF_INET, socket.SOCK_STREAM, (socket.IPPROTO_TCP, 36), "TCP_INQ"),
        (socket.AF_INET, socket.SOCK_DGRAM, (socket.IPPROTO_UDP, 103), "UDP_SEGMENT"),
    ],
)
def test_what_would_be_seen_is_refused_by_name(family: int, kind: int, key: options.Key, name: str) -> None:
    with socket.socket(family, kind) as ours:
        ours.setsockopt(*key, 0)
        with pytest.raises(NotSimulated, match=name):
            ours.setsockopt(*key, 1)


def test_what_would_be_told_of_the_wire_is_refused_by_name() -> None:
    with socket.socket() as ours, pytest.raises(NotSimulated, match="TCP_INFO"):
        ours.getsockopt(socket.IPPROTO_TCP, 11, 104)


@pytest.mark.parametrize("asks", [False, True])
def test_whoever_asks_for_errors_hears_that_nobody_listens(asks: bool) -> None:
    with REAL_SOCKET(socket.AF_INET, socket.SOCK_DGRAM) as real:
        real.bind(("127.0.0.1", 0))
        free = real.getsockname()
    outcomes = []
    for real_one in (True, False):
        with world() as (_, course), (REAL_SOCKET if real_one else socket.socket)(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.setsockopt(socket.IPPROTO_IP, 11, asks)
            one.setblocking(False)
            one.sendto(b"hello", free)
            course.land_all()
            with pytest.raises(OSError) as caught:  # noqa: PT011
                one.recvmsg(100)
            outcomes.append(caught.value.errno)
            if not real_one:
                with pytest.raises(BlockingIOError):
                    one.recvmsg(100, 1024, socket.MSG_ERRQUEUE)
    assert outcomes == [errno.ECONNREFUSED if asks else errno.EAGAIN] * 2


@pytest.mark.parametrize(
    ("family", "ip", "option", "size"),
    [
        (socket.AF_INET, "127.0.0.1", (socket.IPPROTO_IP, 8), 100),
        (socket.AF_INET6, "::1", (socket.IPPROTO_IPV6, 49), 100),
        (socket.AF_INET6, "::ffff:127.0.0.1", (socket.IPPROTO_IPV6, 49), 100),
        (socket.AF_INET6, "::ffff:127.0.0.1", (socket.IPPROTO_IP, 8), 100),
        (socket.AF_INET, "127.0.0.1", (socket.IPPROTO_IP, 8), 0),
        (socket.AF_INET, "127.0.0.1", None, 100),
    ],
)
def test_to_which_address_a_message_came_and_from_which_the_answer_goes(family: int, ip: str, option: Any, size: int) -> None:
    outcomes = []
    for made in (REAL_SOCKET, socket.socket):
        with world() as (_, course), made(family, socket.SOCK_DGRAM) as server, made(family, socket.SOCK_DGRAM) as client:
            for one in (server, client):
                one.setblocking(False)
                one.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
            if option is not None:
                server.setsockopt(*option, 1)
            client.sendto(b"hello", (ip, server.getsockname()[1]))
            course.land_all()
            message, beside, flags, sender = server.recvmsg(100, size)
            server.sendmsg([message], beside, 0, sender)
            course.land_all()
            answer, source = client.recvfrom(100)
            outcomes.append((message, beside, flags, sender[0], answer, source[0]))
    assert outcomes[0] == outcomes[1]


def test_an_answer_from_an_address_of_somebody_else_is_refused() -> None:
    foreign = (socket.IPPROTO_IP, 8, bytes(4) + bytes([203, 0, 113, 1]) + bytes(4))
    for made in (REAL_SOCKET, socket.socket):
        with made(socket.AF_INET, socket.SOCK_DGRAM) as one, pytest.raises(OSError) as caught:  # noqa: PT011
            one.sendmsg([b"hello"], [foreign], 0, ("127.0.0.1", 9))
        assert caught.value.errno in (errno.EINVAL, errno.ENETUNREACH)
