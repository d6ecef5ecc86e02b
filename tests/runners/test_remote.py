"""An editor's debugger: it attaches through debugpy, and the run stops at the point in the program's frame."""

import fcntl
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from debugger_tools import WAIT_S, record

import crossroads
from crossroads.errors import MissingPackage
from crossroads.timeline.timelines import Epoch, Timeline

PROGRAM = """
from crossroads import mark

def main():
    total = 0
    for step in range(1, 8):
        mark("step")
        total += step
    assert total < 0, "never"
"""


EVENING = """
import asyncio
import time

async def guest(name, table):
    for course in range(3):
        await asyncio.sleep(0.01)
        table.append((name, course, time.time()))

async def main():
    table = []
    async with asyncio.timeout(9) as limit:
        await asyncio.gather(*(guest(name, table) for name in "abc"))
    assert not table, table
"""


class Editor:
    """As much of the debug adapter protocol as an editor needs to attach and look."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._channel = socket.create_connection(address, WAIT_S)
        self._file = self._channel.makefile("rb")
        self._number = 0
        self._early: list[dict[str, Any]] = []

    def ask(self, command: str, **arguments: Any) -> None:
        self._number += 1
        body = json.dumps({"seq": self._number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._channel.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def wait(self, kind: str, name: str) -> dict[str, Any]:
        """The event of this name, or the response to this command."""
        while True:
            found = next((m for m in self._early if m["type"] == kind and m.get("event", m.get("command")) == name), None)
            if found is not None:
                self._early.remove(found)
                return found
            size = 0
            while line := self._file.readline().strip():
                size = int(line.rpartition(b":")[2])
            assert size, "the debugger has ended"
            self._early.append(json.loads(self._file.read(size)))

    def close(self) -> None:
        self._file.close()
        self._channel.close()

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        """What the debugger says to a command."""
        self.ask(command, **arguments)
        body: dict[str, Any] = self.wait("response", command)["body"]
        return body

    def attach(self, file: Path, breakpoints: list[int]) -> None:
        """Begin, with breakpoints at these lines."""
        self.ask("initialize", adapterID="test", pathFormat="path")
        self.ask("attach", justMyCode=True)
        self.wait("event", "initialized")
        lines = [{"line": line} for line in breakpoints]
        assert all(one["verified"] for one in self.answer("setBreakpoints", source={"path": str(file)}, breakpoints=lines)["breakpoints"])
        self.ask("configurationDone")

    def stopped(self) -> tuple[int, dict[str, Any]]:
        """The thread that has stopped, and its innermost frame."""
        thread = int(self.wait("event", "stopped")["body"]["threadId"])
        frame: dict[str, Any] = self.answer("stackTrace", threadId=thread)["stackFrames"][0]
        return thread, frame

    def variables(self, frame: dict[str, Any]) -> dict[str, str]:
        """Names and values in a frame, each value opened once as an editor does."""
        (scope, *_) = self.answer("scopes", frameId=frame["id"])["scopes"]
        found = self.answer("variables", variablesReference=scope["variablesReference"])["variables"]
        for one in found:
            if one["variablesReference"]:
                self.answer("variables", variablesReference=one["variablesReference"])
        return {one["name"]: one["value"] for one in found}

    def to_the_end(self, thread: int) -> None:
        """Go on, whatever is met."""
        self.ask("continue", threadId=thread)
        self.wait("event", "terminated")
        self.close()


@contextmanager
def replayed(folder: Path, *options: str) -> Iterator[tuple[Editor, "subprocess.Popen[str]"]]:
    """A replay that an editor has connected with."""
    pytest.importorskip("debugpy")
    # Editors look at one port alone: another process of these tests waits.
    turn = (Path(tempfile.gettempdir()) / "crossroads-test-remote.lock").open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)
    command = [sys.executable, "-m", "crossroads", "replay", str(folder / "run.json"), "--debugpy", *options]
    with turn, subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "Waiting for a debugger" not in (line := process.stderr.readline()):
            assert line, "it has ended"
        yield Editor(("127.0.0.1", int(line.rstrip(".\n").rpartition(":")[2]))), process


@pytest.mark.slow
def test_an_editor_attaches_and_lands_at_the_point(tmp_path: Path) -> None:
    record(tmp_path, PROGRAM)
    with replayed(tmp_path, "--to", "4") as (editor, process):
        editor.attach(tmp_path / "program.py", [])
        thread, top = editor.stopped()
        assert top["source"]["path"] == str(tmp_path / "program.py")
        assert editor.answer("evaluate", expression="(step, total)", frameId=top["id"], context="repl")["result"] == "(4, 6)"
        editor.to_the_end(thread)
        said, _ = process.communicate(timeout=WAIT_S)
    assert "The same run again" in said


@pytest.mark.slow
def test_an_async_program_stays_the_same_however_it_is_looked_at(tmp_path: Path) -> None:
    """Debugpy's threads, clocks and sockets are the system's, and what an editor asks for takes none of the world's time."""
    record(tmp_path, EVENING, world="asyncio")
    with replayed(tmp_path) as (editor, process):
        editor.attach(tmp_path / "program.py", [8])
        names = []
        for stop in range(9):
            thread, top = editor.stopped()
            names.append(editor.variables(top)["name"])
            editor.answer("evaluate", expression="asyncio.get_running_loop().time()", frameId=top["id"], context="watch")
            if stop == 4:
                editor.ask("next", threadId=thread)
                thread, top = editor.stopped()
                assert top["name"] == "guest"
            if stop < 8:
                editor.ask("continue", threadId=thread)
        editor.to_the_end(thread)
        said, _ = process.communicate(timeout=WAIT_S)
    assert sorted(names) == sorted(["'a'", "'b'", "'c'"] * 3)
    assert "The same run again" in said


def test_without_debugpy_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossroads.analysis.replay.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match="pip install debugpy"):
        crossroads.replay(Timeline("program.py:main", (Epoch(0, 1),)), debugpy=True)
