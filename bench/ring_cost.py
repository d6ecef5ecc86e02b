"""What a mark and a return of the ring cost, and other ways to copy the same state, each against a bare fork of the same process.

    python bench/ring_cost.py [--quick]

Each way has a process of its own, in which bare forks (fork, exit, wait) are interleaved. What would need more memory than there is, isn't
installed, or takes longer than a minute is named. `pip install -r bench/requirements.txt` adds dill, which nothing else needs.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

CHILD = Path(__file__).with_name("ring_state.py")
LIMIT_S = 60
COPIES = ("copy.deepcopy", "pickle", "dill")

SIZES = {10: 7, 100: 5, 1000: 3}
"""Megabytes of state, and rounds."""

COPY_ROUNDS = {10: 3, 100: 3}
"""Copies take their time; a round at 1 GB is enough."""

NEEDED = {"ring": 2.0, "copy.deepcopy": 5.0, "pickle": 4.0, "dill": 6.0}
"""Times the size of the state: the memory that each way takes at its peak."""


def main() -> int:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny state, to see that everything still works")
    quick = parser.parse_args().quick
    table = Table(title="going back, and other copies of the same state (median of rounds, spread in brackets)")
    for name in ("what", "state", "time", "bare fork", "ratio"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for megabytes, rounds in ({1: 2} if quick else SIZES).items():
        for row in rows(megabytes, rounds):
            table.add_row(*row)
        table.add_section()
    for way in COPIES:
        table.add_row(f"{way}, with a generator", "1 MB", measured(way, 1, 1, "live").get("refused", "copied"))
    Console(width=140).print(table)
    return 0


def rows(megabytes: int, rounds: int) -> list[tuple[str, ...]]:
    """All ways for one size."""
    size = f"{megabytes} MB" if megabytes < 1000 else f"{megabytes // 1000} GB"
    found = []
    for way in ("ring", *COPIES):
        result = measured(way, megabytes, rounds)
        names = {"ring: a mark": "mark", "ring: a return": "return"} if way == "ring" else {way: "copy"}
        for name, key in names.items():
            if "refused" in result:
                found.append((name, size, result["refused"]))
                continue
            ratios = [one / bare for one, bare in zip(result[key], result["fork"], strict=True)]
            found.append((name, size, times(result[key]), times(result["fork"]), spread(ratios, "x")))
    return found


def measured(way: str, megabytes: int, rounds: int, *more: str) -> dict[str, Any]:
    """What a process found out."""
    needed, free = NEEDED[way] * megabytes, free_megabytes()
    if needed > free:
        return {"refused": f"skipped: needs {needed / 1000:.1f} GB of memory, and {free / 1000:.1f} GB are free"}
    if way in COPIES:
        rounds = COPY_ROUNDS.get(megabytes, 1)
    command = [sys.executable, str(CHILD), way, str(megabytes), str(rounds), *more]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True)
    except subprocess.TimeoutExpired:
        return {"refused": f"more than {LIMIT_S} s"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def free_megabytes() -> float:
    """What the system could give to a process."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024 / 1e6
    return 0.0


def times(values_ms: list[float]) -> str:
    """Median and range of some rounds, in a unit that suits them."""
    seconds = statistics.median(values_ms) >= 1000
    return spread([value / 1000 for value in values_ms] if seconds else values_ms, "s" if seconds else "ms")


def spread(values: list[float], unit: str) -> str:
    """Median and range of some rounds."""
    around = f" [{min(values):.3g}-{max(values):.3g}]" if len(values) > 1 else ""
    return f"{statistics.median(values):.3g} {unit}{around}"


if __name__ == "__main__":
    sys.exit(main())
