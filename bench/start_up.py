"""A program with 100 MB of state and slow start-up work: the work is done once a core, not once a future."""

import time
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

PROGRAM = """
import random


def build():
    total, table = 0, []
    for number in range(OBJECTS):
        table.append({"number": number})
        total += sum(range(40))
    return table


def main():
    table = build()
    return table[random.randrange(len(table))]["number"]
"""


def measure(folder: Path, quick: bool) -> list[tuple[str, ...]]:
    """One row: a future against the start-up work."""
    path = folder / "slow_start.py"
    path.write_text(PROGRAM.replace("OBJECTS", "20_000" if quick else "400_000"))
    futures = 40 if quick else 200
    with LocalRunner(parse_target(str(path)), WorldSettings(), jobs=1) as runner:
        began = time.perf_counter()
        runner.run([Timeline(str(path), (Epoch(0, 1),))])
        start_s = time.perf_counter() - began
        began = time.perf_counter()
        runs = runner.run([Timeline(str(path), (Epoch(0, seed),)) for seed in range(2, futures + 2)])
        each_s = (time.perf_counter() - began) / futures
        assert len({run.timeline.digest for run in runs}) == futures
    ratio = f"1/{start_s / each_s:.0f}"
    return [("future after slow start-up work", f"{each_s * 1e3:.3g} ms", f"{start_s * 1e3:.0f} ms start-up", ratio, "not paid again")]
