"""Futures per CPU-second of four workloads, with asyncio alone, with other simulators, and with ours: `make bench-loops`.

    python bench/loops/run.py [--quick] [--tools ours,detangle] [--workloads w1_race] [--rounds 5] [--json FILE]

Each measurement is a process of its own; the tools take turns, and medians of the rounds are compared. Two cores are busy in ours,
and so they are for the other simulators, which live futures in one process: they are run twice at the same time, and both count. A future
counts only if its scenario came to its end; a tool that doesn't manage that has "-" in the table, and its message below.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ONE = HERE / "one.py"

SIMULATORS = ("simloop", "simloom", "detangle")
TOOLS = ("asyncio.run", "bare fork", *SIMULATORS, "ours", "ours, explored")

FUTURES = {
    "w1_race": {"": 10_000, "asyncio.run": 10_000, "bare fork": 400, "simloop": 600, "simloom": 600},
    "w2_streams": {"": 400, "simloop": 60, "simloom": 40},
    "w3_state": {"": 8, "bare fork": 80, "ours": 300, "ours, explored": 300},
    "w4_late": {"": 20, "simloom": 5, "ours": 1_000, "ours, explored": 60},
}
"""How many in one measurement, so that each takes about a CPU-second; "" for tools that aren't named."""

QUICK = 4
TIMEOUT_S = 600


@dataclass(frozen=True)
class Cell:
    """The rounds of one tool on one workload: futures per CPU-second, or what went wrong."""

    rates: tuple[float, ...]
    trouble: str = ""

    @property
    def median(self) -> float | None:
        """None where nothing was measured."""
        return statistics.median(self.rates) if self.rates else None

    def __str__(self) -> str:
        if not self.rates:
            return "-"
        return f"{self.median:,.4g} [{min(self.rates):,.4g}-{max(self.rates):,.4g}]"


def main() -> int:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few futures once, to see that everything still works")
    parser.add_argument("--tools", default=";".join(TOOLS), help="separated by semicolons")
    parser.add_argument("--workloads", default=",".join(FUTURES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the medians here")
    options = parser.parse_args()
    tools, workloads = options.tools.split(";"), options.workloads.split(",")
    cells = measure(tools, workloads, 1 if options.quick else options.rounds, options.quick)
    table = Table(title="futures per CPU-second: median of the rounds, in brackets the slowest and the fastest")
    table.add_column("tool")
    for workload in workloads:
        table.add_column(workload, justify="right")
    for tool in tools:
        table.add_row(tool, *(str(cells[tool, workload]) for workload in workloads))
    console = Console(width=140)
    console.print(table)
    for (tool, workload), cell in cells.items():
        if cell.trouble:
            console.print(f"{tool} on {workload}: {cell.trouble}", markup=False)
    if options.json:
        medians = {
            tool: {w: statistics.median(cells[tool, w].rates) if cells[tool, w].rates else None for w in workloads} for tool in tools
        }
        options.json.write_text(json.dumps(medians, indent=2) + "\n")
    return 0


def measure(tools: list[str], workloads: list[str], rounds: int, quick: bool) -> dict[tuple[str, str], Cell]:
    """All cells; a tool that fails on a workload is not asked again."""
    cells = {(tool, workload): Cell(()) for workload in workloads for tool in tools}
    for workload in workloads:
        counts = FUTURES[workload]
        for _ in range(rounds):
            for tool in tools:
                cell = cells[tool, workload]
                if not cell.trouble:
                    futures = QUICK if quick else counts.get(tool, counts[""])
                    cells[tool, workload] = after_round(cell, tool, workload, futures)
    return cells


def after_round(cell: Cell, tool: str, workload: str, futures: int) -> Cell:
    """The cell with one measurement more."""
    command = [sys.executable, str(ONE), tool, workload, str(futures)]
    count = 2 if tool in SIMULATORS else 1
    copies = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    cpu_s = 0.0
    for copy in copies:
        try:
            printed, trouble = copy.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            for one in copies:
                one.kill()
            return Cell((), f"no end within {TIMEOUT_S} s")
        if copy.returncode:
            return Cell((), (trouble.strip().splitlines() or [f"exit code {copy.returncode}"])[-1][:300])
        found = json.loads(printed.splitlines()[-1])
        if found["ended"] != futures:
            return Cell((), f"{found['ended']} of {futures} futures came to their end")
        cpu_s += found["cpu_s"]
    return Cell((*cell.rates, futures * len(copies) / max(cpu_s, 1e-9)))


if __name__ == "__main__":
    sys.exit(main())
