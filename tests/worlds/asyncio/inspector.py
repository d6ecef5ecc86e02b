"""Watches a loop of the world, and asserts in each pass what Lib/asyncio/base_events.py, `_run_once`, promises."""

import asyncio
from collections import deque
from typing import Any

LATE_S = 0.005 + 0.001
"""How late the loop may wake, and what some passes take."""


class Queue(deque[Any]):
    """The queue of ready callbacks; tells what was put in and taken out in this pass."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[Any] = []
        self.taken: list[Any] = []

    def append(self, handle: Any) -> None:
        if not self.taken:
            self.added.append(handle)
        super().append(handle)

    def popleft(self) -> Any:
        handle = super().popleft()
        self.taken.append(handle)
        return handle


class Inspector:
    """Wraps the passes of one loop."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.queue = loop._ready = Queue()
        self.polls = self.passes = 0
        self.time = loop.time()
        self.reported: list[Any] = []
        self.run_once, self.poll, self.process = loop._run_once, loop._selector.select, loop._process_events
        loop._run_once, loop._selector.select, loop._process_events = self.one_pass, self.select, self.events

    def select(self, timeout: float | None = None) -> Any:
        before = self.loop.time()
        found = self.poll(timeout)
        self.time = self.loop.time()
        self.polls += 1
        assert self.time >= before
        assert timeout is None or self.time <= before + timeout + LATE_S
        assert len({key.fd for key, _ in found}) == len(found)
        assert all(mask and mask & key.events == mask for key, mask in found)
        return found

    def events(self, found: Any) -> None:
        start = len(self.queue.added)
        self.process(found)
        self.reported = self.queue.added[start:]

    def one_pass(self) -> None:
        queue = self.queue
        before = list(queue)
        queue.added, queue.taken, self.polls = [], [], 0
        self.run_once()
        self.passes += 1
        assert self.polls == 1, "one poll a pass"
        assert queue.taken == before + queue.added, "first in, first out; what is added meanwhile waits for the next pass"
        timers = [handle for handle in queue.added if isinstance(handle, asyncio.TimerHandle)]
        assert queue.added[len(queue.added) - len(timers) :] == timers, "timers come last"
        assert not set(map(id, self.reported)) & set(map(id, timers))
        whens = [timer.when() for timer in timers]
        assert whens == sorted(whens), "timers fire in the order of their deadlines"
        end = self.time + self.loop._clock_resolution
        assert all(when < end for when in whens), "no timer fires before its deadline"
