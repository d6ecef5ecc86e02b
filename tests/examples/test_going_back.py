"""The short examples of the ring print what their pages say, also under `crossroads live`."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DEADLINE_S = 120
"""When a test gives up waiting; nothing takes so long."""

QUEENS = """\
4 queens: [1, 3, 0, 2]
6 queens: [1, 3, 5, 0, 2, 4]
8 queens: [0, 4, 7, 5, 2, 6, 1, 3]
"""

MIGRATED = """\
attempt 1 was taken back: orders [2] went wrong
now:
  (1, '12.50', 1250, 1250)
  (2, '7,95', 795, 795)
  (3, '3 EUR', 300, 300)
  (4, '4.10', 410, 410)
the customers are told
too late for second thoughts: going back would leave "tell the customers" done, which can't be taken back; \
use force=True to go back all the same
"""

NOT_MIGRATED = """\
attempt 1 was taken back: orders [2, 5] went wrong
attempt 2 was taken back: orders [5] went wrong
now:
  (1, '12.50', 1250)
  (2, '7,95', 795)
  (3, '3 EUR', 300)
  (4, '4.10', 410)
  (5, 'a dozen', 1200)
"""

pytestmark = pytest.mark.slow


def run(folder: Path, *arguments: str, live: bool = False, code: int = 0) -> str:
    """What an example prints, in an empty folder, which it leaves empty."""
    folder.joinpath("tmp").mkdir(exist_ok=True)
    name, *rest = arguments
    start = ["-m", "crossroads", "live"] if live else []
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "cache")}
    if "PYTHONPATH" in environment:
        environment["PYTHONPATH"] = os.path.abspath(environment["PYTHONPATH"])
    done = subprocess.run(
        [sys.executable, *start, str(EXAMPLES / name), *rest],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert (done.stderr, done.returncode) == ("", code)
    assert list((folder / "tmp").iterdir()) == []
    return done.stdout


@pytest.mark.parametrize("live", [False, True], ids=["by itself", "live"])
def test_queens_are_where_recursion_puts_them(tmp_path: Path, live: bool) -> None:
    assert run(tmp_path, "queens.py", live=live) == QUEENS


@pytest.mark.parametrize("live", [False, True], ids=["by itself", "live"])
def test_a_migration_learns_from_its_first_attempt(tmp_path: Path, live: bool) -> None:
    assert run(tmp_path, "migration.py", live=live) == MIGRATED


def test_a_migration_that_never_passes_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    assert run(tmp_path, "migration.py", "a dozen", code=1) == NOT_MIGRATED


@pytest.mark.skipif(find_spec("simpy") is None, reason="SimPy isn't installed")
def test_a_ward_has_two_hundred_tomorrows(tmp_path: Path) -> None:
    noon, refusal, title, *rows = run(tmp_path, "ward.py").splitlines()
    assert noon == "noon: 6 of 10 beds are taken"
    assert refusal == "copy.deepcopy: cannot pickle 'generator' object"
    assert title == "turned away by the next noon, in 200 tomorrows:"
    counts = {int(row[:3]): row.count("#") for row in rows}
    assert counts == lived_from_the_start()


def lived_from_the_start() -> dict[int, int]:
    """The same tomorrows without a ring: for each, the morning is lived again."""
    import random

    import simpy

    sys.path.insert(0, str(EXAMPLES))
    try:
        import ward
    finally:
        sys.path.pop(0)
    counts: dict[int, int] = {}
    for tomorrow in range(ward.TOMORROWS):
        random.seed(5)
        env = simpy.Environment()
        there = ward.Ward(env)
        env.run(until=ward.NOON_H)
        random.seed(tomorrow)
        there.turned_away = 0
        env.run(until=ward.NOON_H + ward.DAY_H)
        counts[there.turned_away] = counts.get(there.turned_away, 0) + 1
    return {number: counts.get(number, 0) for number in range(max(counts) + 1)}


@pytest.mark.skipif(find_spec("numpy") is None, reason="NumPy isn't installed")
def test_training_steps_back_before_its_spikes(tmp_path: Path) -> None:
    *steps, end = run(tmp_path, "training.py").splitlines()
    found = [re.fullmatch(r"epoch \d+: the loss went from (.+) to (.+) by epoch \d+; back with a step of (.+)", line) for line in steps]
    assert all(found)
    assert [one[3] for one in found if one] == ["0.1", "0.05"]
    assert all(float(one[2]) > 2 * float(one[1]) for one in found if one)
    assert float(end.removeprefix("done: loss ")) < 0.5
