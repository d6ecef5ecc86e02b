"""Real sockets that hold back whatever hadn't arrived yet in a recorded life, for a stock loop; all else is as on any machine."""

import asyncio
import errno
import re
import select
import selectors
import socket
import struct
from typing import Any

from witness import Names, end_of, watch

WAIT_S = 10.0
"""What was sent on the loopback of this machine arrives long before."""

PORT = re.compile(rb"[\d\n]+")

EARLY_S = 1e-8

RESETS = (errno.ECONNRESET, errno.EPIPE)


class Script:
    """What a recorded life was told by its sockets, one call after the other; `resets` counts ends that the kernel told otherwise.

    When both ends hang up with bytes on the way, which of the end of the stream and the reset is met first hangs on how far they have got.
    Bytes that were held back here had arrived for the kernel: there it may tell the one where in the world it was the other.
    """

    def __init__(self, story: dict[str, Any]) -> None:
        self.story = story
        self.names = Names()
        self.polls = iter(story["polls"])
        self.calls = iter(story["calls"])
        self.resets = 0
        self.broken = ""
        self.waiting: dict[int, list[Any]] = {}

    def check(self, holds: object, told: object) -> None:
        """Assert, so that it is told at the next poll even if asyncio takes the exception for one of the connection's."""
        if not holds:
            self.broken = self.broken or str(told)
            raise AssertionError(self.broken)

    def next_call(self, name: str, sock: socket.socket) -> list[Any]:
        call, number, said, value = next(self.calls)
        now = name, self.names.of(sock.fileno())
        self.check((call, number) == now, f"recorded was {call} of socket {number}, now it is {now}")
        return [said, value]


def is_same(data: bytes, said: str) -> bool:
    """Whether these are the recorded bytes; where the program sends the number of a port, the kernel's is another one."""
    recorded = bytes.fromhex(said)
    return data == recorded or (all(PORT.fullmatch(one) is not None for one in (data, recorded)) and len(data) == len(recorded))


def wait_for(sock: Any, mask: int) -> None:
    """Wait until the kernel reports a socket as ready."""
    poll = select.poll()
    wanted = (select.POLLIN if mask & selectors.EVENT_READ else 0) | (select.POLLOUT if mask & selectors.EVENT_WRITE else 0)
    poll.register(sock, wanted)
    ScriptedSocket.script.check(poll.poll(WAIT_S * 1000), f"the kernel doesn't report {sock} as ready for {mask}")


class ScriptedSocket(socket.socket):
    """A real socket that holds back what hasn't arrived yet according to the self.script."""

    def connect(self, address: Any) -> None:
        said, value = self.script.next_call("connect", self)
        number = self.script.names.of(self.fileno())
        try:
            super().connect(address)
        except OSError as error:
            self.script.check((said, value) == ("error", error.errno), (said, value, error))
            raise
        finally:
            self.script.names.addresses[number] = self.getsockname()

    def accept(self) -> Any:
        said, value = self.script.next_call("accept", self)
        if said == "error":
            raise OSError(value, errno.errorcode[value])
        waiting = self.script.waiting.setdefault(self.fileno(), [])
        peer = self.script.names.addresses[value]
        while not any(address == peer for _, address in waiting):
            wait_for(self, selectors.EVENT_READ)
            waiting.append(super().accept())
        found = next(pair for pair in waiting if pair[1] == peer)
        waiting.remove(found)
        return found

    def recv(self, size: int, flags: int = 0) -> bytes:
        said, value = self.script.next_call("recv", self)
        if said == "error" and value == errno.EAGAIN:
            raise BlockingIOError(value, "held back")
        if said == "error" or not value:
            return self.end(value)
        data = b""
        while len(data) < value:
            wait_for(self, selectors.EVENT_READ)
            try:
                more = super().recv(value - len(data))
            except OSError as error:
                self.script.check(error.errno in RESETS, error)
                self.script.resets += 1
                return bytes.fromhex(said)
            self.script.check(more, f"the kernel has no more than {data!r}")
            data += more
        self.script.check(is_same(data, said), "the bytes differ")
        return data

    def end(self, value: int) -> bytes:
        """The end of a stream where `value` is 0, an error otherwise."""
        wait_for(self, selectors.EVENT_READ)
        try:
            data = super().recv(1)
        except OSError as error:
            self.script.check(error.errno in RESETS, error)
            self.script.resets += error.errno != value
        else:
            self.script.check(not data or value in RESETS, f"the kernel has more: {data!r}")
            self.script.resets += bool(value)
        if value:
            raise OSError(value, errno.errorcode[value])
        return b""

    def send(self, data: Any, flags: int = 0) -> int:
        said, value = self.script.next_call("send", self)
        try:
            sent = super().send(data)
        except OSError as error:
            self.script.check(error.errno in RESETS, error)
            sent = -1
        if said == "error":
            self.script.check(value in RESETS, value)
            self.script.resets += sent != -1
            raise OSError(value, errno.errorcode[value])
        self.script.check(is_same(bytes(data), said), "the bytes differ")
        self.script.resets += sent == -1
        self.script.check(sent in (-1, value), (sent, value))
        return int(value)

    def close(self) -> None:
        if self.fileno() >= 0:
            self.script.names.forget(self.fileno())
            # The kernel resets what a listener that closes hasn't given out; of that, these were taken from it ahead of the script.
            for unwanted, _ in self.script.waiting.pop(self.fileno(), ()):
                unwanted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("2i", 1, 0))
                unwanted.close()
        super().close()


class ScriptedSelector(selectors.SelectSelector):
    """Reports what was reported in the world, in that order, once the kernel reports it, too; and the time of the world."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.now_s: float = script.story["start"]
        self.ran: list[str] = []

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        self.script.names.of(fileobj if isinstance(fileobj, int) else fileobj.fileno())
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[Any]:
        time, events = self.next_poll(timeout)
        while not events and timeout != 0 and (timeout is None or time < self.now_s + timeout - EARLY_S):
            # In the world something arrived for a socket that nobody waits for: a pass in which nothing runs. Stock asyncio spares it.
            time, events = self.next_poll(None)
        self.now_s = time
        descriptors = {number: descriptor for descriptor, number in self.script.names.numbers.items()}
        return [self.report(descriptors[number], mask) for number, mask in events]

    def next_poll(self, timeout: float | None) -> tuple[float, list[Any]]:
        script = self.script
        script.check(not script.broken, script.broken)
        time, recorded_timeout, events, ran = next(script.polls, (0.0, None, [], -1))
        script.check(len(self.ran) == ran, f"{len(self.ran)} callbacks ran instead of {ran}")
        script.check(timeout is None or recorded_timeout is not None, "there is a timer that wasn't there")
        script.check(time >= self.now_s, "time went back")
        return time, events

    def report(self, descriptor: int, mask: int) -> tuple[selectors.SelectorKey, int]:
        key = self.get_map()[descriptor]
        self.script.check(mask & key.events == mask, "the loop doesn't wait for that")
        if not self.script.waiting.get(descriptor):
            wait_for(descriptor, mask)
        return key, mask


def live_again(loop: Any, program: Any) -> Script:
    """Live a recorded program on a stock loop, and assert at each step that it is the same life.

    Args:
        loop: has a ScriptedSelector as `virtual`.
        program: a coroutine function.
    """
    script, ran = loop.virtual.script, loop.virtual.ran
    ScriptedSocket.script = script
    watch(loop, ran)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        end = end_of(runner, program())
    assert not script.broken, script.broken
    assert end == script.story["end"], f"{end[-300:]} instead of {script.story['end'][-300:]}"
    assert ran == script.story["ran"]
    assert next(script.calls, None) is None, "less was asked of sockets"
    assert next(script.polls, None) is None, "there were fewer polls"
    return script  # type: ignore[no-any-return]
