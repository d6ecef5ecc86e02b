"""The debugger of a replay: where it lands, how it goes back and forth, what it tells, and what it leaves behind: nothing."""

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from debugger_tools import WAIT_S, Terminal, debug, record

from crossroads.runners.traveller import snapshots_on_the_way

pytestmark = pytest.mark.slow

WALK = """
import random
from crossroads import decide, mark

def main():
    total = 0
    for step in range(1, 13):
        mark("step")
        total += step
        print("total", total)
    decide("last", ["only"])
    assert random.random() < 0, "never"
"""

NETWORK = """
import asyncio

heard = []

async def serve(reader, writer):
    heard.append((await reader.readline()).decode().strip())
    writer.write(b"ok\\n")
    writer.close()

async def call(name):
    reader, writer = await asyncio.open_connection("127.0.0.1", 7000)
    writer.write(f"{name}\\n".encode())
    await reader.readline()
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 7000)
    await asyncio.gather(*(call(name) for name in "abc"))
    assert not heard, heard
"""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walk")
    assert record(folder, WALK).points == 14
    return folder


@pytest.fixture
def terminals(walk: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def started_for(folder: Path) -> list[int]:
    """Processes that live a program of this folder: they have it as their working directory."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(name) != os.getpid() and os.readlink(f"/proc/{name}/cwd") == str(folder):
                found.append(int(name))
        except OSError:
            pass
    return found


def wait_for(ending: int) -> None:
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    assert poll.poll(WAIT_S * 1000)
    os.close(ending)


def test_it_lands_at_the_point_before_anything_that_follows(walk: Path) -> None:
    said = debug(walk, ["p total, step", "q"], "--to", "5")
    assert said[:4] == ["total 1", "total 3", "total 6", "total 10"]
    assert said[4:8] == ["point 5 of 14, mark 'step'", f"> {walk}/program.py(8)main()", '-> mark("step")', "(10, 5)"]
    assert 'Stopped at point 5, mark "step"' in said[8]


def test_it_lands_before_a_choice_is_made_and_steps_on_from_there(walk: Path) -> None:
    said = debug(walk, ["n", "p total", "q"], "--to", "13")
    assert said[12:15] == ["point 13 of 14, decide 'last'", f"> {walk}/program.py(11)main()", '-> decide("last", ["only"])']
    assert said[15:18] == [f"> {walk}/program.py(12)main()", '-> assert random.random() < 0, "never"', "78"]


def test_it_goes_back_and_forth_and_prints_nothing_twice(walk: Path) -> None:
    said = debug(walk, ["back 3", "p total", "forward", "p total", "goto 1", "p total", "goto 9", "p total", "q"], "--to", "6")
    assert [line for line in said if line.startswith("point")] == [f"point {point} of 14, mark 'step'" for point in (6, 3, 4, 1, 9)]
    assert [line for line in said if line.isdigit()] == ["3", "6", "0", "36"]
    assert [line for line in said if line.startswith("total")] == [f"total {n * (n + 1) // 2}" for n in range(1, 9)]


def test_what_is_watched_goes_along(walk: Path) -> None:
    said = debug(walk, ["watch total", "goto 2", "unwatch step", "unwatch total", "back", "watch 1 +", "watch gone", "q"], "--to", "4")
    assert [line for line in said if line.startswith("total =")] == ["total = 6", "total = 1"]
    assert "*** unwatch: 'step' isn't watched; watched are: total" in said
    assert any(line.startswith("*** watch: '1 +' isn't an expression") for line in said)
    assert "gone = *** NameError: name 'gone' is not defined" in said


def test_an_expression_given_on_the_command_line_is_watched(walk: Path) -> None:
    assert "total = 6" in debug(walk, ["q"], "--to", "4", "--watch", "total")


def test_futures_are_counted_with_their_interval(walk: Path) -> None:
    said = debug(walk, ["futures 20", "futures 10", "futures 0", "futures x", "q"], "--to", "4")
    assert "20 of 20 futures from point 4 end in this failure: 100.0 % [77.6-100.0]" in said
    assert any(line.startswith("30 of 30 futures from point 4") and line.endswith("; 20 of them asked for before") for line in said)
    assert "*** futures: 0 must be from 1 to 100,000" in said
    assert "*** 'x' must be a whole number" in said


def test_without_a_point_it_opens_where_the_run_fails_and_goes_back_from_there(walk: Path) -> None:
    said = debug(walk, ["p total", "futures", "back", "forward", "c"], code=1)
    assert said[12:16] == [
        "AssertionError: never",
        "point 14 of 14, the end",
        f"> {walk}/program.py(12)main()",
        '-> assert random.random() < 0, "never"',
    ]
    assert "*** futures: the run has ended here, and nothing can follow; go back first" in said
    assert "point 13 of 14, decide 'last'" in said
    assert said.count("AssertionError: never") == 2
    assert said[-1].startswith("The same run again, 14 points")


def test_a_point_that_isnt_there_is_refused(walk: Path) -> None:
    said = debug(walk, ["goto 15", "back 5", "goto", "run", "q"], "--to", "4")
    assert "*** point 15 doesn't exist: the points of this run are 0 to 14" in said
    assert "*** point -1 doesn't exist: the start is point 0, and this is point 4" in said
    assert "*** '' must be a whole number" in said


def test_breakpoints_hold_in_other_lives_and_not_on_the_way_there(walk: Path) -> None:
    said = debug(walk, ["b program.py:10, step == 5", "goto 2", "c", "p step, total", "back", "q"], "--to", "8")
    assert "(5, 15)" in said
    assert [line for line in said if line.startswith("point")][-1] == "point 4 of 14, mark 'step'"


def test_the_end_of_the_input_ends_it(walk: Path) -> None:
    assert "Stopped at point 4" in debug(walk, [], "--to", "4")[-1]
    assert not started_for(walk)


def test_it_lands_in_a_task_that_waits(tmp_path: Path) -> None:
    record(tmp_path, NETWORK, world="asyncio")
    said = debug(tmp_path, ["p name", "n", "forward 4", "p heard", "futures 10", "goto 3", "goto 20", "p heard", "q"], "--to", "3")
    assert said[0].startswith("point 3 of ")
    assert said[1:4] == [
        f"> {tmp_path}/program.py(12)call()",
        '-> reader, writer = await asyncio.open_connection("127.0.0.1", 7000)',
        "'a'",
    ]
    assert any(line.startswith("10 of 10 futures from point ") for line in said)
    assert any(line.startswith("['") for line in said), said


def test_a_life_with_threads_is_lived_again_from_the_start(tmp_path: Path) -> None:
    threads = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    record(tmp_path, threads + WALK)
    said = debug(tmp_path, ["back 3", "p total", "q"], "--to", "6")
    assert said[-2] == "3"


def test_a_life_that_dies_is_told_of(tmp_path: Path) -> None:
    record(tmp_path, WALK.replace("assert random", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n    assert random"))
    debug(tmp_path, ["c"], "--to", "4", code=1)
    assert not started_for(tmp_path)


def test_on_a_terminal_it_reads_keys_and_leaves_nothing_behind(walk: Path, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(walk, "--to", "6"))
    terminal.read("(point 6) ")
    for line, prompt in (("back 2", "(point 4) "), ("goto 9", "(point 9) "), ("back", "(point 8) ")):
        terminal.type(line)
        terminal.read(prompt)
    terminal.type("p 'total', total")
    assert "('total', 28)" in terminal.read("(point 8) ")
    terminal.type("q")
    assert "Stopped at point 8" in terminal.rest()
    assert terminal.process.returncode == 0
    assert not started_for(walk)


def test_ctrl_c_at_the_prompt_ends_nothing_and_wakes_nobody(walk: Path, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(walk, "--to", "6"))
    terminal.read("(point 6) ")
    os.killpg(terminal.process.pid, signal.SIGINT)
    # Python may see a signal that came just before it began to wait for keys only with the next key.
    terminal.type("")
    terminal.read("--KeyboardInterrupt--")
    terminal.type("back 2")
    terminal.read("point 4 of 14")
    terminal.type("q")
    assert "Stopped at point 4" in terminal.rest()


def test_all_of_it_ends_with_the_command(walk: Path, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(walk, "--to", "6"))
    terminal.read("(point 6) ")
    living = [os.pidfd_open(pid) for pid in started_for(walk)]
    assert len(living) > 4
    terminal.process.kill()
    for ending in living:
        wait_for(ending)
    terminal.process.wait()
    assert not started_for(walk)


def test_a_way_is_halved_again_and_again_towards_its_end() -> None:
    assert sorted(snapshots_on_the_way(-1, 20)) == [0, 4, 12, 16, 18, 19, 20]
    assert sorted(snapshots_on_the_way(16, 20)) == [18, 19, 20]
    assert sorted(snapshots_on_the_way(-1, None)) == [0]
    assert len(list(snapshots_on_the_way(-1, 10_000_000))) == 26
