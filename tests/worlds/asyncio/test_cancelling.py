"""The points at which a coroutine may be cancelled: which there are, the same forced or not, and as stock asyncio has them."""

import asyncio
import selectors
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import living
import pytest
import sweep_programs

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Epoch, NamedOverride, Override, Timeline, WorldSettings
from crossroads.worlds.asyncio.awaits import CANCELLED, Met, met_at, name_of
from crossroads.worlds.targets import parse_target

PROGRAMS = Path(sweep_programs.__file__)
STOCK = [
    ("leaky", "acquire"),
    ("sound", "user"),
    ("handed_over", "take"),
    ("cleaning", "visit"),
    ("timed", "patient"),
    ("grouped", "child"),
]


class Swept:
    """A program whose coroutine of a name may be cancelled."""

    def __init__(self, target: str, cancel: str, engine: Any = None, seed: int = 1) -> None:
        world = WorldSettings("asyncio", cancel=cancel)
        self.base = Timeline(target, (Epoch(0, seed),), world=world)
        self.runner = LocalRunner(parse_target(target), world, engine=engine, jobs=1)

    def __enter__(self) -> "Swept":
        return self

    def __exit__(self, *error: object) -> None:
        self.runner.close()

    def live(self, *timelines: Timeline, **settings: Any) -> list[Run]:
        return self.runner.run(list(timelines), **settings)

    def trace(self) -> tuple[Point, ...]:
        return self.live(self.base, trace="all")[0].trace

    def met(self) -> list[Met]:
        return [met for point in self.trace() if (met := met_at(point)) is not None]

    def cancelled(self, met: Met) -> Timeline:
        return replace(self.base, overrides=(Override(met.point, CANCELLED),))


def swept(function: str, cancel: str, engine: Any = None) -> Swept:
    return Swept(f"{PROGRAMS}:{function}", cancel, engine)


def spelt(found: list[Met]) -> list[str]:
    return [name_of(met.number, "it", met.moment) for met in found]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 11, 12, 13, 21, 112, 123])
def test_a_name_is_read_as_it_was_written(number: int) -> None:
    for within in ((), ("pool.py:7 in get",), ("pool.py:7 in get", "wire.py:3 in read")):
        note = f" (within {' > '.join(within)})" if within else ""
        point = Point(5, "fault", name_of(number, "Pool.acquire", "is over") + note, "a.py:1 in f")
        assert met_at(point) == Met(number, "Pool.acquire", "is over", 5, "a.py:1 in f", within)


def test_other_points_are_no_awaits() -> None:
    assert met_at(Point(5, "mark", "1st await of f begins")) is None
    assert met_at(Point(5, "fault", "loss on a -> b")) is None


def test_an_await_begins_lasts_and_is_over() -> None:
    with swept("leaky", "Pool.acquire") as program:
        met = program.met()
    assert spelt(met) == [
        "1st await of it begins",
        "2nd await of it begins",
        "1st await of it lasts",
        "2nd await of it lasts",
        "1st await of it is over",
        "2nd await of it lasts",
        "2nd await of it lasts",
        "2nd await of it is over",
    ]
    assert {met.where.rpartition(" in ")[2] for met in met} == {"acquire"}


def test_an_await_that_only_lets_others_run_has_one_moment() -> None:
    with swept("handed_over", "take") as program:
        assert spelt(program.met())[-2:] == ["3rd await of it begins", "4th await of it begins"]


@pytest.mark.parametrize("cancel", ["Ticket.wait", "count", "turn", "roundabout.<locals>.by_ticket", "Task-3"])
def test_awaits_are_found_through_whatever_lies_between(cancel: str) -> None:
    with swept("roundabout", cancel) as program:
        assert {met.moment for met in program.met()} == {"begins", "lasts", "is over"}


def test_awaits_within_are_the_programs_own() -> None:
    with swept("leaky", "user") as program:
        within = {met.where.rpartition(" in ")[2]: [place.rpartition(" in ")[2] for place in met.within] for met in program.met()}
        lines = {tuple(place.rpartition(" in ")[2] for place in met.within) for met in program.met()}
    assert list(within) == ["user"]
    assert lines == {(), ("acquire",)}


@pytest.mark.parametrize(("function", "cancel"), [("strict", "user"), ("shielded", "visit")])
def test_every_cancellation_is_the_same_forked_replayed_and_lived_again(function: str, cancel: str) -> None:
    with swept(function, cancel) as program, swept(function, cancel, "replay") as replayed:
        timelines = [program.cancelled(met) for met in program.met()]
        base = program.trace()
        forked = program.live(*timelines, trace="all")
        assert [run.timeline for run in forked] == [run.timeline for run in replayed.live(*timelines)]
        digests = {run.timeline.digest for run in program.live(*[timelines[-1]] * 10)}
    assert digests == {forked[-1].timeline.digest}
    assert len({run.timeline.digest for run in forked}) == len(forked)
    for run, timeline in zip(forked, timelines, strict=True):
        [point] = [point for point in run.trace if point.options == ("go on", "cancel it")]
        assert point.weights == (1.0, 0.0)
        assert point.index == timeline.overrides[0].point
        assert replace(point, name="", options=(), taken=None, weights=(), moot=base[point.index].moot) == base[point.index]


def test_an_option_that_there_is_not_diverges() -> None:
    with swept("leaky", "acquire") as program:
        [run] = program.live(replace(program.base, overrides=(Override(program.met()[0].point, 2),)))
    assert run.outcome.kind == "diverged"


def test_a_cancellation_by_name() -> None:
    with swept("leaky", "acquire") as program:
        by_point, by_name = program.live(
            program.cancelled(program.met()[4]),
            replace(program.base, named=(NamedOverride("1st await of acquire is over", 0, CANCELLED, "cancel it"),)),
        )
    assert by_point.outcome.kind == "failed"
    assert by_name.outcome == by_point.outcome


def test_programs_that_are_not_swept_have_loops_without_any_of_it(tmp_path: Path) -> None:
    living.check(tmp_path, "assert 'Swept' not in type(asyncio.get_running_loop()).__init__.__qualname__", seeds=1)


def test_eager_tasks(tmp_path: Path) -> None:
    if sys.version_info < (3, 12):
        pytest.skip("there are no eager tasks yet")
    body = """
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async def nap():
            await asyncio.sleep(0.01)
        await asyncio.wait([asyncio.create_task(nap())])
    """
    with Swept(living.write(tmp_path, body), "nap") as program:
        assert spelt(program.met()) == ["1st await of it begins", "1st await of it is over"]


def test_a_task_that_is_being_cancelled_or_has_not_begun_is_left_alone(tmp_path: Path) -> None:
    body = """
        async def nap():
            try:
                await asyncio.sleep(1)
            finally:
                await asyncio.sleep(0.01)
        task = asyncio.create_task(nap())
        await asyncio.sleep(0.01)
        task.cancel()
        unborn = asyncio.create_task(nap())
        unborn.cancel()
        await asyncio.wait([task, unborn])
    """
    with Swept(living.write(tmp_path, body), "nap") as program:
        assert spelt(program.met()) == ["1st await of it begins", "1st await of it lasts"]


def test_a_paused_host_is_left_alone(tmp_path: Path) -> None:
    body = """
        async def nap():
            await asyncio.sleep(0.02)
            await asyncio.sleep(0.02)
        with db:
            task = db.create_task(nap())
        await asyncio.sleep(0.01)
        db.pause()
        await asyncio.sleep(0.05)
        db.resume()
        await asyncio.wait([task])
    """
    with Swept(living.write(tmp_path, body), "nap") as program:
        found = program.trace()
        awaits = [(met_at(point), point.time) for point in found if met_at(point)]
    assert [met.number for met, _ in awaits if met is not None and met.moment == "begins"] == [1, 2]
    assert not [time for _, time in awaits if 0.011 < time < 0.059]


# On stock asyncio.


class Canceller:
    """A timer on a stock loop that falls due in each pass, so that it is the last callback in it, and cancels as the world would."""

    def __init__(self, wanted: str, number: int = 0, moment: str = "") -> None:
        self.wanted, self.target = wanted, (number, moment)
        self.tasks: list[Any] = []
        self.waits: dict[Any, tuple[int, Any]] = {}
        self.met: list[tuple[int, str]] = []
        self.count = 0

    async def run(self, program: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self.make)
        loop.call_soon(self.tick, loop)
        await program()

    def make(self, loop: Any, coro: Any, **settings: Any) -> Any:
        self.tasks.append(asyncio.Task(coro, loop=loop, **settings))
        return self.tasks[-1]

    def tick(self, loop: Any) -> None:
        for task in self.tasks:
            waiter = None if task.done() else task._fut_waiter
            known = self.waits.get(task)
            if known is not None and known[1] is not waiter:
                del self.waits[task]
                known = None
            if waiter is not None and known is None and self.is_wanted(task) and not task.cancelling():
                self.count += 1
                self.waits[task] = (self.count, waiter)
                self.meet(task, self.count, "is over" if waiter.done() else "begins")
            elif known is not None and waiter.done() and not waiter.cancelled():
                del self.waits[task]
                self.meet(task, known[0], "is over")
        loop.call_at(loop.time(), self.tick, loop)

    def is_wanted(self, task: Any) -> bool:
        awaited = task.get_coro()
        while awaited is not None and hasattr(awaited, "cr_code"):
            if awaited.cr_code.co_name == self.wanted:
                return True
            awaited = awaited.cr_await
        return False

    def meet(self, task: Any, number: int, moment: str) -> None:
        if (number, moment) not in self.met:
            self.met.append((number, moment))
            if (number, moment) == self.target:
                task.cancel()


class Unhurried(selectors.DefaultSelector):
    """A selector that never waits: each pass of the loop takes as long as the next, however slow the machine is."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(timeout or 0.0, PASS_S)
        return super().select(0)


PASS_S = 0.0001


def unhurried_loop() -> asyncio.AbstractEventLoop:
    selector = Unhurried()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    return loop


def on_stock(program: Callable[[], Awaitable[None]], canceller: Canceller) -> tuple[str, str]:
    with asyncio.Runner(loop_factory=unhurried_loop) as runner:
        try:
            runner.run(canceller.run(program))
        except BaseException as error:
            return type(error).__name__, str(error)
    return "", ""


@pytest.mark.parametrize(("function", "cancel"), STOCK)
def test_stock_asyncio_ends_the_same_way_when_the_last_callback_of_a_pass_cancels(function: str, cancel: str) -> None:
    program = getattr(sweep_programs, function)
    with swept(function, cancel) as world:
        found = [met for met in world.met() if met.moment != "lasts"]
        ends = [(run.outcome.exception, run.outcome.message) for run in world.live(*map(world.cancelled, found))]
    counting = Canceller(cancel)
    assert on_stock(program, counting) == ("", "")
    waits = {(met.number, met.moment) for met in found}
    # Those that only let others run have no future that a stock task shows.
    assert set(counting.met) <= waits
    for met, end in zip(found, ends, strict=True):
        if (met.number, met.moment) in counting.met:
            assert on_stock(program, Canceller(cancel, met.number, met.moment)) == end, (met.number, met.moment)
