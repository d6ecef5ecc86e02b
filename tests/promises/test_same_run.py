"""P1 and P2 as laws: small random programs are the same run in any process, from the start or from a snapshot, seen or unseen."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from promise_tools import live, timeline, write

from crossroads.snapshots.run import Run
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Timeline

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

HEAD = """
import datetime, functools, os, random, secrets, sys, tempfile, threading, time, uuid
from crossroads import chance, decide, mark
{numpy}
COUNT = [0]
RNG = random.Random(1)
{early}

def fibres():
    while True:
        yield random.random() + RNG.random()
        mark("fibre")

FIBRES = fibres()

class Thing:
    def __del__(self):
        COUNT[0] += 1

def nested(depth):
    if not depth:
        return random.getrandbits(8)
    return (lambda: nested(depth - 1) + chance("nested", [0, 1]))()

def main():
    x = 0
"""

STATEMENTS = (
    'mark("m")',
    "mark(x)",
    'mark(f"at {random.random()}")',
    'x += decide("d", [1, 2, 3])',
    'x += chance("c", [0, 1, 2], weights=[5, 3, 2])',
    'x += chance("sure", [1])',
    'x += chance("never", [1, 2], weights=[0, 1])',
    'for i in range(chance("n", [0, 1, 2, 5])): mark(i)',
    "print(random.random(), random.choice('abc'), random.gauss(0, 1), random.sample(range(9), 3))",
    "print(random.Random(5).random(), random.Random().random(), random.SystemRandom().random())",
    "print(RNG.random(), RNG.gauss(0, 1))",
    "random.seed(3); print(random.random())",
    "random.seed(); print(random.random())",
    "state = random.getstate(); print(random.random()); random.setstate(state); print(random.random())",
    "print(os.urandom(4), uuid.uuid4(), uuid.uuid1(), secrets.token_hex(4), secrets.randbelow(9))",
    "print(next(FIBRES), nested(2))",
    "print(time.time(), time.monotonic(), time.perf_counter_ns(), datetime.datetime.now())",
    "time.sleep(1000)",
    "print({'a', 'b', 'c', 'd', 'e'}, hash('text'), {str(n): n for n in range(3)})",
    "things = [Thing(), Thing()]; things.append(things); del things",
    "print(open(__file__).fileno(), os.environ.get('PYTHONHASHSEED'), os.getcwd() == os.path.dirname(__file__))",
    "t = threading.Thread(target=print, args=('in a thread',)); t.start(); t.join()",
    "try: 1 / chance('zero', [0, 1])\n    except ZeroDivisionError: x += 1",
    "if random.random() < .2: raise ValueError(x)",
    "if chance('bad', [0, 1], weights=[4, 1]): raise KeyError('bad')",
    "if chance('leave', [0, 1], weights=[4, 1]): sys.exit(x % 7)",
    "if chance('gone', [0, 1], weights=[9, 1]): os._exit(5)",
    "if decide('stop', [0, 0, 1]): return",
    "sys.stdout.write('no newline'); print('error', file=sys.stderr)",
)
NUMPY = (
    "print(np.random.normal(), np.random.default_rng(5).random(3), np.random.default_rng().random())",
    "print(GEN.normal(), np.random.RandomState(4).rand(), np.random.permutation(5))",
    "np.random.seed(2); print(np.random.rand())",
)


@dataclass(frozen=True)
class Story:
    """A program, and what is to be done with it."""

    source: str
    points: str
    seeds: tuple[int, int]
    branches: tuple[tuple[float, int, int | None], ...]


def stories(pool: tuple[str, ...], numpy: str = "") -> st.SearchStrategy[Story]:
    bodies = st.lists(st.sampled_from(pool), min_size=3, max_size=10)
    early = st.sampled_from(("", "random.random()", "random.seed(1)", "LATE = random.Random()", "print(os.urandom(2))"))
    branch = st.tuples(st.floats(0, 1), st.integers(0, 2**64 - 1), st.sampled_from((None, None, 0, 1)))
    seed = st.integers(0, 2**64 - 1)
    return st.builds(
        lambda body, first, points, seeds, branches: Story(
            HEAD.format(numpy=numpy, early=first) + "".join(f"    {statement}\n" for statement in body), points, seeds, tuple(branches)
        ),
        bodies,
        early,
        st.sampled_from(("marks", "marks", "draws")),
        st.tuples(seed, seed),
        st.lists(branch, min_size=3, max_size=3),
    )


def check(folder: Path, story: Story) -> None:
    target = write(folder, story.source)
    starts = [timeline(target, seed, points=story.points) for seed in story.seeds]
    firsts = live(target, starts, engine="fork")
    timelines = [*starts, *(branch for first in firsts[:1] for branch in branches(first, story))]
    forked, seen = (live(target, timelines, engine="fork", trace=trace) for trace in ("none", "all"))
    replayed = live(target, timelines, engine="replay", trace="all")
    assert [run.timeline for run in firsts] == [run.timeline for run in forked[:2]]
    assert [run.timeline for run in forked] == [run.timeline for run in seen]
    for one, other in zip(seen, replayed, strict=True):
        assert one.timeline == other.timeline
        assert other.output.endswith(one.output)
        assert one.outcome.code == 5 or points(one) == points(other)[len(points(other)) - len(points(one)) :]
        assert other.outcome.kind != "diverged" or other.timeline.overrides


def branches(first: Run, story: Story) -> list[Timeline]:
    """Two branches of the first run, and a branch of a branch."""
    length = first.timeline.points
    (at, seed, option), (at_2, seed_2, option_2), (at_3, seed_3, _) = story.branches
    point = round(at * length)
    one = first.timeline.branch(point, seed, option if point else None)
    other = first.timeline.branch(round(at_2 * length), seed_2)
    return [one, other, one.branch(point + round(at_3 * 3), seed_3), first.timeline.branch(max(1, point), None, option_2)]


def points(run: Run) -> list[Point]:
    """The trace, without what is known of the last step before a branch only if it was seen from there on."""
    return [point for point in run.trace if point.index > run.timeline.branch_point + 1]


lawful = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,), print_blob=False
)
"""Shrinking would take minutes; what fails is shown as it is."""


@given(story=stories(STATEMENTS))
@settings(lawful, max_examples=20)
def test_a_timeline_is_one_run(here: Path, story: Story) -> None:
    check(here, story)


@pytest.mark.skipif(find_spec("numpy") is None, reason="numpy isn't installed")
@given(story=stories((*STATEMENTS[:12], *NUMPY, *NUMPY), "import numpy as np\nGEN = np.random.default_rng(1)"))
@settings(lawful, max_examples=3)
def test_a_timeline_is_one_run_with_numpy(here: Path, story: Story) -> None:
    check(here, story)
