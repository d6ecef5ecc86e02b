"""What one callback costs on our loop, alone and in a recorded run, against stock asyncio on the same chatty program.

    python bench/loop_cost.py [--quick] [--rounds 7]

Callbacks are counted once, on the stock loop; each round is a process of its own, and the loops take turns.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

LOOPS = Path(__file__).parent / "loops"
CHATTY = LOOPS / "chatty.py"
sys.path.insert(0, str(LOOPS))

Parts = dict[str, float]

TARGET = "at most 1.2 x"


def main() -> int:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round, to see that everything still works")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        asyncio.run(chatty().main(), loop_factory=FACTORIES[options.one]())
        return 0
    console = Console(width=130)
    counts = callbacks()
    found: dict[str, list[Parts]] = {name: [] for name in MEASURES}
    for _ in range(1 if options.quick else options.rounds):
        for name, measure in MEASURES.items():
            try:
                found[name].append(measure())
            except Exception as error:
                console.print(f"{name}: {type(error).__name__}: {str(error)[-300:]}", markup=False)
    console.print(table_of(found, counts))
    return 0


def chatty() -> Any:
    """The program."""
    import chatty as program

    return program


def stock_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What asyncio.run takes by itself on this system."""
    return asyncio.SelectorEventLoop


def our_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Ours, on its own."""
    from crossroads.worlds.asyncio import new_event_loop

    return new_event_loop  # type: ignore[no-any-return]


FACTORIES = {"stock": stock_loop, "ours": our_loop}


def alone(loop: str) -> Parts:
    """One round in a process of its own, without a run."""
    done = subprocess.run([sys.executable, __file__, "--one", loop], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it printed nothing"])[-1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def recorded() -> Parts:
    """One round in a future that records."""
    import crossroads
    from crossroads.runners.local import LocalRunner
    from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
    from crossroads.worlds.targets import parse_target

    with tempfile.TemporaryDirectory() as folder:
        found = crossroads.explore(str(CHATTY), futures=1, jobs=1, store=Path(folder) / "bench.sqlite")
    world = WorldSettings(name=found.world)
    with LocalRunner(parse_target(str(CHATTY)), world, jobs=1) as runner:
        (run,) = runner.run([Timeline(str(CHATTY), (Epoch(0, 1),), world=world)], pristine=True)
    if run.outcome.kind != "passed":
        raise RuntimeError(f"{run.outcome.kind}: {run.outcome.message}")
    return dict(json.loads(run.output.splitlines()[-1]))


MEASURES: dict[str, Callable[[], Parts]] = {
    "stock asyncio": lambda: alone("stock"),
    "ours, alone": lambda: alone("ours"),
    "ours, in a recorded run": recorded,
}


def callbacks() -> dict[str, int]:
    """How many callbacks the stock loop runs in each part."""
    program, count = chatty(), 0
    stock_run = asyncio.Handle._run  # type: ignore[attr-defined]

    def counted(handle: asyncio.Handle) -> None:
        nonlocal count
        count += 1
        stock_run(handle)

    counts = {}
    asyncio.Handle._run = counted  # type: ignore[attr-defined]
    try:
        for name, (part, expected) in program.PARTS.items():
            count = 0
            assert asyncio.run(part()) == expected
            counts[name] = count
    finally:
        asyncio.Handle._run = stock_run  # type: ignore[attr-defined]
    return counts


def table_of(found: dict[str, list[Parts]], counts: dict[str, int]) -> Table:
    """Microseconds a callback, and the ratio to the stock loop in the same round."""
    table = Table(title="CPU microseconds a callback: median of the rounds, and how many times stock asyncio's in the same round")
    table.add_column("part")
    table.add_column("callbacks", justify="right")
    for name in found:
        table.add_column(name, justify="right")
    table.add_column("target", justify="right")
    stock = found["stock asyncio"]
    for part in [*counts, "all"]:
        parts = list(counts) if part == "all" else [part]
        total = sum(counts[each] for each in parts)
        cells = []
        for rounds in found.values():
            each_s = [sum(taken[name] for name in parts) / total for taken in rounds]
            base_s = [sum(taken[name] for name in parts) / total for taken in stock]
            ratios = [one / other for one, other in zip(each_s, base_s, strict=False) if other]
            ratio = "" if rounds is stock or not ratios else f" = {statistics.median(ratios):.2f} x [{min(ratios):.2f}-{max(ratios):.2f}]"
            cells.append(f"{statistics.median(each_s) * 1e6:.3f}{ratio}" if each_s else "-")
        table.add_row(part, f"{total:,}", *cells, TARGET if part == "all" else "")
    return table


if __name__ == "__main__":
    sys.exit(main())
