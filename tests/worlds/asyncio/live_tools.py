"""Lives of programs in the asyncio world."""

from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

WORLD = WorldSettings("asyncio")


def start(path: Path, seed: int, number: int) -> Timeline:
    """A timeline whose first choice is the program."""
    return Timeline(str(path), (Epoch(0, seed * 0x9E3779B97F4A7C15 % 2**64),), (Override(1, number),), WORLD)


def live_all(path: Path, programs: int, futures: int) -> list[Run]:
    """So many futures of each program of a file."""
    with LocalRunner(parse_target(str(path)), WORLD) as runner:
        return runner.run([start(path, seed, number) for number in range(programs) for seed in range(futures)])
