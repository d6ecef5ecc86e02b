"""One process of `ring_cost.py`: builds a state of a given size, and copies it in one way, a bare fork after each copy.

    python bench/ring_state.py WAY MEGABYTES ROUNDS [live]

Prints one JSON object: milliseconds of each round for the way and for the bare fork; or why it is refused. With "live" there is a generator
in the state, in the middle of its work; the ring's state always has one.
"""

import copy
import importlib
import json
import os
import pickle
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import crossroads

RETURNS = 5
"""To each mark."""

FORKS = 3
"""For each round: their median is its baseline."""

STEP = 1_000
"""So many patients are built between two looks at the memory."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Patient:
    """One of many small objects, as a simulation has them."""

    number: int
    days: list[int] = field(default_factory=list)


@dataclass
class State:
    """What is copied."""

    patients: list[Patient]
    rounds: Iterator[int] | None

    def check(self, expected: int) -> None:
        """It is whole, and the generator goes on where it was."""
        count = len(self.patients)
        assert [self.patients[number].days for number in (0, count // 2, count - 1)] == [[0], [count // 2], [count - 1]]
        assert self.rounds is None or next(self.rounds) == expected


def build(megabytes: int, live: bool) -> State:
    """A state that takes so much memory, as the system sees it."""
    patients: list[Patient] = []
    goal = resident() + megabytes * 1_000_000
    while resident() < goal:
        patients += [Patient(number, [number]) for number in range(len(patients), len(patients) + STEP)]
    return State(patients, iter(range(1_000)) if not live else rounds())


def rounds() -> Iterator[int]:
    """A generator in the middle of its work."""
    yield from range(1_000)


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * _PAGE


def now_ms() -> float:
    """Also from one life to the next."""
    return time.monotonic_ns() / 1e6


def bare_ms() -> float:
    """Fork, exit and wait: what a copy of a process costs at least."""
    found = []
    for _ in range(FORKS):
        began = now_ms()
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        found.append(now_ms() - began)
    return statistics.median(found)


def with_ring(state: State, rounds: int) -> dict[str, list[float]]:
    """Marks, and returns to each; every life finds the state as it was, and changes it."""
    found: dict[str, list[float]] = {"mark": [], "return": [], "fork": []}
    for number in range(rounds):
        with crossroads.ring():
            bare = bare_ms()
            began = now_ms()
            here = crossroads.mark()
            landed = now_ms()
            state.check(number)
            assert len(here.memory) == here.returns
            state.patients[0].days.append(here.returns)
            if here.returns < RETURNS:
                crossroads.go_back(here, remember=(landed, now_ms()))
            state.patients[0].days.pop()
        lived = [*here.memory, (landed, 0.0)]
        found["mark"].append(lived[0][0] - began)
        found["return"].append(statistics.median(after[0] - before[1] for before, after in pairwise(lived)))
        found["fork"].append(bare)
    return found


def with_copies(copied: Callable[[State], State], state: State, rounds: int) -> dict[str, list[float]]:
    """The state copied by a library."""
    found: dict[str, list[float]] = {"copy": [], "fork": []}
    for number in range(rounds):
        found["fork"].append(bare_ms())
        began = now_ms()
        twin = copied(state)
        found["copy"].append(now_ms() - began)
        twin.check(0)
        assert twin.patients[0] is not state.patients[0], number
    return found


def by_pickle(module: Any) -> Callable[[State], State]:
    """Written and read again."""
    return lambda state: module.loads(module.dumps(state, 5))


def main() -> dict[str, Any]:
    """What to print."""
    way, megabytes, rounds, *live = sys.argv[1:]
    if way == "ring":
        return with_ring(build(int(megabytes), True), int(rounds))
    try:
        copied = copy.deepcopy if way == "copy.deepcopy" else by_pickle(pickle if way == "pickle" else importlib.import_module(way))
    except ImportError:
        return {"refused": "not installed"}
    state = build(int(megabytes), bool(live))
    try:
        return with_copies(copied, state, int(rounds))
    except (TypeError, pickle.PicklingError) as error:
        return {"refused": f"refused: {error}"}


if __name__ == "__main__":
    # By its own name, as pickle finds the classes of the state there.
    print(json.dumps(importlib.import_module("ring_state").main()))
