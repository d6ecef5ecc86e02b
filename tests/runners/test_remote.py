"""An editor's debugger: it attaches through debugpy, and the run stops at the point in the program's frame."""

import json
import socket
import subprocess
import sys
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


@pytest.mark.slow
def test_an_editor_attaches_and_lands_at_the_point(tmp_path: Path) -> None:
    pytest.importorskip("debugpy")
    record(tmp_path, PROGRAM)
    command = [sys.executable, "-m", "crossroads", "replay", str(tmp_path / "run.json"), "--debugpy", "--to", "4"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "Waiting for a debugger" not in (line := process.stderr.readline()):
            assert line, "it has ended"
        editor = Editor(("127.0.0.1", int(line.rstrip(".\n").rpartition(":")[2])))
        editor.ask("initialize", adapterID="test", pathFormat="path")
        editor.ask("attach", justMyCode=True)
        editor.wait("event", "initialized")
        editor.ask("configurationDone")
        thread = editor.wait("event", "stopped")["body"]["threadId"]
        editor.ask("stackTrace", threadId=thread)
        top = editor.wait("response", "stackTrace")["body"]["stackFrames"][0]
        assert top["source"]["path"] == str(tmp_path / "program.py")
        editor.ask("evaluate", expression="(step, total)", frameId=top["id"], context="repl")
        assert editor.wait("response", "evaluate")["body"]["result"] == "(4, 6)"
        editor.ask("continue", threadId=thread)
        editor.wait("event", "terminated")
        editor.close()
        said, _ = process.communicate(timeout=WAIT_S)
    assert "The same run again" in said


def test_without_debugpy_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossroads.analysis.replay.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match="pip install debugpy"):
        crossroads.replay(Timeline("program.py:main", (Epoch(0, 1),)), debugpy=True)
