"""P5 and P7 for the controller: killed or interrupted at any moment it leaves no process, and the next start goes on from what it found."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from promise_tools import DEADLINE_S, MARK, marked, python_environment, wait_for_end, write

import crossroads
from crossroads.store.store import Store

pytestmark = pytest.mark.slow

FUTURES = 60

PROGRAM = """
import os, signal
from crossroads import chance, mark

{at_import}

def daemon():
    if not os.fork():
        os.setsid()
        if not os.fork():
            stay()
        os._exit(0)
    os.wait()

def stay():
    while True:
        signal.pause()

def main():
    {at_start}
    for step in range(5):
        mark(step)
        if chance("step", [0, 1], weights=[9, 1]):
            raise ValueError(step)
    if chance("stay", [0, 1], weights=[4, 1]):
        {act}
"""

MOMENTS = {
    "import": ("open('reached', 'w').close(); signal.pause()", "pass", "pass"),
    "import with a child": ("if not os.fork(): os.setsid(); open('reached', 'w').close(); signal.pause()\nsignal.pause()", "pass", "pass"),
    "start-up": ("", "open('reached', 'w').close(); stay()", "pass"),
    "a future": ("", "pass", "open('reached', 'w').close(); stay()"),
    "a future with daemons": ("", "pass", "daemon(); daemon(); os.fork(); open('reached', 'w').close(); stay()"),
}

COMMAND = [sys.executable, "-m", "crossroads"]


@pytest.fixture
def calm(here: Path) -> str:
    """The same program where nothing stays."""
    return PROGRAM.format(at_import="", at_start="pass", act="pass")


def start(folder: Path, target: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*COMMAND, "run", os.path.basename(target), "--store", "s.sqlite", *arguments],
        cwd=folder,
        env=python_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until(reached: object, controller: "subprocess.Popen[bytes]") -> None:
    """Wait until something is so while the controller lives."""
    deadline = time.monotonic() + DEADLINE_S
    poll = select.poll()
    ending = os.pidfd_open(controller.pid)
    poll.register(ending, select.POLLIN)
    try:
        while not reached():  # type: ignore[operator]
            assert time.monotonic() < deadline, "not reached in time"
            assert not poll.poll(2), "the controller ended before"
    finally:
        os.close(ending)


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_of_a_killed_controller(here: Path, moment: str, engine: str) -> None:
    at_import, at_start, act = MOMENTS[moment]
    target = write(here, PROGRAM.format(at_import=at_import, at_start=at_start, act=act))
    with start(here, target, "--engine", engine, "--futures", "40") as controller:
        wait_until((here / "reached").exists, controller)
        assert len(marked(os.environ[MARK])) >= 3
        controller.kill()
    assert wait_for_end(os.environ[MARK]) == []


def stored(path: Path) -> int:
    """Futures that the store knows of."""
    if not path.exists():
        return 0
    with Store(path) as store:
        keys = {row.key for row in store.failures()}
        return sum(found.futures for key in keys if (found := store.exploration(key)))


def report(folder: Path, target: str, store: str, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [*COMMAND, "run", os.path.basename(target), "--store", store, "--json", "-", *arguments],
        cwd=folder,
        env=python_environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    found: dict[str, object] = json.loads(done.stdout)
    return found


def findings(report: dict[str, object]) -> tuple[object, ...]:
    failures = report["failures"]
    assert isinstance(failures, list)
    return report["explored"], [(one["id"], one["count"], one["timeline"]) for one in failures]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_next_start_goes_on(here: Path, calm: str, number: signal.Signals) -> None:
    target = write(here, calm)
    arguments = ("--futures", "3000", "--jobs", "2", "--no-explain")
    with start(here, target, *arguments) as controller:
        wait_until(lambda: stored(here / "s.sqlite") >= 8, controller)
        controller.send_signal(number)
    assert controller.returncode == (-9 if number == signal.SIGKILL else 2)
    assert wait_for_end(os.environ[MARK]) == []
    known = stored(here / "s.sqlite")
    assert 8 <= known < 3000
    futures = ("--futures", str(known + 200), "--no-explain")
    assert findings(report(here, target, "s.sqlite", *futures)) == findings(report(here, target, "undisturbed.sqlite", *futures))


def test_killed_while_explaining(here: Path, calm: str) -> None:
    target = write(here, calm)
    with start(here, target, "--futures", str(FUTURES)) as controller:
        wait_until(lambda: stored(here / "s.sqlite") == FUTURES, controller)
        controller.kill()
    assert wait_for_end(os.environ[MARK]) == []
    resumed, undisturbed = (report(here, target, store, "--futures", str(FUTURES)) for store in ("s.sqlite", "undisturbed.sqlite"))
    assert findings(resumed) == findings(undisturbed)


def test_interrupted_in_python(here: Path, calm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = write(here, calm)

    def interrupt(progress: crossroads.Progress) -> None:
        raise KeyboardInterrupt

    found = crossroads.explore(target, futures=500, store=here / "s.sqlite", on_progress=interrupt)
    assert not found.complete
    assert 0 < found.explored.futures < 500
    assert marked(os.environ[MARK]) == []
    more = crossroads.explore(target, futures=100, store=here / "s.sqlite")
    assert more.complete
    assert more.resumed == found.explored.futures
    assert more.explored.futures == 100


# Several at once, one after another, and anew.


def test_a_second_call_goes_on_and_fresh_begins_anew(here: Path, calm: str) -> None:
    target = write(here, calm)
    first = crossroads.explore(target, futures=40, store=here / "s.sqlite")
    second = crossroads.explore(target, futures=100, store=here / "s.sqlite")
    whole = crossroads.explore(target, futures=100, store=here / "other.sqlite")
    assert (first.resumed, second.resumed) == (0, 40)
    assert second.explored == whole.explored
    assert second.failures == whole.failures
    less = crossroads.explore(target, futures=10, store=here / "s.sqlite")
    assert less.explored == second.explored
    fresh = crossroads.explore(target, futures=40, store=here / "s.sqlite", fresh=True)
    assert fresh.resumed == 0
    assert (fresh.explored, fresh.failures) == (first.explored, first.failures)
    changed = crossroads.explore(write(here, calm.replace("range(5)", "range(4)")), futures=40, store=here / "s.sqlite")
    assert changed.resumed == 0


def test_several_explorations_share_a_store(here: Path, calm: str) -> None:
    target = write(here, calm)
    controllers = [start(here, target, "--futures", "300", "--jobs", "1", "--no-explain") for _ in range(3)]
    for controller in controllers:
        assert controller.wait(60) == 1
    together, alone = (crossroads.explore("program.py", futures=300, store=here / store) for store in ("s.sqlite", "alone.sqlite"))
    assert together.resumed == 300
    assert together.explored == alone.explored
    assert [(one.id, one.count, one.timeline) for one in together.failures] == [(one.id, one.count, one.timeline) for one in alone.failures]
    assert stored(here / "s.sqlite") == 300
