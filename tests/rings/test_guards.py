"""Line 3: a life that dies at any line, in any way, is brought home, with how and where in the memory."""

import signal
import sys
from pathlib import Path

import pytest
from ring_tools import Log, fork_and_run, run

import crossroads

LINES = 5

WAYS = {
    "SIGSEGV": ("os.kill(os.getpid(), signal.SIGSEGV)", "crash", "killed by SIGSEGV"),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", "crash", "killed by SIGKILL"),
    "SIGTERM by itself": ("os.kill(os.getpid(), signal.SIGTERM)", "crash", "killed by SIGTERM"),
    "os._exit": ("os._exit(0)", "crash", "exit code 0, without the interpreter's own end"),
    "abort": ("os.abort()", "crash", "killed by SIGABRT"),
    "real fault": ("faulthandler._sigsegv()", "crash", "killed by SIGSEGV"),
    "exception": ("raise ValueError(here.returns)", "exception", "ValueError: {}"),
    "unprintable": ("raise Unprintable", "exception", "hostile.Unprintable: <its text can't be had: SystemError>"),
    "recursion": ("endless()", "exception", "RecursionError: maximum recursion depth exceeded"),
    "memory": ("bytearray(10 ** 11)", "memory", "MemoryError"),
}

HOSTILE = """
import faulthandler, os, signal
import crossroads

class Unprintable(Exception):
    def __str__(self):
        raise SystemError

def endless():
    endless()

def live(here):
{body}

def main(log):
    with crossroads.ring():
        here = crossroads.mark("line", guard=crossroads.Guard(memory="1GB"))
        live(here)
        for death in here.memory:
            log(death.how, "|", death.what, "|", death.where, "|", bool(death.traceback), "|", repr(death.output))
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_life_that_dies_at_every_line_in_turn(tmp_path: Path, way: str) -> None:
    act, how, what = WAYS[way]
    body = "\n".join(f"    print('line', {line})\n    if here.returns == {line}: {act}" for line in range(LINES))
    path = tmp_path / "hostile.py"
    path.write_text(HOSTILE.format(body=body))
    names: dict[str, object] = {"__name__": "hostile"}
    exec(compile(path.read_text(), str(path), "exec"), names)

    def program(log: Log) -> None:
        names["main"](log)  # type: ignore[operator]

    ended = fork_and_run(tmp_path, program)
    assert ended.code == 0, ended.output
    assert ended.output == "".join(f"line {line}\n" for line in range(LINES))
    first = HOSTILE.format(body="    # here").splitlines().index("    # here") + 2
    for line, note in enumerate(ended.log):
        found_how, found_what, where, traceback, output = note.split(" | ")
        assert found_how == how
        assert found_what.startswith(what.format(line))
        if way not in ("SIGKILL", "SIGTERM by itself", "os._exit"):
            assert traceback == "True"
            assert where in (f"{path}:{first + 2 * line} in live", f"{path}:10 in endless")
        assert output == repr("".join(f"line {before}\n" for before in range(line + 1)))
    assert len(ended.log) == LINES


@pytest.mark.slow
def test_a_life_that_falls_silent_is_brought_home(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring():
            here = crossroads.mark(guard=crossroads.Guard(wall=0.3))
            crossroads.mark()
            while not here.returns:
                pass
            death = here.memory[0]
            log(death.how, death.what, "test_guards.py" in death.where, "Aborted" in death.traceback)

    assert fork_and_run(tmp_path, program).log == ("hang gave no sign of life for 0.3 s True True",)


def test_a_nearer_guard_comes_first_and_a_mark_without_one_changes_nothing(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring():
            outer = crossroads.mark(guard=crossroads.Guard())
            inner = crossroads.mark(guard=crossroads.Guard(on="exception"))
            crossroads.mark()
            log(len(outer.memory), len(inner.memory))
            if not inner.returns:
                raise ValueError
            if not outer.returns:
                signal.raise_signal(signal.SIGKILL)

    assert fork_and_run(tmp_path, program).log == ("0 0", "0 1", "1 0", "1 1")


def test_a_death_in_the_middle_of_a_return_doesnt_count(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring():
            outer = crossroads.mark()
            crossroads.mark(guard=crossroads.Guard())
            if outer.returns < 20:
                crossroads.go_back(outer, outer.returns)
            log(outer.memory == tuple(range(20)))

    assert fork_and_run(tmp_path, program).log == ("True",)


def test_without_a_guard_a_death_is_that_of_the_program(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring():
            crossroads.mark()
            crossroads.mark(guard=crossroads.Guard(on=["hang"]))
            print("last words", flush=True)
            signal.raise_signal(signal.SIGKILL)

    ended = fork_and_run(tmp_path, program)
    assert (ended.code, ended.output) == (-signal.SIGKILL, "last words\n")


@pytest.mark.parametrize(("leave", "code"), [("sys.exit(3)", 3), ("raise KeyboardInterrupt", -signal.SIGINT)])
def test_a_life_that_leaves_is_not_brought_back(tmp_path: Path, leave: str, code: int) -> None:
    source = f"""
        import crossroads, sys
        with crossroads.ring():
            crossroads.mark(guard=crossroads.Guard())
            {leave}
        """
    assert run(tmp_path, source).returncode == code


@pytest.mark.parametrize(("die", "code", "said"), [("os._exit(5)", 5, "is not brought home, as max_returns=3"), ("1 / 0", 1, "division")])
def test_a_guard_keeps_to_max_returns(tmp_path: Path, die: str, code: int, said: str) -> None:
    source = f"""
        import crossroads, os
        with crossroads.ring(max_returns=3):
            here = crossroads.mark(guard=crossroads.Guard())
            print(here.returns, flush=True)
            {die}
        """
    done = run(tmp_path, source)
    assert (done.returncode, done.stdout) == (code, "3\n")
    assert said in done.stderr


def test_an_exception_that_leaves_an_inner_ring_is_brought_home_from_there(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring():
            outer = crossroads.mark(guard=crossroads.Guard())
            try:
                with crossroads.ring():
                    raise ValueError("nobody is watching in there")
            except ValueError:
                log("caught", outer.returns)
            try:
                with crossroads.ring():
                    here = crossroads.mark(guard=crossroads.Guard())
                    if not here.returns:
                        raise ValueError("somebody is")
                    log("home", here.memory[0].what)
            except ValueError:
                log("not here")

    assert fork_and_run(tmp_path, program).log == ("caught 0", "home ValueError: somebody is")


def test_the_last_lines_of_a_life_are_its_own(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with crossroads.ring(show_lives=True, companions=()):
            here = crossroads.mark(guard=crossroads.Guard())
            print("life", here.returns)
            if here.returns < 2:
                signal.raise_signal(signal.SIGKILL)
            if here.returns < 4:
                raise ValueError
            log([death.output for death in here.memory])

    assert fork_and_run(tmp_path, program).log == (str([f"life {life}\n" for life in range(4)]),)


def test_limits_of_a_guard_end_with_its_ring(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        import resource

        before = resource.getrlimit(resource.RLIMIT_DATA), sys.stdout.line_buffering  # type: ignore[attr-defined]
        with crossroads.ring():
            crossroads.mark(guard=crossroads.Guard(memory="1GB"))
            inner = crossroads.mark()
            log(resource.getrlimit(resource.RLIMIT_DATA)[0])
            if not inner.returns:
                crossroads.go_back(inner)
        log((resource.getrlimit(resource.RLIMIT_DATA), sys.stdout.line_buffering) == before)  # type: ignore[attr-defined]

    assert fork_and_run(tmp_path, program).log == ("1000000000", "1000000000", "True")


INVOICE = """
    import os, sys
    import crossroads

    with crossroads.ring():
        here = crossroads.mark("morning", guard=crossroads.Guard(force=sys.argv[2] == "forced"))
        if not here.returns:
            with crossroads.irreversible("send invoice"):
                pass
            if sys.argv[1] == "die":
                os._exit(3)
            raise ValueError("too late")
        print("home", len(here.memory), *(finding.subject for finding in here.landing))
"""


@pytest.mark.parametrize("way", ["die", "raise"])
def test_nobody_is_brought_home_past_what_cant_be_taken_back(tmp_path: Path, way: str) -> None:
    done = run(tmp_path, INVOICE, way, "unforced")
    assert done.returncode == (3 if way == "die" else 1)
    assert ('"send invoice" done, which can\'t be taken back' in done.stderr) == (way == "die")
    assert ("ValueError: too late" in done.stderr) == (way == "raise")
    forced = run(tmp_path, INVOICE, way, "forced")
    assert (forced.returncode, forced.stdout) == (0, "home 1 send invoice\n"), forced.stderr
