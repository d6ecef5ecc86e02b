"""Line 7: seen from outside, it was one program: its exit code, signals, output, input and terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from ring_tools import DEADLINE_S, environment, kill, run, start, wait_for_ends, write

RETURNS_ONCE = """
import crossroads, os, signal, sys
with crossroads.ring():
    print("before", flush=True)
    here = crossroads.mark()
    print("life", here.returns)
    print("trouble", here.returns, file=sys.stderr)
    if not here.returns:
        crossroads.go_back(here)
    {end}
print("after")
"""


@pytest.mark.parametrize(
    ("end", "code", "last"),
    [
        ("pass", 0, "after\n"),
        ("sys.exit(7)", 7, ""),
        ("os._exit(8)", 8, ""),
        ("raise ValueError", 1, ""),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV, ""),
    ],
)
def test_exit_codes_and_output(tmp_path: Path, end: str, code: int, last: str) -> None:
    done = run(tmp_path, RETURNS_ONCE.format(end=f"sys.stdout.flush(); {end}"))
    assert done.returncode == code
    assert done.stdout == f"before\nlife 1\n{last}"
    assert done.stderr.startswith("trouble 1\n")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_both_streams_in_one_stay_in_order(tmp_path: Path) -> None:
    source = """
        import crossroads, sys
        with crossroads.ring():
            for number in range(3):
                here = crossroads.mark()
                print("out", number, here.returns, flush=True)
                print("err", number, here.returns, file=sys.stderr)
                if here.returns < 1:
                    crossroads.go_back(here)
        """
    with start(tmp_path, source, stderr=subprocess.STDOUT) as process:
        stdout, _ = process.communicate(timeout=DEADLINE_S)
    assert stdout == "".join(f"out {number} 1\nerr {number} 1\n" for number in range(3))


def test_output_is_shown_as_soon_as_it_is_certain(tmp_path: Path) -> None:
    source = """
        import crossroads, sys
        with crossroads.ring(max_marks=1):
            crossroads.mark(1)
            print("certain", flush=True)
            crossroads.mark(2)
            sys.stdin.read()
            print("later")
        """
    with start(tmp_path, source) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "certain\n"
        stdout, _ = process.communicate("", timeout=DEADLINE_S)
    assert stdout == "later\n"


def test_discarded_lives_are_shown_dimmed(tmp_path: Path) -> None:
    source = """
        import crossroads
        outer = crossroads.mark()
        print("day", outer.returns)
        inner = crossroads.mark()
        print("night", inner.returns)
        if not inner.returns:
            crossroads.go_back(inner)
        if not outer.returns:
            print("half a line", end="")
            crossroads.go_back(outer)
        """
    done = run(tmp_path, source, "--show-lives", live=True)
    dim = ["day 0", "night 0", "night 1", "half a line", "night 0"]
    shown = [f"\x1b[2m{line}\x1b[0m" for line in dim]
    assert done.stdout.splitlines() == [*shown[:4], "day 1", shown[4], "night 1"]
    assert run(tmp_path, source, live=True).stdout == "day 1\nnight 1\n"
    both = ["day 0", "night 0", "night 1", "half a lineday 1", "night 0", "night 1"]
    done = run(tmp_path, source, "--output", "live", live=True)
    assert (done.returncode, done.stdout.splitlines()) == (0, both)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_sent_to_the_program_reach_the_living_life(tmp_path: Path, number: signal.Signals) -> None:
    source = f"""
        import crossroads, signal
        signal.signal({int(number)}, lambda number, frame: heard.append(number))
        heard = []
        with crossroads.ring(output="live"):
            here = crossroads.mark(guard=crossroads.Guard())
            crossroads.mark()
            if here.returns < 1:
                crossroads.go_back(here)
            print("ready", flush=True)
            while not heard:
                pass
            print("heard", heard)
        """
    with start(tmp_path, source) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        stdout, _ = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, stdout) == (0, f"heard [{int(number)}]\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_told_to_end_isnt_brought_home(tmp_path: Path, number: signal.Signals) -> None:
    source = """
        import crossroads, signal
        with crossroads.ring(output="live"):
            crossroads.mark(guard=crossroads.Guard())
            print("ready", flush=True)
            while True:
                pass
        """
    with start(tmp_path, source) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == -number


@pytest.mark.slow
@pytest.mark.parametrize("where", ["mark", "return"])
def test_a_signal_between_two_lives_waits_for_the_next(tmp_path: Path, where: str) -> None:
    """Most of this program's time is spent between lives."""
    source = f"""
        import crossroads
        with crossroads.ring(output="live", max_returns=10**9, max_marks=2):
            here = crossroads.mark("start")
            if not here.returns:
                print("ready", flush=True)
            if {where == "return"}:
                crossroads.go_back(here)
            while True:
                crossroads.mark()
        """
    for _ in range(4):
        with start(tmp_path, source) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=DEADLINE_S)
        assert process.returncode == -signal.SIGTERM


def test_the_interrupt_key_reaches_the_life_once(tmp_path: Path) -> None:
    """On a terminal the whole group gets the signal: snapshots ignore it, the face doesn't pass it on."""
    path = write(
        tmp_path,
        """
        import crossroads, os, signal, sys
        with crossroads.ring():
            here = crossroads.mark(guard=crossroads.Guard())
            print("terminal", sys.stdin.isatty(), sys.stdout.isatty(), here.returns)
            if not here.returns:
                crossroads.go_back(here)
            print("name?", flush=True)
            print("hello", input())
            # Python may miss, until it ends, an interrupt at the very beginning of a read.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            print("ready", flush=True)
            print("interrupted", signal.sigwait([signal.SIGINT]), flush=True)
            sys.stdin.readline()
            print("more", len(signal.sigpending()))
        """,
    )
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, str(path)], environment(tmp_path))
    shown = ""

    def read_until(text: str) -> None:
        nonlocal shown
        while text not in shown:
            assert select.select([terminal], [], [], DEADLINE_S)[0], shown
            shown += os.read(terminal, 1000).decode()

    # Else the terminal drops, at the interrupt key, what is printed at that very moment.
    settings = termios.tcgetattr(terminal)
    settings[3] |= termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, settings)
    read_until("name?")
    assert "terminal True True 0\r\nterminal True True 1\r\n" in shown
    os.write(terminal, b"traveller\n")
    read_until("hello traveller\r\nready")
    os.write(terminal, b"\x03")
    read_until("interrupted 2")
    os.write(terminal, b"\n")
    read_until("more 0")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def test_a_shell_sees_the_whole(tmp_path: Path) -> None:
    path = write(tmp_path, RETURNS_ONCE.format(end="sys.exit(4)"))
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} {path} 2>/dev/null | cat; echo ${{PIPESTATUS[0]}}"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert done.stdout == "before\nlife 1\n4\n"


HIERARCHY = """
import crossroads, os, signal
pids = []
with crossroads.ring(output="live", max_marks=5):
    for number in range({given_up}):
        crossroads.mark("given up")
    pids.append(int(os.readlink("/proc/self")))
    for number in range(3):
        here = crossroads.mark(number)
        if number == 1 and not here.returns:
            crossroads.go_back(here)
        pids.append(int(os.readlink("/proc/self")))
    print("held", flush=True)
    print(*[os.getpid(), *pids], flush=True)
    signal.pause()
"""


@pytest.mark.slow
@pytest.mark.parametrize("given_up", [0, 4])
@pytest.mark.parametrize("which", range(5))
def test_nothing_is_left_when_any_process_is_killed(tmp_path: Path, which: int, given_up: int) -> None:
    with start(tmp_path, HIERARCHY.format(given_up=given_up)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids[0] == process.pid
        assert len(set(pids)) == 5
        kill(pids[which])
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == -signal.SIGKILL
    assert wait_for_ends(pids) == []
    assert list((tmp_path / "temporary").iterdir()) == []
