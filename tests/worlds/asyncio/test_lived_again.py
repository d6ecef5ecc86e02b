"""P3 on stock asyncio itself: what happened in the world happens there, step by step, once real sockets deliver when the world's did.

The loop is the interpreter's own and the sockets are the kernel's, on the loopback. The script of a life in the world holds back what
hadn't arrived yet, and turns the clock; what the loop then asks of its sockets, which callbacks it runs and in which order, and how the
program ends, is compared with the life in the world. So none of these lives needs an order that stock asyncio couldn't produce.
"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chat_programs
import pytest
import scripted_sockets
from chat_programs import program_of
from reference_loops import ReferenceLoop, numbers_of
from scripted_sockets import Script, ScriptedSelector

from crossroads.runners.local import LocalRunner
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.asyncio.loop import RESOLUTION_S
from crossroads.worlds.targets import parse_target

HERE = Path(__file__).parent
CASES = sorted((HERE.parents[1] / "cases").glob("c[po][yn]*/scenario.py"))
CHATS = 40
SEEDS = 6

WORLD_PROGRAM = f"""
import asyncio, json, random, sys
sys.path.insert(0, {str(HERE)!r})
import witness
from crossroads import chance
from chat_programs import program_of

PROGRAMS = json.load(open(__file__ + ".json"))

def main():
    program = program_of(chance("program", PROGRAMS))
    with asyncio.Runner() as runner:
        story = witness.Recorder(runner.get_loop()).story
        story["end"] = witness.end_of(runner, program())
    path = __file__ + f".{{random.getrandbits(64):016x}}"
    with open(path, "w") as file:
        json.dump(story, file)
    print(path)
"""


def seeds(number: int) -> list[int]:
    return [(number * SEEDS + count) * 0x9E3779B97F4A7C15 % 2**64 for count in range(SEEDS)]


def stories(folder: Path, programs: list[Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Program, seed and story of lives in the world."""
    path = folder / "program.py"
    path.write_text(WORLD_PROGRAM)
    (folder / "program.py.json").write_text(json.dumps(programs))
    world = WorldSettings("asyncio")
    lives = [(number, seed) for number in range(len(programs)) for seed in seeds(number)]
    with LocalRunner(parse_target(str(path)), world) as runner:
        runs = runner.run([Timeline(str(path), (Epoch(0, seed),), (Override(1, number),), world) for number, seed in lives])
    for (number, seed), run in zip(lives, runs, strict=True):
        assert run.outcome.kind == "passed", (run.outcome, run.output)
        yield number, seed, json.loads(Path(run.output.splitlines()[-1]).read_text())


def live_again(program: Any, seed: int, story: dict[str, Any]) -> Script:
    selector = ScriptedSelector(Script(story))
    with numbers_of(seed) as numbers:
        loop = ReferenceLoop(numbers, selector, later_s=3e-13, resolution_s=RESOLUTION_S)
        return scripted_sockets.live_again(loop, program_of(program))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cases", "chats"])
def test_stock_asyncio_lives_the_same(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs: list[Any] = [str(path) for path in CASES] if kind == "cases" else [chat_programs.make(number) for number in range(CHATS)]
    assert len(programs) >= 5
    told = list(stories(tmp_path, programs))
    monkeypatch.setattr(socket, "socket", scripted_sockets.ScriptedSocket)
    resets = ends = 0
    for number, seed, story in told:
        try:
            script = live_again(programs[number], seed, story)
        except AssertionError as error:
            raise AssertionError(f"program {number}, seed {seed}: {error}") from error
        resets += script.resets
        ends += sum(call[0] == "recv" and not call[3] for call in story["calls"])
    assert resets <= ends / 2
