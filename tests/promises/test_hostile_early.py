"""P5 where the hostile act comes before the first point or at import, in every future; and where it aims at the supervision itself."""

import os
from pathlib import Path

import pytest
from promise_tools import live, timeline, write

from crossroads.errors import TargetError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots import engine as engine_module
from crossroads.snapshots import fork
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.worlds.targets import parse_target

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

LIMITS = Limits(wall_s=1.5, memory_bytes=64 * 1024**2)

HEAD = """
import ctypes, gc, json, os, random, signal, sys, threading, time
from crossroads import chance, mark

def stay():
    while True:
        signal.pause()

def daemon():
    if not os.fork():
        os.setsid()
        if not os.fork():
            stay()
        os._exit(0)
    os.wait()

def garbage(*arguments, **keywords):
    return "garbage"
"""

BODY = """
    mark("a")
    random.random()
    chance("x", [1, 2, 3])
    mark("b")
"""

REPLACED = """os.fork = os._exit = os.getpid = os.close = os.read = os.write = os.waitpid = os.kill = os.listdir = garbage
{indent}time.monotonic = json.dumps = json.loads = gc.collect = gc.freeze = threading.enumerate = signal.pthread_sigmask = garbage"""

EARLY = {
    "endless loop": ("stay()", "hung"),
    "exit": ("os._exit(3)", "exited"),
    "sys.exit": ("sys.exit('no')", "exited"),
    "segfault": ("ctypes.string_at(0)", "crashed"),
    "memory": ("x = bytearray(10**9)", "out of memory"),
    "error": ("raise ValueError('x')", "failed"),
    "kills itself": ("os.kill(os.getpid(), 9)", "crashed"),
    "kills its group": ("os.killpg(0, 9)", "crashed"),
    "kills its parent": ("os.kill(os.getppid(), 9); stay()", "crashed"),
    "daemon": ("daemon()", "left behind"),
    "child": ("os.fork() or stay()", "left behind"),
    "thread": ("threading.Thread(target=stay, daemon=True).start()", "passed"),
    "closes all": ("os.closerange(0, 65536)", "passed"),
    "replaced functions": (REPLACED, "passed"),
    "ignores its children": ("signal.signal(signal.SIGCHLD, signal.SIG_IGN)", "passed"),
    "blocks signals": ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))", "passed"),
    "alarm": ("signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)", "passed"),
}

AT_IMPORT_REFUSED = {
    "endless loop": "longer than",
    "exit": "exit code 3",
    "sys.exit": "calls sys.exit()",
    "segfault": "SIGSEGV",
    "memory": "MemoryError",
    "error": "ValueError: x",
    "kills itself": "SIGKILL",
    "kills its group": "SIGKILL",
    "kills its parent": "supervisor was killed",
}


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork, "LOAD_WALL_S", 0.5)


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("name", EARLY)
def test_before_the_first_point(here: Path, name: str, engine: EngineName) -> None:
    source, kind = EARLY[name]
    source = source.replace("{indent}", "    ")
    target = write(here, f"{HEAD}\ndef main():\n    {source}\n{BODY}")
    runs = live(target, [timeline(target, 1), timeline(target, 2), timeline(target, 1)], engine=engine, limits=LIMITS)
    assert [run.outcome.kind for run in runs] == [kind] * 3
    assert runs[0].timeline.digest == runs[2].timeline.digest


@pytest.mark.parametrize("name", EARLY)
def test_at_import(here: Path, name: str) -> None:
    source, kind = EARLY[name]
    source = source.replace("{indent}", "")
    target = write(here, f"{HEAD}\n{source}\n\ndef main():\n{BODY}")
    timelines = [timeline(target, 1), timeline(target, 2), timeline(target, 1)]
    if name in AT_IMPORT_REFUSED:
        with pytest.raises(TargetError, match=AT_IMPORT_REFUSED[name].replace("(", r"\(").replace(")", r"\)")):
            live(target, timelines, limits=LIMITS)
        return
    runs = live(target, timelines, limits=LIMITS)
    assert [run.outcome.kind for run in runs] == [kind] * 3
    assert runs[0].timeline.digest == runs[2].timeline.digest


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_a_future_may_stop_its_supervisor(here: Path, engine: EngineName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE_S", 0.2)
    target = write(here, f"{HEAD}\ndef main():\n    if chance('stop', [0, 1]): os.kill(os.getppid(), signal.SIGSTOP); stay()\n{BODY}")
    runs = live(target, [timeline(target, 1, option) for option in (0, 1, 0)], engine=engine, limits=LIMITS)
    assert [run.outcome.kind for run in runs] == ["passed", "crashed", "passed"]
    assert runs[0].timeline.digest == runs[2].timeline.digest


def test_a_future_may_kill_all_that_is_above_it(here: Path) -> None:
    source = """
def main():
    mark("a")
    if chance("kill", [0, 1]):
        up, daemons = os.getppid(), [daemon() for _ in range(2)]
        while up != FIRST:
            status = open(f"/proc/{up}/stat").read().rpartition(")")[2].split()
            os.kill(up, signal.SIGKILL)
            up = int(status[1])
        stay()
"""
    target = write(here, f"{HEAD}\nFIRST = {os.getpid()}\n{source}\n{BODY}")
    with LocalRunner(parse_target(target), timeline(target).world, jobs=1, limits=LIMITS) as runner:
        runs = runner.run([timeline(target, seed, None, option) for seed in (1, 2) for option in (0, 1, 0)])
        ladder = runner.run([runs[0].timeline.branch(point, 7) for point in (0, 2, 4)])
    assert [run.outcome.kind for run in runs] == ["passed", "crashed", "passed"] * 2
    assert runs[0].timeline.digest == runs[2].timeline.digest
    assert {run.outcome.kind for run in ladder} <= {"passed", "crashed"}
