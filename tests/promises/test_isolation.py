"""P4: what one future changes isn't seen by the next, nor by the snapshot that both were forked from."""

from pathlib import Path

import pytest
from promise_tools import facts, live, timeline, write

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.worlds.targets import parse_target

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

PROGRAM = """
import fcntl, gc, os, random, resource, signal, sys, threading, warnings
from crossroads import chance, mark

DATA = {"list": [1], "count": 0}
FILE = open("data.txt", "rb", buffering=0)
BUFFERED = open("data.txt")

class Shared:
    value = 0

def fibres():
    yield from range(100)

FIBRES = fibres()

def report():
    print(DATA, Shared.value, next(FIBRES), FILE.read(3), BUFFERED.readline(), os.getcwd(), os.environ.get("NEW"), os.umask(0o022))
    print(signal.getsignal(signal.SIGUSR1), sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), resource.getrlimit(resource.RLIMIT_STACK))
    print(sorted(n for n in sys.modules if n.startswith("colorsys")), sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold())
    print(os.get_blocking(1), fcntl.fcntl(1, fcntl.F_GETFL), threading.active_count())
    print(sys.path[0], len(warnings.filters), hasattr(os, "new"))
    print(os.getpriority(os.PRIO_PROCESS, 0), os.path.exists("/proc/self/fd/50"), random.random(), os.getpgid(0) == os.getpid())

def change():
    DATA["list"].append(2); DATA["count"] += 1; Shared.value += 1
    next(FIBRES); FILE.seek(0, 2); BUFFERED.read(); os.lseek(BUFFERED.fileno(), 5, 0)
    os.chdir("/"); os.environ["NEW"] = "1"; os.umask(0o077)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    resource.setrlimit(resource.RLIMIT_STACK, (2**20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    import colorsys
    sys.setrecursionlimit(500); gc.enable(); gc.set_threshold(5); os.set_blocking(1, False); os.dup2(1, 50)
    sys.path.insert(0, "/new"); warnings.simplefilter("error"); os.new = 1; os.nice(1)
    random.seed(1); os.setsid() if os.getpgid(0) != os.getpid() else None

def main():
    mark("start")
    FILE.read(2); BUFFERED.readline(); DATA["count"] += 1; next(FIBRES)
    mark("used")
    if chance("change", [0, 1]):
        report()
        change()
        mark("changed")
    report()
    mark("end")
"""


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_futures_do_not_see_each_other(here: Path, engine: EngineName) -> None:
    (here / "data.txt").write_text("0123456789\n" * 3000)
    target = write(here, PROGRAM)
    changed = live(target, [timeline(target, 1, None, None, 1)], engine=engine)[0].timeline
    quiet = timeline(target, 1, None, None, 0)
    with LocalRunner(parse_target(target), quiet.world, engine=engine, jobs=1) as runner:
        runs = runner.run([quiet, changed.branch(3, None, 1), quiet, quiet, changed.branch(3, None, 1), changed.branch(4, 5), quiet])
        again = runner.run([changed.branch(4, 5), changed.branch(5, 6), quiet])
    for other in (runs[2], runs[3], runs[6], again[2]):
        assert other.outcome.kind == "passed", other.output
        assert facts(other) == facts(runs[0])
    assert facts(runs[4]) == facts(runs[1])
    assert again[0].timeline == runs[5].timeline
    assert again[0].output.splitlines()[-5:] == runs[5].output.splitlines()[-5:]


def test_what_is_written_to_files_stays(here: Path) -> None:
    """A known limit: the disk is everybody's."""
    body = "mark('a')\n    print(open('log', 'a+').tell())\n    open('log', 'a').write('x')"
    target = write(here, f"from crossroads import mark\ndef main():\n    {body}")
    runs = live(target, [timeline(target, 1), timeline(target, 2)], engine="fork")
    assert [run.output for run in runs] == ["0\n", "1\n"]
