"""The executors of the asyncio world on a loop of it, in this process, with latencies drawn from a seed."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from crossroads.snapshots.live import LiveRun
from crossroads.worlds.asyncio import blocking, locks
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.loop import WorldLoop
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.patch import install as install_network
from crossroads.worlds.asyncio.refusals import refuse_descriptor
from crossroads.worlds.asyncio.selector import WorldSelector
from crossroads.worlds.asyncio.tasks import TaskNumbers
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.elapsed import Elapsed
from crossroads.worlds.patches import Patches

PASS_NS = 20_000


NOBODY: Any = None


class Drawn(LiveRun):
    """Settles what a run would settle, by a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(NOBODY, 0, NOBODY)
        self.random = random.Random(seed)
        self.labels: list[str] = []

    def choose(
        self, kind: Any, label: object, options: Sequence[Any], weights: Sequence[float] | None, locate: Any = None, u: float | None = None
    ) -> int:
        self.labels.append(str(label))
        return self.random.choices(range(len(options)), weights)[0]

    def event(self, label: str, actor: Any = None, locate: Any = None) -> None:
        pass

    def took(self, seconds: float) -> None:
        pass

    def four(self, name: str) -> tuple[float, float, float, float]:
        one, two, three, four = (self.random.random() for _ in range(4))
        return one, two, three, four


class Stuck(Exception):
    """Nothing is left to happen."""


class Place:
    """A small world with executors: `run` lives one program in it."""

    def __init__(self, seed: int) -> None:
        self.clock = Elapsed()
        self.chooser = Drawn(seed)
        self.traffic = Traffic(self.clock, PASS_NS)
        self.traffic.chooser = self.chooser
        self.jobs = Jobs(self.traffic, self.clock)
        self.network = Network(self.traffic, names_receivers=True)

    def new_event_loop(self) -> WorldLoop:
        selector = WorldSelector(self.traffic, self.network.descriptors.__getitem__, refuse_descriptor, self._stuck)
        self.traffic.touch = selector.touch
        return WorldLoop(self.clock, 0.0, selector, TaskNumbers(), self.jobs)

    def run(self, program: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        with self._installed(), asyncio.Runner(loop_factory=self.new_event_loop) as runner:
            return runner.run(program())

    def sleep(self, seconds: float) -> None:
        if not self.jobs.errands.sleep(seconds):
            self.clock.elapsed_ns += round(seconds * 1e9)

    def _stuck(self) -> None:
        raise Stuck

    @contextmanager
    def _installed(self) -> Iterator[None]:
        sockets, patches = install_network(self.network), Patches()
        self.jobs.install(patches)
        blocking.install(self.jobs, patches)
        locks.install(self.jobs, patches)
        patches.set(time, "sleep", self.sleep)
        try:
            yield
        finally:
            patches.undo()
            sockets.undo()
