"""A witness of one life of an asyncio program: what each poll of its loop reported and when, what each socket call returned, what ran.

It takes down a life in the world, and `scripted_sockets` lives it again on stock asyncio. Sockets are told by the order in which they
first appear, tasks by their hashes.
"""

import asyncio
import socket
from collections import deque
from typing import Any


class Names:
    """Numbers for sockets, in order of appearance."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.made = 0
        self.addresses: dict[Any, int] = {}

    def of(self, descriptor: int) -> int:
        if descriptor not in self.numbers:
            self.numbers[descriptor] = self.made
            self.made += 1
        return self.numbers[descriptor]

    def forget(self, descriptor: int) -> None:
        self.numbers.pop(descriptor, None)


class WatchedQueue(deque[Any]):
    """A loop's queue of ready callbacks, which tells what it gives out."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self.said = said

    def popleft(self) -> Any:
        handle = super().popleft()
        if not handle._cancelled:
            owner = getattr(handle._callback, "__self__", None)
            callback = handle._callback
            self.said.append(
                f"task {hash(owner)}" if isinstance(owner, asyncio.Task) else getattr(callback, "__qualname__", type(callback).__name__)
            )
        return handle


def watch(loop: Any, said: list[str]) -> None:
    """Let a loop tell what it runs, and log nothing: logging reads the clock, which takes time in the world."""
    loop._ready = WatchedQueue(said)
    loop.set_exception_handler(lambda loop, context: None)


class Recorder:
    """Takes down a life in the world; `story` is what there is to tell, as JSON can hold it."""

    def __init__(self, loop: Any) -> None:
        self.names = Names()
        self.names.of(-1 if loop._ssock is None else loop._ssock.fileno())
        self.story: dict[str, Any] = {"start": loop.time(), "polls": [], "calls": [], "ran": []}
        watch(loop, self.story["ran"])
        self.loop, self.poll, self.enter = loop, loop._selector.select, loop._selector.register
        loop._selector.select, loop._selector.register = self.select, self.register
        # Whether the shutdown may be short is compared in test_passes; here it is lived, as the stock loop lives it.
        loop._has_nothing_to_shut = lambda: False
        self.last = loop.time()
        world_socket: Any = socket.socket
        for name in ("connect", "accept", "recv", "send", "close"):
            setattr(world_socket, name, self.wrap(name, getattr(world_socket, name)))

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        self.names.of(fileobj if isinstance(fileobj, int) else fileobj.fileno())
        return self.enter(fileobj, events, data)

    def select(self, timeout: float | None = None) -> Any:
        assert self.loop.time() == self.last, "time passed outside of a poll"
        found = self.poll(timeout)
        self.last = self.loop.time()
        events = [[self.names.of(key.fd), mask] for key, mask in found]
        self.story["polls"].append([self.last, timeout, events, len(self.story["ran"])])
        return found

    def wrap(self, name: str, call: Any) -> Any:
        def recorded(sock: Any, *arguments: Any) -> Any:
            descriptor = sock.fileno()
            if name == "close":
                self.names.forget(descriptor)
                return call(sock, *arguments)
            number = self.names.of(descriptor)
            entry = [name, number, "", None]
            self.story["calls"].append(entry)
            try:
                result = call(sock, *arguments)
            except OSError as error:
                entry[2:] = ["error", error.errno]
                raise
            else:
                entry[2:] = self.tell(name, arguments, result)
                return result
            finally:
                if name == "connect":
                    self.names.addresses[sock.getsockname()] = number

        return recorded

    def tell(self, name: str, arguments: Any, result: Any) -> list[Any]:
        if name == "accept":
            return ["from", self.names.addresses[result[1]]]
        if name == "send":
            return [bytes(arguments[0]).hex(), result]
        return [bytes(result).hex(), len(result)] if name == "recv" else ["", None]


async def tidily(program: Any) -> Any:
    """Await a coroutine, and cancel what it leaves behind in a fixed order (`Runner.close` has a set's, with other loops' tasks in it)."""
    try:
        return await program
    finally:
        others = sorted(asyncio.all_tasks() - {asyncio.current_task()}, key=hash)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def end_of(runner: asyncio.Runner, program: Any) -> str:
    """How a coroutine ends."""
    try:
        return f"returned {runner.run(tidily(program))!r}"
    except Exception as error:
        return f"raised {error!r}"
