"""Whatever lands when, in segments and through cuts: a stream gives the bytes that were sent, in order, and then its end."""

import socket
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import HandCourse, world

MOVES = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 3000)),
    st.tuples(st.just("recv"), st.integers(1, 3000)),
    st.tuples(st.just("land"), st.integers(0, 9)),
    st.tuples(st.just("segment"), st.integers(1, 500)),
    st.tuples(st.sampled_from(["cut", "heal"]), st.just(0)),
)
WINDOW = 4000


def land_some(course: HandCourse, turn: int) -> None:
    able = [index for index, flight in enumerate(course.flights) if flight.behind is None or flight.behind.landed]
    if able:
        course.land(able[turn % len(able)])


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_streams_keep_order(moves: list[tuple[str, int]]) -> None:
    where = ["db"]
    with world(current_host=lambda: where[0]) as (network, course), socket.create_server(("", 80)) as server:
        where[0] = "localhost"
        with socket.socket() as client:
            client.setblocking(False)
            client.connect_ex(("db", 80))
            course.land_all()
            receiver, _ = server.accept()
            receiver.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WINDOW)
            sent, got = play(network, course, client, receiver, moves)
        network.heal("localhost", "db")
        course.land_all()
        while piece := receiver.recv(1000):
            got += piece
        assert got == sent
        receiver.close()


def play(network: Any, course: HandCourse, client: Any, receiver: Any, moves: list[tuple[str, int]]) -> tuple[bytes, bytes]:
    sent = got = b""
    for move, size in moves:
        if move == "send" and len(sent) - len(got) < WINDOW:
            data = bytes((len(sent) + index) % 251 for index in range(size))
            sent += data[: client.send(data)]
            assert len(sent) - len(got) <= WINDOW
        elif move == "recv" and receiver.is_readable():
            got += receiver.recv(size)
        elif move == "land":
            land_some(course, size)
        elif move == "segment":
            course.first_bytes = size
        elif move in ("cut", "heal"):
            getattr(network, move)("localhost", "db")
    return sent, got
