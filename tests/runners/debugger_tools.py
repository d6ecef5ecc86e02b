"""A debugged replay as a user has it: the command in a process of its own, its keys from a pipe or a pseudo terminal."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.timeline.formats import dumps
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

WAIT_S = 60.0


def record(folder: Path, program: str, *, world: str = "plain", seed: int = 1) -> Timeline:
    """Live a program once, and write its timeline to run.json."""
    (folder / "program.py").write_text(program)
    target = str(folder / "program.py")
    settings = WorldSettings(world)
    with LocalRunner(parse_target(target), settings, jobs=1) as runner:
        (run,) = runner.run([Timeline(target + ":main", (Epoch(0, seed),), world=settings)])
    (folder / "run.json").write_text(dumps(run.timeline))
    return run.timeline


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "crossroads", "replay", str(folder / "run.json"), "--pdb", *options]


def debug(folder: Path, keys: list[str], *options: str, code: int = 0) -> list[str]:
    """The lines that the debugger and the program have printed, their prompts left out."""
    done = subprocess.run(
        command(folder, *options), cwd=folder, input="".join(f"{key}\n" for key in keys), capture_output=True, text=True, timeout=WAIT_S
    )
    assert done.returncode == code, done.stdout + done.stderr
    return [re.sub(r"^(\(point \d+\) )+", "", line) for line in done.stdout.splitlines()]


class Terminal:
    """The debugger on a pseudo terminal, read up to each prompt."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command(folder, *options),
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "dumb"},
        )
        os.close(theirs)

    def read(self, until: str) -> str:
        """What is shown up to and with this text."""
        text = ""
        while until not in text:
            assert select.select([self._ours], [], [], WAIT_S)[0], text
            try:
                text += os.read(self._ours, 1).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(text) from None
        return text

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def rest(self) -> str:
        """What is shown up to the end."""
        text = b""
        try:
            while data := os.read(self._ours, 4096):
                text += data
        except OSError:
            pass
        self.process.wait(WAIT_S)
        return text.decode("utf-8", "replace")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
