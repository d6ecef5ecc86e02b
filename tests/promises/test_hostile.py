"""P5: every future ends and is accounted for, whatever the program does; the others are as if it hadn't."""

from pathlib import Path

import pytest
from promise_tools import facts, live, nothing_left, timeline, write

from crossroads.snapshots.limits import Limits
from crossroads.snapshots.run import Run

LIMITS = Limits(wall_s=1.5, memory_bytes=64 * 1024**2)

PROGRAM = """
import ctypes, gc, json, os, random, resource, signal, sys, threading, time
from crossroads import chance, mark

class Unprintable(Exception):
    def __str__(self): raise RuntimeError("no text")
    __repr__ = __str__

class Str(str):
    encode = __len__ = __str__ = __getitem__ = None

class Meta(type):
    def __getattribute__(cls, name): 1 / 0

class Nameless(Exception, metaclass=Meta):
    pass

class Code(SystemExit):
    code = property(lambda self: 1 / 0)

def stay():
    while True:
        time.monotonic()

def sleep():
    while True:
        signal.pause()

def daemon():
    if not os.fork():
        os.setsid()
        if not os.fork():
            sleep()
        os._exit(0)
    os.wait()

def recur():
    recur()

def none():
    pass

def raising(*arguments):
    raise RuntimeError("traced")

def garbage(*arguments, **keywords):
    return "garbage"

def bomb(depth):
    for _ in range(4):
        if not os.fork():
            if depth:
                bomb(depth - 1)
            sleep()

{acts}

ACTS = [{names}]

def main():
    act = chance("act", [none, *ACTS], weights=[len(ACTS) * 2] + [1] * len(ACTS))
    act()
    mark("after")
    chance("other", [0, 1, 2])
    random.random()
"""

ACTS = {
    "endless loop": ("stay()", "hung", "wall limit"),
    "endless marks": ("while True: mark()", "hung", "step limit"),
    "os._exit(0)": ("os._exit(0)", "exited", 0),
    "os._exit(3)": ("os._exit(3)", "exited", 3),
    "sys.exit(7)": ("sys.exit(7)", "exited", 7),
    "sys.exit(text)": ("sys.exit('text')", "exited", 1),
    "sys.exit(-1)": ("sys.exit(-1)", "exited", 255),
    "code without a value": ("raise Code()", "exited", 1),
    "segfault": ("ctypes.string_at(0)", "crashed", "SIGSEGV"),
    "abort": ("os.abort()", "crashed", "SIGABRT"),
    "big list": ("x = []\n    while True: x.append(bytearray(2**16))", "out of memory", "MemoryError"),
    "many small objects": ("x = []\n    while True: x.append([x])", "out of memory", "MemoryError"),
    "unprintable": ("raise Unprintable()", "failed", "program.Unprintable"),
    "text that lies": ("raise ValueError(Str('x'))", "failed", "ValueError"),
    "nameless": ("raise Nameless()", "failed", "<an exception whose type has no name>"),
    "local class": ("class Own(Exception):\n        def __reduce__(self): 1 / 0\n    raise Own()", "failed", None),
    "long name": ("raise type('x' * 2**24, (Exception,), {})", "failed", None),
    "long message": ("raise ValueError('x' * 10**7)", "failed", "ValueError"),
    "lone surrogates": ("raise ValueError('\\udcff')", "failed", "ValueError"),
    "child lives on": ("if not os.fork(): sleep()", "left behind", ""),
    "daemon": ("daemon()", "left behind", ""),
    "child returns from main": ("os.fork() and os.wait()", "passed", ""),
    "child fails": ("if os.fork(): assert os.WEXITSTATUS(os.wait()[1]) == 1\n    else: raise ValueError('x')", "passed", ""),
    "thread that stays": ("threading.Thread(target=stay).start()", "hung", "wall limit"),
    "daemon thread": ("threading.Thread(target=stay, daemon=True).start()", "passed", ""),
    "closes all, passes": ("os.closerange(0, 65536)", "passed", ""),
    "closes all, fails": ("os.closerange(0, 65536)\n    raise ValueError('x')", "failed", "ValueError"),
    "endless output": ("while True: print('x' * 100_000)", "hung", "wall limit"),
    "writes to all descriptors": (
        "for n in range(3, 1024):\n        try: os.write(n, b'x' * 100)\n        except OSError: pass",
        "passed",
        "",
    ),
    "kills itself": ("os.kill(os.getpid(), 9)", "crashed", "SIGKILL"),
    "stops itself": ("os.kill(os.getpid(), signal.SIGSTOP)", "hung", "wall limit"),
    "kills its group": ("os.killpg(0, 9)", "crashed", "SIGKILL"),
    "terminates its parent": ("os.kill(os.getppid(), 15)", "passed", ""),
    "kills its parent": ("os.kill(os.getppid(), 9)\n    sleep()", "crashed", "SIGKILL"),
    "daemon, then kills its parent": ("daemon()\n    os.kill(os.getppid(), 9)\n    sleep()", "crashed", "SIGKILL"),
    "fork bomb": ("bomb(3)", "left behind", ""),
    "alarm": ("signal.setitimer(signal.ITIMER_REAL, 0.01)\n    sleep()", "crashed", "SIGALRM"),
    "recursion": ("recur()", "failed", "RecursionError"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
    "GeneratorExit": ("raise GeneratorExit", "failed", "GeneratorExit"),
    "raising trace function": ("sys.settrace(raising)", "failed", "RuntimeError"),
    "raising profile function": ("sys.setprofile(raising)", "failed", "RuntimeError"),
    "garbage collector": ("gc.enable()\n    gc.set_threshold(1)", "passed", ""),
    "replaced functions": (
        "os.fork = os._exit = os.getpid = os.close = os.read = os.write = os.waitpid = garbage\n"
        "    time.monotonic = json.dumps = json.loads = gc.collect = gc.freeze = threading.enumerate = garbage",
        "passed",
        "",
    ),
    "ignored signals": ("for n in (2, 13, 15, 17): signal.signal(n, signal.SIG_IGN)", "passed", ""),
    "blocked signals": ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))", "passed", ""),
    "no descriptors allowed": ("resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))", "passed", ""),
    "stdout is gone": ("sys.stdout = sys.stderr = None", "passed", ""),
    "stdout fails": ("sys.stdout.close()", "passed", ""),
}
"""What is done: its source, the kind of outcome, and its exception or exit code."""


NAMES = list(ACTS)


def write_program(folder: Path) -> str:
    functions = [f"def act_{number}():\n    {source}\n" for number, (source, _, _) in enumerate(ACTS.values())]
    names = ", ".join(f"act_{number}" for number in range(len(ACTS)))
    return write(folder, PROGRAM.replace("{acts}", "\n".join(functions)).replace("{names}", names))


@pytest.fixture(scope="module", params=["fork", "replay"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """A run for each act, runs without one between them; all of one trunk."""
    with nothing_left(tmp_path_factory.mktemp("hostile")) as folder:
        target = write_program(folder)
        timelines = [timeline(target, 5, option, step_limit=100_000) for number in range(len(ACTS)) for option in (0, number + 1)]
        return live(target, [*timelines, timelines[0]], engine=request.param, limits=LIMITS)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ACTS)), ids=NAMES)
def test_each_act_is_an_outcome_of_its_own(runs: list[Run], number: int) -> None:
    _, kind, detail = ACTS[NAMES[number]]
    outcome = runs[2 * number + 1].outcome
    assert outcome.kind == kind, outcome
    if detail is not None:
        assert (outcome.code if isinstance(detail, int) else outcome.exception) == detail
    assert len(outcome.message) <= 500
    assert len(outcome.exception) <= 500


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ACTS)), ids=NAMES)
def test_the_next_future_is_as_if_it_had_not_been(runs: list[Run], number: int) -> None:
    before, after = runs[2 * number], runs[2 * number + 2]
    assert after.outcome.kind == "passed", after
    assert facts(after) == facts(before)
