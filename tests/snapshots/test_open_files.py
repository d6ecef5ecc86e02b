"""A file that is open at a snapshot stands where it stood then, in every future that begins there."""

import sys
from pathlib import Path

import pytest

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

STEPS = 40

PROGRAM = f"""
import tempfile
from crossroads import mark

def main():
    with tempfile.TemporaryFile(buffering=0) as file:
        for step in range({STEPS}):
            mark(step)
            file.write(b"x")
            assert file.tell() == step + 1
"""


def test_whoever_walks_on_moves_nothing_for_those_behind(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    target, world = parse_target(str(tmp_path / "program.py")), WorldSettings("plain")
    begun = [(Epoch(0, 1), Epoch(point, seed)) for point in range(1, STEPS) for seed in range(3)]
    with LocalRunner(target, world, engine="fork", jobs=1) as runner:
        runs = runner.run([Timeline(str(target), epochs, world=world) for epochs in begun])
    assert {run.outcome.kind for run in runs} == {"passed"}
