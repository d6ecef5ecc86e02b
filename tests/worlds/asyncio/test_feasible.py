"""P3, only feasible futures: what happens in our loops happens in the same order on stock asyncio."""

import asyncio
import json
from contextlib import nullcontext
from pathlib import Path

import chat_programs
import pytest
from live_tools import live_all
from random_programs import Body, live, make, run_on
from reference_loops import ReferenceLoop, numbers_of

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.asyncio import new_event_loop
from crossroads.worlds.asyncio.tasks import TaskNumbers
from crossroads.worlds.targets import parse_target

HERE = Path(__file__).parent

WORLD_PROGRAM = f"""
import asyncio, json, sys
sys.path.insert(0, {str(HERE)!r})
from crossroads import chance
from random_programs import live

PROGRAMS = json.load(open(__file__ + ".json"))

def main():
    print("\\n".join(asyncio.run(live(chance("program", PROGRAMS)))))
"""


def stock(program: Body, seed: int | None = None) -> list[str]:
    """The log of a program on stock asyncio, with the hashes that tasks have in a run of this seed."""
    with nullcontext(TaskNumbers()) if seed is None else numbers_of(seed) as numbers:
        log: list[str] = run_on(asyncio.Runner(loop_factory=lambda: ReferenceLoop(numbers)), lambda: live(program))
    return log


@pytest.mark.slow
@pytest.mark.parametrize("distinct", [True, False], ids=["distinct deadlines", "equal deadlines"])
def test_the_calm_loop_keeps_the_order_of_stock_asyncio(distinct: bool) -> None:
    lengths = 0
    for number in range(300):
        program = make(number, distinct=distinct)
        log = run_on(asyncio.Runner(loop_factory=new_event_loop), lambda program=program: live(program))  # type: ignore[misc]
        assert log == stock(program), f"program {number}"
        lengths += len(log)
    assert lengths > 300 * 20


@pytest.mark.slow
def test_without_traffic_a_world_keeps_the_order_of_stock_asyncio(tmp_path: Path) -> None:
    programs = [make(number) for number in range(1000, 1040)]
    path = tmp_path / "program.py"
    path.write_text(WORLD_PROGRAM)
    (tmp_path / "program.py.json").write_text(json.dumps(programs))
    world = WorldSettings("asyncio")
    lives = [(number, seed) for number in range(len(programs)) for seed in (1, 2, 2**63 + 5)]
    timelines = [Timeline(str(path), (Epoch(0, seed),), (Override(1, number),), world) for number, seed in lives]
    with LocalRunner(parse_target(str(path)), world) as runner:
        runs = runner.run(timelines)
    for (number, seed), run in zip(lives, runs, strict=True):
        assert run.outcome.kind == "passed", run.outcome
        lines = run.output.splitlines()
        assert lines[-200:] == stock(programs[number], seed)[-200:], f"program {1000 + number}, seed {seed}"


INSPECTED_PROGRAM = f"""
import asyncio, json, sys
sys.path.insert(0, {str(HERE)!r})
from chat_programs import live
from crossroads import chance
from inspector import Inspector

PROGRAMS = json.load(open(__file__ + ".json"))

def main():
    plan = chance("program", PROGRAMS)
    with asyncio.Runner() as runner:
        inspector = Inspector(runner.get_loop())
        runner.run(live(plan))
    print(inspector.passes)
"""

CORRECT_PROGRAM = """
import asyncio
from crossroads import chance

class Account:
    def __init__(self):
        self.balance = 3

    async def withdraw(self):
        if self.balance > 0:
            self.balance -= 1
            await asyncio.sleep(0)
        assert self.balance >= 0, "check and act without an await in between are one step"

async def start_order():
    order = []
    async def step(number):
        order.append(number)
        await asyncio.sleep(0)
        order.append(number)
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(step(number))
    assert order == [0, 1, 2, 3] * 2

async def lock_order():
    lock, order = asyncio.Lock(), []
    async def hold(number):
        async with lock:
            await asyncio.sleep(0.001 * (number % 2))
            order.append(number)
    await asyncio.gather(*(hold(number) for number in range(5)))
    assert order == list(range(5))

async def queue_order():
    queue, got = asyncio.Queue(2), []
    async def take():
        while (item := await queue.get()) is not None:
            got.append(item)
    taker = asyncio.create_task(take())
    for item in [*range(20), None]:
        await queue.put(item)
    await taker
    assert got == list(range(20))

async def equal_sleeps():
    order = []
    async def nap(number):
        await asyncio.sleep(0.01)
        order.append(number)
    await asyncio.gather(*(nap(number) for number in range(8)))
    assert order == list(range(8)), "equal deadlines come in the order in which they were scheduled"

async def deadlines():
    order = []
    async def nap(milliseconds):
        await asyncio.sleep(milliseconds / 1000)
        order.append(milliseconds)
    await asyncio.gather(*(nap(number) for number in (5, 1, 4, 2, 3)))
    assert order == [1, 2, 3, 4, 5]

async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line)
    writer.close()

async def connection_order():
    server = await asyncio.start_server(serve, "127.0.0.1", 80)
    account = Account()
    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", 80)
        writer.writelines(b"%d\\n" % number for number in range(6))
        for number in range(6):
            assert await reader.readline() == b"%d\\n" % number
            await account.withdraw()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    await asyncio.gather(ask(), ask(), ask())
    server.close()

async def cancelled_only_at_awaits():
    steps = []
    async def work():
        for number in range(100):
            steps.append(number)
            steps.append(number)
            await asyncio.sleep(0.0001)
    server = await asyncio.start_server(serve, "127.0.0.1", 80)
    task = asyncio.create_task(work())
    reader, writer = await asyncio.open_connection("127.0.0.1", 80)
    task.cancel()
    await asyncio.wait([task])
    assert len(steps) % 2 == 0
    writer.close()
    server.close()

PROGRAMS = [start_order, lock_order, queue_order, equal_sleeps, deadlines, connection_order, cancelled_only_at_awaits]

def main():
    asyncio.run(chance("program", PROGRAMS)())
"""


@pytest.mark.slow
def test_each_pass_of_a_world_s_loop_is_one_of_asyncio_s(tmp_path: Path) -> None:
    programs = [chat_programs.make(number) for number in range(100, 140)]
    path = tmp_path / "program.py"
    path.write_text(INSPECTED_PROGRAM)
    (tmp_path / "program.py.json").write_text(json.dumps(programs))
    runs = live_all(path, len(programs), 3)
    assert {run.outcome.exception + run.outcome.message for run in runs} == {""}
    assert sum(int(run.output.split()[-1]) for run in runs) > 5_000


@pytest.mark.slow
def test_programs_that_are_correct_on_stock_asyncio_never_fail(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(CORRECT_PROGRAM)
    runs = live_all(path, 7, 30)
    assert {run.outcome.exception + run.outcome.message for run in runs} == {""}
    assert len({run.timeline.digest for run in runs}) > 30
