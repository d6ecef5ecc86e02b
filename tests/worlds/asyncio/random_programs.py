"""Random asyncio programs without I/O, as data: made from a number, lived on any loop, leaving a log of what happened in which order.

Delays are powers of two, each used once, so that no two deadlines of a program lie closer together than a tick; or, where equal deadlines
are what is wanted, small numbers that are used over and over. All are multiples of a tick, which floats and nanoseconds hold exactly.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

TICK_S = 1 / 64
TIMERS_MAX = 14
PATIENCE_TICKS = 2**16
"""A program that has come to no end by then is cancelled: longer than all of its delays together."""

Statement = list[Any]
Body = list[Statement]


class Maker:
    """Makes one program.

    Args:
        seed: which one.
        distinct: whether no two deadlines are equal.
    """

    def __init__(self, seed: int, *, distinct: bool) -> None:
        self.random = random.Random(seed)
        powers = [2**power for power in range(TIMERS_MAX)]
        self.random.shuffle(powers)
        self.delays: Iterator[int] = iter(powers) if distinct else iter(self.random.choice((0, 1, 1, 2, 3)) for _ in range(3 * TIMERS_MAX))
        self.tasks = 0
        self.marks = 0

    def body(self, depth: int) -> Body:
        return [self.statement(depth) for _ in range(self.random.randint(1, 4))]

    def bodies(self, depth: int) -> list[Body]:
        return [self.body(depth - 1) for _ in range(self.random.randint(1, 4))]

    def statement(self, depth: int) -> Statement:
        plain = (self.pause, self.pause, self.callbacks, self.touch, self.touch, self.cancel, self.meet, self.fail)
        nested = (self.spawn, self.spawn, self.many, self.many, self.within, self.hold)
        return self.random.choice(plain + nested if depth else plain)()(depth)

    def delay(self) -> int | None:
        return next(self.delays, None)

    def mark(self) -> int:
        self.marks += 1
        return self.marks

    def which(self) -> int:
        return self.random.randrange(2)

    def pause(self) -> Callable[[int], Statement]:
        delay = self.delay() if self.random.random() < 0.6 else None
        if delay is None:
            return lambda depth: ["yields", self.random.randint(1, 4)]
        return lambda depth: [self.random.choice(("sleep", "future")), delay]

    def callbacks(self) -> Callable[[int], Statement]:
        delay = self.delay() if self.random.random() < 0.5 else None
        if delay is None:
            return lambda depth: ["soon", self.mark(), self.random.randint(1, 4)]
        return lambda depth: ["later", self.mark(), delay, self.random.random() < 0.2]

    def touch(self) -> Callable[[int], Statement]:
        return lambda depth: [self.random.choice(("set", "clear", "wait_set", "put", "get", "notify", "wait_notified")), self.which()]

    def cancel(self) -> Callable[[int], Statement]:
        return lambda depth: ["cancel", self.random.randint(1, max(1, self.tasks))]

    def meet(self) -> Callable[[int], Statement]:
        return lambda depth: ["join", self.random.randint(1, max(1, self.tasks))]

    def fail(self) -> Callable[[int], Statement]:
        return lambda depth: ["fail", self.mark()] if self.random.random() < 0.4 else ["yields", 1]

    def spawn(self) -> Callable[[int], Statement]:
        self.tasks += 1
        number = self.tasks
        return lambda depth: ["spawn", number, self.body(depth - 1)]

    def many(self) -> Callable[[int], Statement]:
        kind = self.random.choice(("gather", "wait", "group", "completed"))
        if kind == "gather":
            return lambda depth: [kind, self.bodies(depth), self.random.random() < 0.5]
        if kind == "wait":
            how = self.random.choice((asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED))
            return lambda depth: [kind, self.bodies(depth), how, self.delay(), self.random.random() < 0.5]
        return lambda depth: [kind, self.bodies(depth)]

    def within(self) -> Callable[[int], Statement]:
        delay = self.delay()
        kind = self.random.choice(("timeout", "wait_for"))
        return lambda depth: ["yields", 2] if delay is None else [kind, delay, self.body(depth - 1)]

    def hold(self) -> Callable[[int], Statement]:
        kind = self.random.choice(("lock", "semaphore", "shield", "catch"))
        return lambda depth: [kind, self.which(), self.body(depth - 1)]


def make(seed: int, *, distinct: bool = True) -> Body:
    """The program of this number; JSON can hold it."""
    maker = Maker(seed, distinct=distinct)
    return [statement for _ in range(3) for statement in maker.body(3)]


class Life:
    """One life of a program; `log` has an entry for whatever happens: who, what, and the tick."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.log: list[str] = []
        self.all: list[asyncio.Task[None]] = []
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.handles: list[asyncio.TimerHandle] = []
        self.events = [asyncio.Event() for _ in range(2)]
        self.queues: list[asyncio.Queue[str]] = [asyncio.Queue(2) for _ in range(2)]
        self.conditions = [asyncio.Condition() for _ in range(2)]
        self.holders: dict[str, list[Any]] = {
            "lock": [asyncio.Lock() for _ in range(2)],
            "semaphore": [asyncio.Semaphore(1 + number) for number in range(2)],
        }

    def say(self, who: str, what: object) -> None:
        self.log.append(f"{int((self.loop.time() - self.start) / TICK_S)} {who} {what}")

    def task(self, who: str, body: Body) -> "asyncio.Task[None]":
        return self.made(self.loop.create_task(self.run(who, body), name=who))

    def made(self, task: "asyncio.Task[None]") -> "asyncio.Task[None]":
        self.all.append(task)
        return task

    async def run(self, who: str, body: Body) -> None:
        self.say(who, "begins")
        try:
            for number, (kind, *arguments) in enumerate(body):
                await getattr(self, kind)(f"{who}.{number}", *arguments)
        except BaseException as error:
            self.say(who, f"ends with {type(error).__name__}")
            raise
        self.say(who, "ends")

    def children(self, who: str, bodies: list[Body]) -> "list[asyncio.Task[None]]":
        return [self.task(f"{who}.{number}", body) for number, body in enumerate(bodies)]

    async def sleep(self, who: str, delay: int) -> None:
        await asyncio.sleep(delay * TICK_S)
        self.say(who, "slept")

    async def future(self, who: str, delay: int) -> None:
        future = self.loop.create_future()
        future.add_done_callback(lambda done: self.say(who, f"called back, cancelled: {done.cancelled()}"))
        self.loop.call_at(self.loop.time() + delay * TICK_S, lambda: future.done() or future.set_result(None))
        await future
        self.say(who, "has its result")

    async def yields(self, who: str, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)
            self.say(who, "goes on")

    async def soon(self, who: str, mark: int, depth: int) -> None:
        def call(left: int) -> None:
            self.say(who, f"call {mark}, {left} left")
            for _ in range(min(left, 2)):
                self.loop.call_soon(call, left - 1)

        self.loop.call_soon(call, depth)

    async def later(self, who: str, mark: int, delay: int, cancels: bool) -> None:
        if cancels and self.handles:
            self.handles.pop().cancel()
        self.handles.append(self.loop.call_later(delay * TICK_S, lambda: self.say(who, f"timer {mark}")))

    async def spawn(self, who: str, number: int, body: Body) -> None:
        self.tasks[number] = self.task(f"task {number}", body)

    async def cancel(self, who: str, number: int) -> None:
        if number in self.tasks:
            self.say(who, f"cancels {number}: {self.tasks[number].cancel()}")

    async def join(self, who: str, number: int) -> None:
        if number not in self.tasks or self.tasks[number] is asyncio.current_task():
            return
        task = self.tasks[number]
        below = who.startswith("task ") and int(who[5:].partition(".")[0]) >= number
        await asyncio.wait([task]) if below else await task
        self.say(who, f"has met {number}")

    async def fail(self, who: str, mark: int) -> None:
        raise LookupError(mark)

    async def gather(self, who: str, bodies: list[Body], tolerant: bool) -> None:
        results = await asyncio.gather(*self.children(who, bodies), return_exceptions=tolerant)
        self.say(who, f"gathered {results!r}")

    async def wait(self, who: str, bodies: list[Body], how: str, delay: int | None, cancels: bool) -> None:
        children = self.children(who, bodies)
        done, _ = await asyncio.wait(children, return_when=how, timeout=None if delay is None else delay * TICK_S)
        self.say(who, f"waited for {[child in done for child in children]}")
        for child in children if cancels else ():
            child.cancel()

    async def completed(self, who: str, bodies: list[Body]) -> None:
        for one in asyncio.as_completed(self.children(who, bodies)):
            await one
            self.say(who, "one more")

    async def group(self, who: str, bodies: list[Body]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for number, body in enumerate(bodies):
                    self.made(group.create_task(self.run(f"{who}.{number}", body), name=f"{who}.{number}"))
        except* LookupError as errors:
            self.say(who, f"group failed: {sorted(error.args[0] for error in errors.exceptions)}")

    async def timeout(self, who: str, delay: int, body: Body) -> None:
        try:
            async with asyncio.timeout(delay * TICK_S):
                await self.run(who, body)
        except TimeoutError:
            self.say(who, "timed out")

    async def wait_for(self, who: str, delay: int, body: Body) -> None:
        try:
            await asyncio.wait_for(self.run(who, body), delay * TICK_S)
        except TimeoutError:
            self.say(who, "timed out")

    async def lock(self, who: str, which: int, body: Body, kind: str = "lock") -> None:
        async with self.holders[kind][which]:
            await self.run(who, body)

    async def semaphore(self, who: str, which: int, body: Body) -> None:
        await self.lock(who, which, body, "semaphore")

    async def shield(self, who: str, which: int, body: Body) -> None:
        await asyncio.shield(self.task(who, body))

    async def catch(self, who: str, which: int, body: Body) -> None:
        try:
            await self.run(who, body)
        except LookupError as error:
            self.say(who, f"caught {error}")

    async def set(self, who: str, which: int) -> None:
        self.events[which].set()

    async def clear(self, who: str, which: int) -> None:
        self.events[which].clear()

    async def wait_set(self, who: str, which: int) -> None:
        await self.events[which].wait()
        self.say(who, "was set off")

    async def put(self, who: str, which: int) -> None:
        await self.queues[which].put(who)
        self.say(who, "put")

    async def get(self, who: str, which: int) -> None:
        self.say(who, f"got {await self.queues[which].get()}")

    async def notify(self, who: str, which: int) -> None:
        async with self.conditions[which]:
            self.conditions[which].notify()

    async def wait_notified(self, who: str, which: int) -> None:
        async with self.conditions[which]:
            await self.conditions[which].wait()
            self.say(who, "was notified")


async def live(body: Body) -> list[str]:
    """Live a program to its end, or until patience runs out; its log. (On 3.11 `wait_for` may swallow a cancellation: one isn't enough.)"""
    life = Life()
    life.loop.set_exception_handler(lambda loop, context: None)
    main = life.task("main", body)
    await asyncio.wait([main], timeout=PATIENCE_TICKS * TICK_S)
    while left := [task for task in life.all if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=PATIENCE_TICKS * TICK_S / 64)
    return life.log


def run_on(runner: asyncio.Runner, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function in a runner, and end it."""
    with runner:
        return runner.run(main())
