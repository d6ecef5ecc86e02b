"""`crossroads live`: a program under a ring that knows of none."""

import subprocess
import sys
from pathlib import Path

import pytest
from ring_tools import DEADLINE_S, environment, run, write

from crossroads.rings.outside import starts_itself

SCRIPT = """
import os, sys
import crossroads

class Lesson:
    pass

if __name__ == "__main__":
    here = crossroads.mark("departure")
    if here.returns < 2:
        crossroads.go_back(here, remember=Lesson())
    print(len(here.memory), sys.argv, __file__, sys.path[0] == os.path.dirname(__file__), type(here.memory[0]) is Lesson)
    raise ValueError("the end")
"""


def test_a_script_runs_as_by_python(tmp_path: Path) -> None:
    path = write(tmp_path, SCRIPT)
    command = [sys.executable, "-m", "crossroads", "live", str(path), "--max-returns", "1", "x y"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.stdout == f"2 {[str(path), '--max-returns', '1', 'x y']} {path} True True\n"
    assert done.returncode == 1
    assert done.stderr.startswith(f'Traceback (most recent call last):\n  File "{path}", line 13, in <module>\n')
    assert done.stderr.endswith("ValueError: the end\n")
    alone = subprocess.run([sys.executable, str(path)], env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert "go_back() works within a ring; put the code into: with crossroads.ring(), or start it with: crossroads live" in alone.stderr


FUNCTIONS = """
import asyncio, sys
import crossroads

def main():
    live("main")

async def later():
    await asyncio.sleep(10_000)
    live("later")

def live(name):
    here = crossroads.mark()
    if not here.returns:
        crossroads.go_back(here)
    print(name, here.returns, sys.argv[1:])
    sys.exit(3)
"""


@pytest.mark.parametrize(("suffix", "name"), [("", "main"), (":main", "main"), (":later", "later")])
def test_functions_are_called(tmp_path: Path, suffix: str, name: str) -> None:
    path = write(tmp_path, FUNCTIONS)
    command = [sys.executable, "-m", "crossroads", "live", f"{path}{suffix}", "a"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"{name} 1 ['a']\n", "", 3)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print(1)", True),
        ("def main(): pass", False),
        ("async def main(): pass", False),
        ("def main(): pass\nmain()", True),
        ("def main(): pass\nasyncio.run(main())", True),
        ("def main(): pass\nif __name__ == '__main__': other()", True),
        ("def main(): pass\ndef other(): main()", False),
        ("def other(): pass\nother()", True),
        ("def main(:", True),
    ],
)
def test_what_starts_itself(tmp_path: Path, source: str, expected: bool) -> None:
    assert starts_itself(str(write(tmp_path, source))) is expected
    assert not starts_itself(f"{tmp_path}/prog.py:main")


def test_options_come_before_the_program(tmp_path: Path) -> None:
    source = """
        import crossroads
        here = crossroads.mark()
        crossroads.go_back(here)
        """
    done = run(tmp_path, source, "--max-returns", "2", live=True)
    assert done.returncode == 1
    assert done.stderr.endswith("RingError: go_back(None) would be return 3 of max_returns=2; give the ring a larger max_returns\n")


def test_a_program_that_isnt_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crossroads", "live", "nowhere.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("crossroads: target='nowhere.py': there is no file 'nowhere.py' in ")


@pytest.mark.parametrize("journal", [False, True])
def test_a_function_that_isnt_there_leaves_no_journal(tmp_path: Path, journal: bool) -> None:
    write(tmp_path, FUNCTIONS)
    options = ["--journal", "kept.jsonl"] if journal else []
    command = [sys.executable, "-m", "crossroads", "live", *options, "prog.py:nowhere"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr == "crossroads: prog.py has no function 'nowhere'; it has: main, later, live\n"
    assert not (tmp_path / "kept.jsonl").exists()


DEAD = """
import crossroads

def main():
    here = crossroads.mark(guard=crossroads.Guard())
    if not here.returns:
        raise ValueError("boom")
    print(here.memory[0].traceback)
"""


def test_the_traceback_of_a_death_begins_in_the_program(tmp_path: Path) -> None:
    path = write(tmp_path, DEAD)
    command = [sys.executable, "-m", "crossroads", "live", str(path)]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.stdout.startswith(f'Traceback (most recent call last):\n  File "{path}", line 7, in main\n'), done.stdout + done.stderr
