"""P4 and P5 where many futures are lived one after the other in one process: nobody can tell, and what could tell ends it."""

from dataclasses import replace
from pathlib import Path

import pytest
from promise_tools import timeline, write

import crossroads
from crossroads.runners.local import LocalRunner
from crossroads.snapshots import fork, together
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.run import Run
from crossroads.snapshots.together import Together
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's load makes of times."""
    monkeypatch.setattr(together, "SLOW_SHARE", float("inf"))
    monkeypatch.setattr(fork, "START_CHEAP_S", float("inf"))


DRAWS = """
import random, secrets, time, uuid
from crossroads import chance, decide, mark

OWN = random.Random(3)
{early}

def main():
    {first}
    mark(time.time())
    time.sleep(random.random())
    kept = [random.Random(7) for _ in range(decide("how many", [1, 2, 3]))]
    kept.append(kept)
    mark([OWN.random(), kept[0].random(), secrets.token_hex(2), uuid.uuid4(), time.monotonic()])
    if chance("end", ["well", "badly"], weights=[5, 1]) == "badly":
        raise ValueError(f"after {{time.monotonic():.3f}}")
    {last}
"""


def program(early: str = "", first: str = "pass", last: str = "pass") -> str:
    return DRAWS.format(early=early, first=first, last=last)


def both_ways(target: str, futures: int, wall_s: float = 20.0, world: str = "plain") -> tuple[list[Run], list[Run], LocalRunner]:
    """(lived together, lived alone, the runner)."""
    timelines = [replace(timeline(target, seed), world=WorldSettings(name=world)) for seed in range(futures)]
    with LocalRunner(parse_target(target), timelines[0].world, jobs=1, limits=Limits(wall_s=wall_s)) as runner:
        lived = runner.run(timelines, together=True)
        return lived, runner.run(timelines), runner


def facts(runs: list[Run]) -> list[object]:
    return [(run.timeline, run.marks, run.drawn) for run in runs]


def test_futures_lived_together_are_the_same_as_alone(here: Path) -> None:
    lived, alone, runner = both_ways(write(here, program()), 60)
    assert facts(lived) == facts(alone)
    assert {run.outcome.kind for run in alone} == {"passed", "failed"}
    assert not runner.distrusted
    assert runner._together.lots >= 2


def test_what_begins_with_a_mark_is_lived_together_too(here: Path) -> None:
    source = 'from crossroads import chance, mark\n\ndef main():\n    mark("a")\n    chance("x", [1, 2, 3])\n'
    lived, alone, runner = both_ways(write(here, source), 60)
    assert [run.timeline for run in lived] == [run.timeline for run in alone]
    assert not runner.distrusted
    assert runner._together.lots >= 1


def test_numpy_generators_too(here: Path) -> None:
    pytest.importorskip("numpy")
    source = program("import numpy\nGENERATOR = numpy.random.default_rng(5)", "mark(numpy.random.normal() + GENERATOR.normal())")
    lived, alone, runner = both_ways(write(here, source), 30)
    assert facts(lived) == facts(alone)
    assert not runner.distrusted
    assert runner._together.lots >= 1


@pytest.mark.parametrize("seen", ["mark(len(CALLS))", "mark(len(CALLS) > 20)", "mark('first' if len(CALLS) == 1 else 'later')"])
def test_module_state_is_noticed_and_nothing_of_it_counted(here: Path, seen: str) -> None:
    lived, alone, runner = both_ways(write(here, program("CALLS = []", "CALLS.append(1)", seen)), 60)
    assert runner.distrusted
    assert facts(lived) == facts(alone)


ENDS = {
    "exit": "os._exit(3)",
    "signal": "os.kill(os.getpid(), signal.SIGKILL)",
    "supervisor": "os.kill(os.getppid(), signal.SIGKILL)",
    "hang": "exec('while True: pass')",
    "memory": "bytearray(10**12)",
    "flood": "print('x' * 1_000_000)",
    "descriptors": "os.closerange(0, 4096)",
    "leaving": "sys.exit(2)",
}


@pytest.mark.parametrize("name", ENDS)
def test_a_hostile_future_among_others(here: Path, name: str) -> None:
    source = program("import os, signal, sys", last=f"""random.random() < 0.05 and {ENDS[name]}""")
    lived, alone, _ = both_ways(write(here, source), 40, wall_s=1.0)
    assert facts(lived) == facts(alone)
    assert {run.outcome.kind for run in lived} >= {"passed", "failed"}


@pytest.mark.parametrize(
    "left", ["threading.Thread(target=threading.Event().wait, daemon=True).start()", "os.fork() or signal.pause()", "leave_orphan()"]
)
def test_a_future_that_leaves_something_behind(here: Path, left: str) -> None:
    orphan = "import os, signal, threading\ndef leave_orphan():\n    os.fork() or (os.fork() or signal.pause(), os._exit(0))\n    os.wait()"
    lived, alone, runner = both_ways(write(here, program(orphan, last=f"random.random() < 0.1 and ({left})")), 40)
    assert runner.distrusted
    assert [(run.outcome, run.timeline.points) for run in lived] == [(run.outcome, run.timeline.points) for run in alone]


LEAVINGS = """
import asyncio
from crossroads import decide, mark

async def fail():
    raise ValueError("nobody looks at this")

async def main():
    passes = decide("passes", [{late}, 20_000])
    left = [asyncio.ensure_future(fail())]
    left.append(left)
    for _ in range(passes):
        await asyncio.sleep(0)
    mark(asyncio.get_running_loop().time())
"""


@pytest.mark.parametrize("late", [20, 200, 2_000, 14_000], ids=["young", "looked at", "older", "old"])
def test_garbage_of_one_future_is_not_found_in_another(here: Path, late: int) -> None:
    """What finds it says so, with the time, which moves when it is read."""
    lived, alone, runner = both_ways(write(here, LEAVINGS.format(late=late)), 24, world="asyncio")
    assert [run.timeline for run in lived] == [run.timeline for run in alone]
    assert not runner.distrusted
    assert runner._together.lots >= 1


def test_exploring_starts_over_when_futures_turn_out_to_touch_each_other(here: Path) -> None:
    source = program("CALLS = []", "CALLS.append(1)", "assert len(CALLS) < 40")
    found = crossroads.explore(write(here, source), futures=300, store=here / "store", jobs=1)
    assert {failure.outcome.exception for failure in found.failures} == {"ValueError"}
    assert found.explored.futures == 300
    assert found.explored.passed + found.explored.failed == 300


ONCE = """
import random
LIVES = []

def main():
    LIVES.append(1)
    if len(LIVES) == 20:
        raise KeyError("only after others")
    if random.random() < 0.4:
        raise ValueError("by chance")
"""


def test_a_failure_that_only_others_in_its_process_cause_is_none(here: Path) -> None:
    # None of the futures that are lived again anyway: neither among the last failures of its lot nor at its ends.
    found = crossroads.explore(write(here, ONCE), futures=300, store=here / "store.sqlite", jobs=1)
    assert {failure.outcome.exception for failure in found.failures} == {"ValueError"}
    assert found.explored.passed + found.explored.failed == 300


def test_the_last_failures_of_a_lot_are_lived_again() -> None:
    passed, failed = Outcome("passed"), Outcome("failed", "ValueError")
    runs = [Run(replace(timeline("p.py", seed), outcome=failed if seed in (5, 11, 12, 20) else passed)) for seed in range(32)]
    known = Together()
    assert known.checks(runs) == [0, 1, 2, 11, 12, 20, 31]
    known.note(runs, [runs[0]], [runs[0]], 0.0)
    assert known.checks(runs) == [11, 12, 20, 31]
    assert known.checks(runs, with_failures=False) == [31]


@pytest.mark.parametrize(("lots", "worth"), [(((8, 0.05), (64, 0.01), (64, 0.021)), True), (((8, 0.01), (64, 0.05), (64, 0.05)), False)])
def test_lots_are_given_up_only_where_all_of_them_together_are_slower(
    lots: tuple[tuple[int, float], ...], worth: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "SLOW_SHARE", 1.2)
    known = Together()
    for size, each_s in lots:
        assert known.is_worth
        runs = [Run(replace(timeline("p.py", seed), outcome=Outcome("passed")), cpu_s=each_s * (seed + 1)) for seed in range(size)]
        known.note(runs, runs[-1:], [replace(runs[-1], cpu_s=0.02)], 0.0)
    assert known.is_worth is worth
