"""Futures spent by explain against a uniform grid that would give the same answer.

The grid asks, at every point of the failing run, for as many failures in a row as confirm the point of no return at the same level. It
isn't lived: its size is a product.
"""

from pathlib import Path

import crossroads
from crossroads.stats.streaks import streak_needed

PROGRAM = """
import random
from crossroads import mark

STEPS = 1_000


def main():
    luck = 0
    for step in range(STEPS):
        mark("step")
        random.gauss(0.0, 1.0)
        if step in (233, 501, 777):
            luck += random.random() < 0.5
    assert luck < 3, "three times unlucky"
"""


def measure(folder: Path, quick: bool) -> list[tuple[str, ...]]:
    """One row."""
    path = folder / "three_coins.py"
    steps = 100 if quick else 1_000
    source = PROGRAM.replace("1_000", str(steps))
    path.write_text(source.replace("(233, 501, 777)", "(23, 50, 77)") if quick else source)
    store = folder / "bench.sqlite"
    found = crossroads.explore(str(path), futures=60, seed=1, store=store)
    account = crossroads.explain(found.failures[0], store=store)
    exact = 78 if quick else 778
    assert account.point_of_no_return is not None
    assert account.point_of_no_return.point == exact + 1, account.point_of_no_return
    grid = steps * streak_needed(0.01, 0.05)
    ratio = f"1/{grid / account.futures_spent:.0f}"
    return [(f"futures to explain {steps} points", f"{account.futures_spent:,}", f"{grid:,} on a grid", ratio, "at most 1/10")]
