"""The asyncio world: a program's event loops, network, executors and clock, in this process and determined by the run's timeline."""

import _signal  # type: ignore[import-not-found]
import asyncio
import inspect
import weakref
from asyncio import events
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NoReturn

from crossroads.snapshots.live import GIVEN_UP, LiveRun
from crossroads.timeline.outcomes import WORLD_TIME_LIMIT, Outcome, OutcomeKind
from crossroads.timeline.timelines import WorldSettings
from crossroads.world import current
from crossroads.worlds.asyncio import adaptors, blocking, locks, refusals
from crossroads.worlds.asyncio.cancelling import Cancelling, SweptLoop, SweptSelector
from crossroads.worlds.asyncio.endpoints import Descriptor
from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.loop import WorldLoop
from crossroads.worlds.asyncio.machines import Machines
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.orders import SetOrders
from crossroads.worlds.asyncio.passage import Passage
from crossroads.worlds.asyncio.patch import install as install_network
from crossroads.worlds.asyncio.refusals import refuse_descriptor
from crossroads.worlds.asyncio.selector import WorldSelector
from crossroads.worlds.asyncio.state import connections_of, flights_of, frames_of, hosts_of, tasks_of
from crossroads.worlds.asyncio.tasks import HAS_CONTEXTS, TaskNumbers, exchange_register, living_tasks
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.asyncio.waiting import (
    awaiting_place,
    by_name,
    describe_task,
    describe_timer,
    ends_of_waiting,
    preview,
    task_behind,
    what_came,
)
from crossroads.worlds.clock import MONOTONIC_START_NS
from crossroads.worlds.hashes import HASHES
from crossroads.worlds.patches import Patches
from crossroads.worlds.plain import PlainWorld

PASS_NS: Final = 20_000
"""What one pass of the loop takes."""

TIME_LIMIT_NS: Final = 3_600 * 10**9
"""A program whose own clock has got so far counts as hung."""

TASKS_SHOWN: Final = 8
SOCKETS_SHOWN: Final = 4


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
        self._orders = SetOrders()
        self._numbers = TaskNumbers(self._orders.of_tasks)
        self._cancelling = Cancelling(settings.cancel) if settings.cancel else None
        self._is_main = False
        self._main: Any = None
        self._made: list[weakref.ref[WorldLoop]] = []
        self._ran_out: list[str] | None = None
        self._gives_up = False
        self._selector: WorldSelector | None = None
        self._jobs = Jobs(self.traffic, self._clock)
        self._clock.sleeper = self._jobs.errands.sleep
        self._patches = Patches()

    def install(self) -> None:
        super().install()
        install_network(self.network)
        self._jobs.install(self._patches)
        blocking.install(self._jobs, self._patches)
        locks.install(self._jobs, self._patches)
        adaptors.install(self._jobs, self._clock)
        refusals.install(self._patches)
        exchange_register(self._patches)
        self._orders.exchange_groups(self._patches)
        HASHES.choose = self._orders.of_kind
        if HASHES.is_installed and HAS_CONTEXTS:
            HASHES.givers[id(asyncio.Task)] = self._numbers.give_hash
            self._numbers.makes_stock = True
        # What `asyncio.run` asks of `signal`, without the enum members around it.
        self._patches.set(asyncio.runners, "signal", _signal)
        self._use_loops()
        current.stage = self.machines

    def attach(self, live: LiveRun) -> None:
        super().attach(live)
        self.traffic.chooser = self._orders.chooser = live
        if self._cancelling is not None:
            self._cancelling.chooser = live

    def run(self, function: Callable[[], Any]) -> None:
        if not self._is_again:
            self._is_main = inspect.iscoroutinefunction(function)
        if self._is_main:
            self._main = function()
            asyncio.run(self._main)
        else:
            function()

    def rehearse(self) -> None:
        with asyncio.Runner(loop_factory=self.new_event_loop) as runner:
            runner.run(_rehearsal())

    def keep(self) -> Callable[[], None]:
        rewind_plain = super().keep()

        def rewind() -> None:
            rewind_plain()
            self._made.clear()
            self._selector = None
            for part in (self.traffic, self.network, self.machines, self._numbers, self._orders, self._jobs, self._cancelling):
                if part is not None:
                    part.reset()

        return rewind

    def new_event_loop(self) -> WorldLoop:
        """Another loop of this world."""
        kind = WorldSelector if self._cancelling is None else SweptSelector
        selector = kind(self.traffic, self.network.descriptors.__getitem__, refuse_descriptor, self._stuck)
        self.traffic.touch = selector.touch
        self._selector = selector
        parts = (self._clock, MONOTONIC_START_NS / 1e9, selector, self._numbers, self._jobs)
        loop = WorldLoop(*parts) if self._cancelling is None else SweptLoop(self._cancelling, *parts)
        self._made.append(weakref.ref(loop))
        loop.ran_out = self._ran_out
        if sum(not one.is_closed() for one in self._loops) > 1:
            self.traffic.touch = self._touch
        self.machines.watch(loop, selector)
        return loop

    def state(self) -> dict[str, Any]:
        return {
            "tasks": [task for loop in self._loops if not loop.is_closed() for task in tasks_of(loop)],
            "messages": flights_of(self.traffic.under_way()),
            "connections": connections_of(self.network),
            "hosts": hosts_of(self.network),
        }

    def frames(self) -> list[tuple[str, FrameType]]:
        return [found for loop in self._loops if not loop.is_closed() for found in frames_of(loop)]

    def rekey(self, seed: int) -> None:
        super().rekey(seed)
        self._numbers.begin_epoch(seed)
        HASHES.begin_epoch(seed)

    def fingerprint(self) -> str:
        return f"{super().fingerprint()} {self._clock.elapsed_ns} {self.traffic.hidden}"

    def drawn(self) -> bool:
        return self.traffic.hidden > 0 or super().drawn()

    def watch(self, on: bool) -> None:
        self._ran_out = [] if on else None
        for loop in self._loops:
            loop.ran_out = self._ran_out

    def give_up_after(self, seconds: float) -> None:
        self._gives_up = 0 < seconds * 10**9 < TIME_LIMIT_NS
        self.traffic.limit_ns = round(seconds * 10**9) if self._gives_up else TIME_LIMIT_NS

    def ran_out(self) -> list[str]:
        if not self._ran_out:
            return []
        told = list(self._ran_out)
        self._ran_out.clear()
        return told

    def woke(self) -> None:
        super().woke()
        for loop in self._loops:
            if loop.is_running():
                events._set_running_loop(loop)

    # Inside.

    @property
    def _loops(self) -> list[WorldLoop]:
        """Those that the program still has: a loop goes when nobody holds it, as on the stock loop."""
        return [loop for made in self._made if (loop := made()) is not None]

    def _use_loops(self) -> None:
        world = self

        @named_as(asyncio.DefaultEventLoopPolicy)
        class Policy(asyncio.DefaultEventLoopPolicy):
            def _loop_factory(self) -> WorldLoop:
                return world.new_event_loop()

        asyncio.set_event_loop_policy(Policy())
        for name in ("SelectorEventLoop", "EventLoop"):
            if hasattr(asyncio, name):
                self._patches.set(asyncio, name, lambda selector=None: world.new_event_loop())

    def _touch(self, descriptor: Descriptor) -> None:
        """Several loops take turns, as those of a test and of its wider fixtures do: the socket may belong to one that doesn't run now."""
        for loop in self._loops:
            loop.selector.touch(descriptor)

    def _stuck(self) -> None:
        """Nothing is left to happen: the tasks wait for ever."""
        loop = self._running()
        tasks = sorted(living_tasks(loop), key=by_name) if loop is not None else []
        said = "; ".join(describe_task(task) for task in ends_of_waiting(tasks)[:TASKS_SHOWN])
        more = f"; and {len(tasks) - TASKS_SHOWN} more" if len(tasks) > TASKS_SHOWN else ""
        waiting = f"{len(tasks)} tasks wait" if len(tasks) > 1 else "1 task waits"
        over = ", the main coroutine has ended" if inspect.iscoroutine(self._main) and self._main.cr_frame is None else ""
        first = next((task for task in tasks if task.get_name() == "Task-1"), tasks[0] if tasks else None)
        where = awaiting_place(first) if first is not None else ""
        self._end("failed", "Deadlock", f"nothing is left to happen{over}, and {waiting} for ever: {said}{more}", where)

    def _overdue(self) -> None:
        if self._gives_up and self._live is not None:
            self._live.end(GIVEN_UP)
        self._end("hung", WORLD_TIME_LIMIT, f"did not end within {TIME_LIMIT_NS // 10**9:,} s of its own clock", "")

    def _end(self, kind: OutcomeKind, exception: str, message: str, where: str) -> NoReturn:
        if self._live is None:
            raise RuntimeError(message)
        self._live.end(Outcome(kind, exception, message, where))

    def _describe(self, thing: object) -> str:
        if isinstance(thing, Passage):
            return " ".join(filter(None, (thing.label, preview(thing))))
        return describe_timer(thing, self._running())

    def _locate(self, thing: object) -> tuple[str, str]:
        """The line that waits for a flight, or for the first of some ready sockets, and what they carry."""
        if isinstance(thing, list):
            came = ", ".join(filter(None, map(what_came, thing[:SOCKETS_SHOWN])))
            return self._place(thing[0]), f"({came})" if came else ""
        return self._place(getattr(thing, "socket", None)), preview(thing) if isinstance(thing, Passage) else ""

    def _place(self, socket: Any) -> str:
        """The line that waits at this socket."""
        loop = self._running()
        if socket is None or self._selector is None or loop is None:
            return ""
        key = loop.selector.get_map().get(socket.fileno()) if socket.fileno() >= 0 else None
        for handle in key.data if key is not None else ():
            task = task_behind(handle, loop) if handle is not None else None
            if task is not None:
                return awaiting_place(task)
        return ""

    def _running(self) -> WorldLoop | None:
        return next((loop for loop in self._loops if loop.is_running()), None)


async def _rehearsal() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.timeout(1.0):
        await asyncio.gather(_put(queue, 0.0), _put(queue, 0.001))
        await queue.get()


async def _put(queue: asyncio.Queue[int], seconds: float) -> None:
    await asyncio.sleep(seconds)
    await queue.put(1)


__all__ = ["AsyncioWorld"]
