"""The asyncio world: a program's event loops, network, executors and clock, all in this process and all determined by the run's timeline."""

import asyncio
import inspect
import subprocess
import threading
from asyncio import events
from collections.abc import Callable
from typing import Any, Final, NoReturn

from crossroads.errors import NotSimulated
from crossroads.snapshots.live import LiveRun
from crossroads.timeline.outcomes import Outcome, OutcomeKind
from crossroads.timeline.timelines import WorldSettings
from crossroads.world import current
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.loop import WorldLoop
from crossroads.worlds.asyncio.machines import Machines
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.patch import install as install_network
from crossroads.worlds.asyncio.selector import WorldSelector
from crossroads.worlds.asyncio.tasks import TaskNumbers
from crossroads.worlds.asyncio.traffic import Passage, Traffic
from crossroads.worlds.asyncio.waiting import awaiting_place, describe_task, describe_timer, task_behind
from crossroads.worlds.clock import MONOTONIC_START_NS
from crossroads.worlds.patches import Patches
from crossroads.worlds.plain import PlainWorld

PASS_NS: Final = 20_000
"""What one pass of the loop takes."""

TIME_LIMIT_NS: Final = 3_600 * 10**9
"""A program whose own clock has got so far counts as hung."""

TASKS_SHOWN: Final = 8


class AsyncioWorld(PlainWorld):
    """Asyncio programs with their clients and servers in one process."""

    def __init__(self, settings: WorldSettings) -> None:
        super().__init__(settings)
        self.traffic = Traffic(self._clock, PASS_NS)
        self.traffic.limit_ns = TIME_LIMIT_NS
        self.traffic.overdue = self._overdue
        self.traffic.describe, self.traffic.locate = self._describe, self._locate
        self.network = Network(self.traffic, names_receivers=True)
        self.machines = Machines(self.network, self.traffic, self._clock, settings.faults)
        self._numbers = TaskNumbers()
        self._loops: list[WorldLoop] = []
        self._selector: WorldSelector | None = None
        self._jobs = Jobs(self.traffic, self._clock)
        self._patches = Patches()

    def install(self) -> None:
        super().install()
        install_network(self.network)
        self._jobs.install(self._patches)
        _refuse(self._patches)
        self._use_loops()
        current.stage = self.machines

    def attach(self, live: LiveRun) -> None:
        super().attach(live)
        self.traffic.chooser = live

    def run(self, function: Callable[[], Any]) -> None:
        if inspect.iscoroutinefunction(function):
            asyncio.run(function())
        else:
            function()

    def new_event_loop(self) -> WorldLoop:
        """Another loop of this world."""
        selector = WorldSelector(self.traffic, self.network.descriptors.__getitem__, _refuse_descriptor, self._stuck)
        self.traffic.touched = selector.touch
        self._selector = selector
        loop = WorldLoop(self._clock, MONOTONIC_START_NS / 1e9, selector, self._numbers, self._jobs.unfinished)
        self._loops.append(loop)
        self.machines.watch(loop, selector)
        return loop

    def rekey(self, seed: int) -> None:
        super().rekey(seed)
        self._numbers.begin_epoch(seed)

    def fingerprint(self) -> str:
        return f"{super().fingerprint()} {self._clock.elapsed_ns} {self.traffic.hidden}"

    def drawn(self) -> bool:
        return self.traffic.hidden > 0 or super().drawn()

    def woke(self) -> None:
        super().woke()
        for loop in self._loops:
            if loop.is_running():
                events._set_running_loop(loop)

    # Inside.

    def _use_loops(self) -> None:
        world = self

        class Policy(asyncio.DefaultEventLoopPolicy):
            def _loop_factory(self) -> WorldLoop:  # type: ignore[override]
                return world.new_event_loop()

        asyncio.set_event_loop_policy(Policy())
        for name in ("SelectorEventLoop", "EventLoop"):
            if hasattr(asyncio, name):
                self._patches.set(asyncio, name, lambda selector=None: world.new_event_loop())

    def _stuck(self) -> None:
        """Nothing is left to happen: the tasks wait for ever."""
        loop = next((loop for loop in self._loops if loop.is_running()), None)
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()) if loop is not None else []
        said = "; ".join(describe_task(task) for task in tasks[:TASKS_SHOWN])
        more = f"; and {len(tasks) - TASKS_SHOWN} more" if len(tasks) > TASKS_SHOWN else ""
        first = next((task for task in tasks if task.get_name() == "Task-1"), tasks[0] if tasks else None)
        where = awaiting_place(first) if first is not None else ""
        self._end("failed", "Deadlock", f"nothing is left to happen, and {len(tasks)} tasks wait for ever: {said}{more}", where)

    def _overdue(self) -> None:
        self._end("hung", "world-time limit", f"did not end within {TIME_LIMIT_NS // 10**9:,} s of its own clock", "")

    def _end(self, kind: OutcomeKind, exception: str, message: str, where: str) -> NoReturn:
        if self._live is None:
            raise RuntimeError(message)
        self._live.end(Outcome(kind, exception, message, where))

    def _describe(self, thing: object) -> str:
        if isinstance(thing, Passage):
            return thing.label
        return describe_timer(thing, self._running())

    def _locate(self, flight: object) -> str:
        socket = getattr(flight, "socket", None)
        loop = self._running()
        if socket is None or self._selector is None or loop is None:
            return ""
        key = self._selector.get_map().get(socket.fileno()) if socket.fileno() >= 0 else None
        for handle in key.data if key is not None else ():
            task = task_behind(handle, loop) if handle is not None else None
            if task is not None:
                return awaiting_place(task)
        return ""

    def _running(self) -> WorldLoop | None:
        return next((loop for loop in self._loops if loop.is_running()), None)


def _refuse_descriptor(descriptor: int) -> None:
    raise NotSimulated(
        f"descriptor {descriptor} is real: pipes, files and sockets from outside aren't simulated in the asyncio world; use sockets of the socket module"
    )


def _refuse(patches: Patches) -> None:
    def start(self: threading.Thread) -> None:
        raise NotSimulated(
            f"thread {self.name!r} would run outside of the asyncio world's control; use loop.run_in_executor or asyncio.to_thread"
        )

    def popen(self: Any, *args: Any, **kwargs: Any) -> None:
        raise NotSimulated("subprocesses would run outside of the asyncio world's control; put a fake in their place")

    patches.set(threading.Thread, "start", start)
    patches.set(subprocess.Popen, "__init__", popen)


__all__ = ["AsyncioWorld"]
