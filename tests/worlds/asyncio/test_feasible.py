"""P3, only feasible futures: what happens in our loops happens in the same order on stock asyncio."""

import asyncio
import json
from pathlib import Path

import pytest
from random_programs import Body, live, make, run_on
from reference_loops import ReferenceLoop

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
    numbers = TaskNumbers()
    if seed is not None:
        numbers.begin_epoch(seed)
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
