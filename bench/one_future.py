"""One future from a snapshot against a bare fork, exit and wait of the same process. Target: at most 1.5 times."""

import sys
import time
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.driving import drive
from crossroads.snapshots.engine import Launch
from crossroads.snapshots.fork import ForkEngine
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

PROGRAM = """
import random
from crossroads import mark

STATE = [{"number": number} for number in range(OBJECTS)]


def main():
    mark("snapshot")
    return random.random() < 0.5
"""


def measure(folder: Path, quick: bool) -> list[tuple[str, ...]]:
    """Rows for a small and a large process."""
    return [_row(folder, name, objects, 3 if quick else 7, 40 if quick else 120) for name, objects in (("small", 0), ("100 MB", 400_000))]


def _row(folder: Path, name: str, objects: int, rounds: int, futures: int) -> tuple[str, ...]:
    from run import spread

    path = folder / f"state_{objects}.py"
    path.write_text(PROGRAM.replace("OBJECTS", str(objects)))
    with LocalRunner(parse_target(str(path)), WorldSettings()) as runner:
        command = (sys.executable, "-P", str(Path(__file__).with_name("bare_trunk.py")))
        engine = ForkEngine(Launch(command, runner.order()))
    base = Timeline(str(path), (Epoch(0, 0),))
    ours_ms, bare_ms = [], []
    try:
        _live(engine, [base.branch(1, seed) for seed in range(8)])
        for number in range(rounds):
            seeds = range(number * futures, (number + 1) * futures)
            runs, seconds = _live(engine, [base.branch(1, seed) for seed in seeds])
            assert len({run.timeline.digest for run in runs}) == futures, "each future is another run"
            ours_ms.append(seconds / futures * 1e3)
            bare = [Timeline(str(path), (Epoch(0, 0), Epoch(1, seed)), (Override(1, 0),)) for seed in seeds]
            bare_ms.append(_live(engine, bare)[1] / futures * 1e3)
    finally:
        engine.close()
    ratios = [ours / bare for ours, bare in zip(ours_ms, bare_ms, strict=True)]
    return f"one future, {name} process", spread(ours_ms, "ms"), spread(bare_ms, "ms bare fork"), spread(ratios, "x"), "at most 1.5 x"


def _live(engine: ForkEngine, timelines: list[Timeline]) -> tuple[list[Run], float]:
    runs: list[Run] = []
    began = time.perf_counter()
    drive([engine.run(timelines, lambda _, run: runs.append(run))])
    return runs, time.perf_counter() - began
