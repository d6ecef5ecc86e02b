"""Programs with a journal: started, killed, woken."""

import shutil
import subprocess
import sys
from pathlib import Path

from ring_tools import DEADLINE_S, environment, write

Done = subprocess.CompletedProcess[str]

TICK = """
import os, signal
def tick():
    file = os.open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ticks"), os.O_RDWR | os.O_CREAT | os.O_APPEND)
    os.write(file, b".")
    if os.fstat(file).st_size == int(os.environ.get("KILL_AT", "0")):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.close(file)
"""
"""A function that kills the whole of its program, by nothing that it could notice, when it has been called so often in all lives."""


def command(folder: Path, *arguments: str, **variables: str) -> Done:
    """`crossroads` with these arguments, in a session of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "crossroads", *arguments],
        cwd=folder,
        env={**environment(folder), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def live(folder: Path, source: str, *options: str, **variables: str) -> Done:
    """Live a program with the journal "journal"."""
    (folder / "ticker.py").write_text(TICK)
    path = write(folder, source)
    return command(folder, "live", "--journal", "journal", *options, path.name, **variables)


def wake(folder: Path, *options: str, **variables: str) -> Done:
    """Wake it."""
    return command(folder, "wake", "journal", *options, **variables)


def cut(folder: Path, source: Path, size: int) -> Path:
    """A copy of a program's folder in which the journal has only so many bytes."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    for path in source.glob("*.py"):
        shutil.copy(path, folder)
    (folder / "journal").write_bytes((source / "journal").read_bytes()[:size])
    return folder


def lines_of(folder: Path) -> list[bytes]:
    """The journal's, each with its end."""
    return (folder / "journal").read_bytes().splitlines(keepends=True)
