"""Futures a second on a toy with two tasks of ten steps, on all cores, against a bare fork for each run of it."""

import os
import time
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

PROGRAM = """
import random


def task(name, log):
    for step in range(10):
        log.append((name, step))
        yield


def main():
    log = []
    tasks = [task("left", log), task("right", log)]
    while tasks:
        chosen = random.choice(tasks)
        if next(chosen, "done") == "done":
            tasks.remove(chosen)
    return log


if __name__ == "__main__":
    main()
"""


def measure(folder: Path, quick: bool) -> list[tuple[str, ...]]:
    """One row."""
    from run import spread

    path = folder / "toy.py"
    path.write_text(PROGRAM)
    rounds, futures = (3, 100) if quick else (5, 4_000)
    space: dict[str, object] = {"__name__": "toy"}
    exec(compile(PROGRAM, "toy.py", "exec"), space)
    ours, bare = [], []
    with LocalRunner(parse_target(str(path)), WorldSettings()) as runner:
        for number in range(-2, rounds):
            timelines = [Timeline(str(path), (Epoch(0, (number + 2) * futures + index),)) for index in range(futures)]
            began = time.perf_counter()
            runs = runner.run(timelines, together=True)
            seconds = time.perf_counter() - began
            assert sum(run.outcome.kind == "passed" for run in runs) == futures
            if number >= 0:
                ours.append(futures / seconds)
                bare.append(_bare_rate(space["main"], 100))
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    return [("futures a second, two-task toy", spread(ours, "/s"), spread(bare, "/s bare, 1 core"), spread(ratios, "x"), "-")]


def _bare_rate(main: object, futures: int) -> float:
    assert callable(main)
    began = time.perf_counter()
    for _ in range(futures):
        pid = os.fork()
        if not pid:
            main()
            os._exit(0)
        os.waitpid(pid, 0)
    return futures / (time.perf_counter() - began)
