"""One measurement in a process of its own: lives futures of a workload with one tool, and prints what they cost as JSON.

    python one.py TOOL WORKLOAD FUTURES

A future counts only if its scenario came to its end. CPU seconds are those of this process and all its descendants, imports and the
first, uncounted future apart.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
WORKLOADS = HERE / "workloads"
sys.path.insert(0, str(WORKLOADS))

Counted = tuple[float, int]
"""CPU seconds, and how many futures came to their end."""


def main() -> None:
    """Print one line."""
    tool, workload, futures = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        cpu_s, ended = TOOLS[tool](workload, futures)
    print(json.dumps({"tool": tool, "workload": workload, "cpu_s": cpu_s, "ended": ended}))


def cpu_now() -> float:
    """CPU seconds of this process, of its descendants, and of those of them that have ended and were waited for."""
    times = os.times()
    ticks = sum(sum(map(int, fields[11:15])) for fields in descendants())
    return time.process_time() + times.children_user + times.children_system + ticks / os.sysconf("SC_CLK_TCK")


def descendants() -> Iterator[list[str]]:
    """The fields of /proc/PID/stat, from the third on, of every living descendant."""
    known: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                known[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
    family = {os.getpid()}
    while grown := {pid for pid, fields in known.items() if int(fields[1]) in family} - family:
        family |= grown
    return (known[pid] for pid in family - {os.getpid()})


def in_one_process(run_all: Callable[[Callable[[], Any], int], None]) -> Callable[[str, int], Counted]:
    """For tools that live all futures in one process: what a future needs fresh is made anew at its beginning."""

    def measure(workload: str, futures: int) -> Counted:
        program = importlib.import_module(workload)
        main = fresh_main(program)
        run_all(main, 1)
        program.ENDED.clear()
        began = cpu_now()
        run_all(main, futures)
        return cpu_now() - began, len(program.ENDED)

    return measure


def fresh_main(program: ModuleType) -> Callable[[], Any]:
    """The program's main, behind its refresh where it has one."""
    refresh: Callable[[], None] | None = getattr(program, "refresh", None)
    if refresh is None:
        return program.main  # type: ignore[no-any-return]

    async def main() -> None:
        refresh()
        await program.main()

    return main


def bare(main: Callable[[], Any], futures: int) -> None:
    """asyncio.run, again and again."""
    import asyncio

    for _ in range(futures):
        asyncio.run(main())


def simloop(main: Callable[[], Any], futures: int) -> None:
    """simloop's explorer."""
    import simloop as tool

    streams = sys.modules.get("w2_streams")
    if streams is not None:
        # It knows no connection to a loopback address, only to the host that a task is on.
        streams.HOST = "driver"  # type: ignore[attr-defined]
    report = tool.explore(main, range(futures))
    assert report is None, report


def simloom(main: Callable[[], Any], futures: int) -> None:
    """simloom's explorer."""
    import simloom as tool

    found = tool.explore(main, runs=futures)
    assert not found.failed, found.failures


def detangle(main: Callable[[], Any], futures: int) -> None:
    """detangle's explorer."""
    import detangle as tool

    assert tool.explore(main, runs=futures, database=False).runs == futures


def bare_fork(workload: str, futures: int) -> Counted:
    """A fork after the import for each future, and asyncio.run in it."""
    import asyncio

    program = importlib.import_module(workload)

    def live(count: int) -> int:
        ended = 0
        for _ in range(count):
            pid = os.fork()
            if not pid:
                asyncio.run(program.main())
                os._exit(0 if len(program.ENDED) == 1 else 1)
            ended += os.waitpid(pid, 0)[1] == 0
        return ended

    live(1)
    began = cpu_now()
    ended = live(futures)
    return cpu_now() - began, ended


def ours(workload: str, futures: int) -> Counted:
    """The runner as `crossroads.explore` uses it; a program that marks its decision is branched there."""
    import crossroads
    from crossroads.runners.local import LocalRunner
    from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
    from crossroads.worlds.targets import parse_target

    target = str(WORKLOADS / f"{workload}.py")
    found = crossroads.explore(target, futures=1, store="first.sqlite")
    assert found.explored.passed == 1, found
    world = WorldSettings(name=found.world)
    base = Timeline(target, (Epoch(0, 0),), world=world)
    with LocalRunner(parse_target(target), world) as runner:
        (first,) = runner.run([base], trace="all")
        decision = next((point.index for point in first.trace if point.label == "decision"), 0)
        runner.run([base.branch(decision, seed) for seed in range(1, 9)])
        began = cpu_now()
        runs = runner.run([base.branch(decision, seed) for seed in range(9, 9 + futures)], together=not decision)
        cpu_s = cpu_now() - began
    return cpu_s, sum(run.outcome.kind == "passed" for run in runs)


def ours_explored(workload: str, futures: int) -> Counted:
    """`crossroads.explore` as users call it, the store and the second lives of a sample included; no branching at the decision."""
    import crossroads

    target = str(WORKLOADS / f"{workload}.py")
    crossroads.explore(target, futures=20, store="first.sqlite")
    began = cpu_now()
    found = crossroads.explore(target, futures=futures, store="second.sqlite")
    return cpu_now() - began, found.explored.passed


TOOLS: dict[str, Callable[[str, int], Counted]] = {
    "asyncio.run": in_one_process(bare),
    "bare fork": bare_fork,
    "simloop": in_one_process(simloop),
    "simloom": in_one_process(simloom),
    "detangle": in_one_process(detangle),
    "ours": ours,
    "ours, explored": ours_explored,
}

if __name__ == "__main__":
    main()
