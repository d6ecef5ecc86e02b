"""What is seen in a life that is looked at: its queues, locks, resources and processes, and who waits there; the life stays the same."""

from pathlib import Path
from typing import Any

import pytest

from crossroads.analysis.lives import WitnessedLife, witness
from crossroads.faces.page.states import states_of
from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = pytest.mark.slow

QUEUES = """
import asyncio

class Jobs(asyncio.PriorityQueue):
    pass

async def work(inbox, lock):
    while True:
        await inbox.get()
        async with lock:
            await asyncio.Event().wait()

async def watch(changed):
    async with changed:
        await changed.wait()

async def main():
    jobs = Jobs()
    jobs.put_nowait(1)
    lock = asyncio.Lock()
    gate = asyncio.Semaphore(2)
    changed = asyncio.Condition()
    inbox = asyncio.Queue(maxsize=2)
    for name in "ab":
        asyncio.create_task(work(inbox, lock), name=name)
    asyncio.create_task(watch(changed), name="watcher")
    asyncio.create_task(asyncio.LifoQueue().get(), name="nobody's friend")
    await gate.acquire()
    for number in range(5):
        await inbox.put(number)
"""

STREAMS = """
import anyio

async def listen(receive):
    async for _ in receive:
        await anyio.sleep(0)

async def main():
    send, receive = anyio.create_memory_object_stream[int](1)
    full, _ = anyio.create_memory_object_stream(1)
    async with anyio.create_task_group() as group:
        group.start_soon(listen, receive, name="listener")
        await full.send(1)
        await full.send(2)
"""

SHOP = """
import simpy

def customer(env, till):
    with till.request() as turn:
        yield turn
        yield env.timeout(5)

def baker(env, oven, shelf):
    yield oven.get(3)
    yield shelf.put("bread")

def main():
    env = simpy.Environment()
    till = simpy.Resource(env, capacity=1)
    shelf = simpy.Store(env, capacity=4)
    oven = simpy.Container(env, capacity=10, init=2)
    for _ in range(3):
        env.process(customer(env, till))
    env.process(baker(env, oven, shelf))
    env.run(until=2)
    assert False
"""


def seen(folder: Path, program: str, world: str) -> WitnessedLife:
    """The life of a program, looked at where it ends."""
    file = folder / "program.py"
    file.write_text(program)
    settings = WorldSettings(world)
    with LocalRunner(parse_target(str(file)), settings, jobs=1) as runner:
        (run,) = runner.run([Timeline(f"{file}:main", (Epoch(0, 1),), world=settings)])
    life = witness(run.timeline, [])
    assert life.same
    return life


def rows(life: WitnessedLife, kind: str) -> list[tuple[str, str, list[list[str]]]]:
    found: list[dict[str, Any]] = life.moments[-1].state[kind]
    return [(row["name"], row["holds"], row["waiting"]) for row in found]


def test_queues_and_locks_of_asyncio(tmp_path: Path) -> None:
    life = seen(tmp_path, QUEUES, "asyncio")
    queues = rows(life, "queues")
    assert queues[0] == ("Jobs", "1 item", [])
    assert queues[1] == ("Queue", "2 of 2 items", [["put", "Task-1"]])
    assert queues[2] == ("LifoQueue", "0 items", [["get", "nobody's friend"]])
    locks = rows(life, "locks")
    assert locks[0] == ("Lock", "held", [["acquire", "b"]])
    assert locks[1] == ("Condition", "free", [["notify", "watcher"]])
    assert locks[2] == ("Event", "not set", [["wait", "a"]])
    assert len(locks) == 3, "the semaphore isn't waited at"


def test_streams_of_anyio(tmp_path: Path) -> None:
    pytest.importorskip("anyio")
    life = seen(tmp_path, STREAMS, "asyncio")
    listening, full = rows(life, "queues")
    assert listening == ("memory stream", "0 of 1 item", [["receive", "listener"]])
    assert full[:2] == ("memory stream", "1 of 1 item")
    assert [what for what, _ in full[2]] == ["send"]
    assert "locks" not in life.moments[-1].state or not rows(life, "locks")


def test_resources_and_processes_of_simpy(tmp_path: Path) -> None:
    pytest.importorskip("simpy")
    life = seen(tmp_path, SHOP, "plain")
    till, shelf, oven = rows(life, "resources")
    assert till == ("Resource", "1 of 1 in use by customer 1", [["request", "customer 2"], ["request", "customer 3"]])
    assert shelf == ("Store", "0 of 4 items", [])
    assert oven == ("Container", "level 2 of 10", [["get", "baker"]])
    processes = life.moments[-1].state["processes"]
    assert [(row["name"], row["where"].rpartition(":")[2], row["for"]) for row in processes] == [
        ("customer 1", "7 in customer", "Timeout"),
        ("customer 2", "6 in customer", "Request"),
        ("customer 3", "6 in customer", "Request"),
        ("baker", "10 in baker", "ContainerGet"),
    ]


def test_they_are_named_as_the_program_names_them(tmp_path: Path) -> None:
    life = seen(tmp_path, QUEUES, "asyncio")
    states = states_of(life.moments, (), life.timeline.target)
    assert states is not None
    assert "queues, and who waits at them" in states.kinds
    (inbox,) = {text for text in states.texts if text.startswith("inbox (Queue) · 2 of 2 items · Task-1 waits to put · made at ")}
    assert inbox.endswith("program.py:23 in main")
