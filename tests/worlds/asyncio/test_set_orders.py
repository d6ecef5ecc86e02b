"""The order of sets of tasks and of the program's own objects: a choice that is met only where it matters, and that explains a failure."""

import sys
from itertools import permutations
from pathlib import Path

import pytest

import crossroads
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.timeline.keys import derive
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.asyncio.orders import FACTORS, ORDERS, WEIGHTS
from crossroads.worlds.asyncio.tasks import TaskNumbers
from crossroads.worlds.hashes import CALM_FACTOR, factor_of, hash_of
from crossroads.worlds.targets import parse_target

EAGER = ["eager"] if sys.version_info >= (3, 12) else []

PROGRAM = """
import asyncio

class Handler:
    pass

async def work(number):
    await asyncio.sleep(0.1)
    return number

def tasks(count=4):
    return [asyncio.create_task(work(number)) for number in range(count)]

async def wait():
    done, _ = await asyncio.wait(tasks())
    print(*[task.result() for task in done])

async def group():
    async def grouped(number):
        try:
            await asyncio.sleep(number)
        except asyncio.CancelledError:
            print(number, end=" ")
            raise
    async with asyncio.TaskGroup() as group:
        own = [group.create_task(grouped(number)) for number in range(1, 5)]
        await asyncio.sleep(0)
        group._abort()

async def handlers():
    own = [Handler() for _ in range(4)]
    print(*[own.index(one) for one in set(own)])

def handled():
    assert len({Handler(), Handler(), Handler()}) == 3
    asyncio.run(handlers())

async def gathered():
    print(*await asyncio.gather(*tasks()))

async def left():
    tasks()
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == 5

async def grouped():
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(work(number))

async def known():
    register = getattr(asyncio.tasks, "_scheduled_tasks", None) or asyncio.tasks._all_tasks
    [task] = tasks(1)
    assert task in register and len(register) == 2
    await task

async def alone():
    await asyncio.wait(tasks(1))

async def first():
    done, _ = await asyncio.wait(tasks(3))
    assert next(iter(done)).result() == 0

async def eager():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    await asyncio.gather(*tasks())
    assert len(asyncio.all_tasks()) == 1

async def stock():
    [task] = tasks(1)
    assert {type(task), type(asyncio.current_task())} == {asyncio.Task}
    assert {task: 1}[task] == 1
    await task

async def queue():
    queue = asyncio.Queue()
    await asyncio.gather(queue.put(1), queue.get())
"""


def live(folder: Path, function: str, *options: int, trace: str = "all") -> list[Run]:
    """A life for each option, which is forced; without options a life as it is drawn."""
    path = folder / "program.py"
    path.write_text(PROGRAM)
    target, world = f"{path}:{function}", WorldSettings("asyncio")
    forced = [(Override(1, option),) for option in options] or [()]
    with LocalRunner(parse_target(target), world) as runner:
        return runner.run([Timeline(target, (Epoch(0, 11),), overrides, world) for overrides in forced], trace=trace)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there tasks don't tell their context, so ours are a class of its own")
def test_tasks_are_stock_tasks(tmp_path: Path) -> None:
    [run] = live(tmp_path, "stock")
    assert run.outcome.kind == "passed", run.outcome


@pytest.mark.parametrize(("function", "what"), [("wait", "tasks"), ("group", "tasks"), ("handlers", "Handler"), ("handled", "Handler")])
def test_a_set_iterates_as_the_choice_says(tmp_path: Path, function: str, what: str) -> None:
    runs = live(tmp_path, function, *range(len(ORDERS)))
    orders = [list(map(int, run.output.split())) for run in runs]
    assert orders[0] == sorted(orders[0])
    assert orders[1] == sorted(orders[1], reverse=True)
    assert len({tuple(order) for order in orders}) == len(ORDERS)
    assert {tuple(sorted(order)) for order in orders} == {tuple(orders[0])}
    for run in runs:
        [point] = [point for point in run.trace if point.options]
        assert (point.label, point.kind, point.weights) == (f"order of sets of {what}", "schedule", WEIGHTS)
        assert point.options == tuple(map(str, ORDERS))
        assert not run.drawn


@pytest.mark.parametrize("function", ["gathered", "grouped", "left", "alone", "queue", *EAGER])
def test_where_no_order_matters_there_is_no_choice(tmp_path: Path, function: str) -> None:
    [run] = live(tmp_path, function)
    assert run.outcome.kind == "passed", run.outcome
    assert not run.choices


@pytest.mark.parametrize("function", ["wait", "group", "handlers", "left"])
def test_nobody_who_looks_changes_it(tmp_path: Path, function: str) -> None:
    [looked], [plain] = live(tmp_path, function), live(tmp_path, function, trace="none")
    assert looked.timeline == plain.timeline


def test_a_failure_that_it_decides_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    found = crossroads.explore("program.py:first", futures=60, store=tmp_path / "s.sqlite")
    assert found.explored.passed
    [failure] = found.failures
    account = crossroads.explain(failure, budget=300, store=tmp_path / "s.sqlite")
    [step] = account.turning_points
    assert step.label == "order of sets of tasks"
    line = PROGRAM[: PROGRAM.index("async def first")].count("\n") + 2
    assert step.where == f"program.py:{line} in first"
    assert account.method == "enumerated"
    assert step.before.value == pytest.approx(1 - 0.3 - 0.125)
    assert account.last_way_out is not None
    assert account.last_way_out.point == step.point


def iterated(count: int, factor: int) -> tuple[int, ...]:
    hashes = [hash_of(number, factor) for number in range(count)]
    return tuple(map(hashes.index, set(hashes)))


@pytest.mark.parametrize("count", range(2, 12))
def test_mirrored_is_the_reverse(count: int) -> None:
    assert iterated(count, -CALM_FACTOR) == iterated(count, CALM_FACTOR)[::-1] == tuple(reversed(range(count)))


def test_few_objects_have_all_orders() -> None:
    assert {iterated(3, factor) for factor in FACTORS} == set(permutations(range(3)))
    fours = [iterated(4, factor) for factor in FACTORS]
    assert {order[0] for order in fours} == {order[-1] for order in fours} == set(range(4))


def test_a_pair_shuffled_by_seeds_comes_in_both_orders() -> None:
    firsts = [iterated(2, factor_of(derive(count, "seed")))[0] for count in range(200)]
    assert 60 < sum(firsts) < 140


def test_a_group_that_cancels_is_told_by_its_line(tmp_path: Path) -> None:
    [run] = live(tmp_path, "group")
    [point] = [point for point in run.trace if point.options]
    line = PROGRAM[: PROGRAM.index("    async with asyncio.TaskGroup")].count("\n") + 4
    assert point.where == f"program.py:{line} in group"


def test_the_register_tells_what_is_in_it(tmp_path: Path) -> None:
    [run] = live(tmp_path, "known")
    assert run.outcome.kind == "passed", run.outcome


def test_the_order_is_chosen_once_when_a_second_task_is_asked() -> None:
    asked = []
    hashes: list[int] = []

    def choose() -> int:
        asked.append(len(hashes))
        return -CALM_FACTOR

    numbers = TaskNumbers(choose)
    hashes += [numbers.next_hash(is_told=False)]
    for _ in range(4):
        hashes.append(numbers.next_hash())
    assert asked == [2]
    assert hashes[2:] == sorted(hashes[2:], reverse=True)
