"""P2 in mid-loop: a future of an asyncio program that begins from a snapshot is the same timeline lived from the start."""

import json
import random
from pathlib import Path

import chat_programs
import pytest
from live_tools import WORLD, start

from crossroads.runners.local import LocalRunner
from crossroads.worlds.targets import parse_target

HERE = Path(__file__).parent
PROGRAMS = 5
BRANCHES = 6

PROGRAM = f"""
import asyncio, json, sys
sys.path.insert(0, {str(HERE)!r})
from chat_programs import live
from crossroads import chance

PROGRAMS = json.load(open(__file__ + ".json"))

def main():
    print("\\n".join(asyncio.run(live(chance("program", PROGRAMS)))))
"""


@pytest.mark.slow
def test_random_timelines_are_the_same_on_both_engines(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    (tmp_path / "program.py.json").write_text(json.dumps([chat_programs.make(number) for number in range(200, 200 + PROGRAMS)]))
    rng = random.Random(1)
    target = parse_target(str(path))
    with LocalRunner(target, WORLD, engine="fork") as runner:
        firsts = [run.timeline for run in runner.run([start(path, number, number) for number in range(PROGRAMS)])]
        branches = [first.branch(rng.randint(2, first.points - 1), rng.getrandbits(64)) for first in firsts for _ in range(BRANCHES)]
        branches += [first.branch(point, option=1) for first in firsts for point in (3, first.points // 2)]
        forked = runner.run(branches)
    with LocalRunner(target, WORLD, engine="replay") as runner:
        replayed = runner.run(branches)
    assert len({run.timeline.digest for run in forked}) > PROGRAMS * BRANCHES / 2
    for one, other in zip(forked, replayed, strict=True):
        assert one.timeline == other.timeline
        assert one.outcome.kind in ("passed", "diverged"), one.outcome
        assert other.output.endswith(one.output)
