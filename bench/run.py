"""Measures crossroads against baselines, each pair interleaved in one run, and prints ratios: `make bench`.

    python bench/run.py [--quick]

Absolute times differ between machines and hours; ratios and counts are what to compare. The work is asserted beside each time.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import futures_spent  # noqa: E402
import one_future  # noqa: E402
import start_up  # noqa: E402
import toy_rate  # noqa: E402


def main() -> int:
    """Run all benchmarks and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny rounds, to see that everything still works")
    quick = parser.parse_args().quick
    table = Table(title="crossroads against baselines (median of rounds, spread in brackets)")
    for name in ("what", "ours", "baseline", "ratio", "target"):
        table.add_column(name, justify="left" if name == "what" else "right")
    with tempfile.TemporaryDirectory() as folder:
        for measure in (one_future.measure, toy_rate.measure, start_up.measure, futures_spent.measure):
            for row in measure(Path(folder), quick):
                table.add_row(*row)
    Console(width=120).print(table)
    return 0


def spread(values: list[float], unit: str) -> str:
    """Median and range of some rounds."""
    return f"{statistics.median(values):.3g} {unit} [{min(values):.3g}-{max(values):.3g}]"


if __name__ == "__main__":
    sys.exit(main())
