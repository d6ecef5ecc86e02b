"""Programs under a ring, run in a process of their own: forked from the test, or started as a user would."""

import faulthandler
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crossroads

DEADLINE_S = 60
"""When a test gives up waiting; nothing takes so long."""

SOURCE = str(Path(crossroads.__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a forked program has ended: its exit code (negative for a signal), its output, and what it has put down in any life."""

    code: int
    output: str
    log: tuple[str, ...]


class Log:
    """Notes that don't go back with a life."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, *words: object) -> None:
        os.write(self._file, (" ".join(str(word) for word in words) + "\n").encode())


def fork_and_run(folder: Path, program: Callable[[Log], object]) -> Ended:
    """Run a function in a fork of this process, to the end of its last life, which is one by `os._exit`."""
    output, notes = folder / "output", folder / "log"
    for path in (output, notes):
        path.write_text("")
    with warnings.catch_warnings():
        # pytest-xdist has threads, none of which are in the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        code = 70
        try:
            # pytest has its own on, which the ring would leave alone.
            faulthandler.disable()
            file = os.open(output, os.O_WRONLY | os.O_TRUNC)
            for number in (1, 2):
                os.dup2(file, number)
            sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115
            program(Log(notes))
            sys.stdout.flush()
            code = 0
        except BaseException as error:
            os.write(1, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), output.read_text(), tuple(notes.read_text().splitlines()))


def write(folder: Path, source: str) -> Path:
    """A program in a file."""
    path = folder / "prog.py"
    path.write_text(textwrap.dedent(source))
    return path


def environment(folder: Path) -> dict[str, str]:
    """Of a program: our package on the path, temporary files where they can be counted."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "PYTHONPATH": SOURCE, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": ""}


class Started(subprocess.Popen):  # type: ignore[type-arg]
    """A program that doesn't outlive a test that fails."""

    def __exit__(self, kind: Any, *details: Any) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *details)


def start(folder: Path, source: str, *options: str, live: bool = False, **settings: object) -> Started:
    """Start a program as a user would: by python, or by `crossroads live` with options."""
    path = write(folder, source)
    command = ["-m", "crossroads", "live", *options, str(path)] if live else [str(path), *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    return Started(  # type: ignore[call-overload]
        [sys.executable, *command], cwd=folder, env=environment(folder), text=True, start_new_session=True, **pipes
    )


def run(folder: Path, source: str, *options: str, live: bool = False, text: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    with start(folder, source, *options, live=live) as process:
        stdout, stderr = process.communicate(text, timeout=DEADLINE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def wait_for_ends(pids: list[int]) -> list[int]:
    """Wait until these processes have ended; those that have not."""
    deadline = time.monotonic() + DEADLINE_S
    left = []
    for pid in pids:
        try:
            ending = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(ending, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            left.append(pid)
        os.close(ending)
    return left


def real_pid() -> int:
    """The process id that the system knows, whatever the ring shows."""
    return int(os.readlink("/proc/self"))


def living_children(pid: int) -> list[int]:
    """Of a process, as far as they haven't ended; one that has may not have been waited for yet."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"]


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """From a test, where nothing is patched."""
    os.kill(pid, number)
