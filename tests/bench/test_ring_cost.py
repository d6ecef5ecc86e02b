"""The benchmark of the ring runs, on a tiny state, and says of every way what there is to say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
DEADLINE_S = 300
"""When the test gives up waiting; nothing takes so long."""


@pytest.mark.slow
def test_every_way_is_measured_or_refused() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, str(BENCH / "ring_cost.py"), "--quick"], env=environment, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    rows = {what: rest for what, *rest in cells if what}
    for way in ("ring: a mark", "ring: a return", "copy.deepcopy", "pickle"):
        assert [bool(re.match(r"[\d.e+]+ (ms|s|x)( \[|$)", cell)) for cell in rows[way][1:]] == [True] * 3, done.stdout
    for way in ("copy.deepcopy", "pickle"):
        assert "refused: cannot pickle 'generator'" in rows[f"{way}, with a generator"][1]
    assert all(word not in done.stdout for word in ("copied", "skipped"))
