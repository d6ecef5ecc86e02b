"""Both engines, one body: what a timeline is doesn't depend on who lives it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from crossroads.errors import TargetError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots import fork
from crossroads.snapshots.driving import drive
from crossroads.snapshots.engine import Engine, Launch, trunk_command
from crossroads.snapshots.fork import ForkEngine, Unsound
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import GIVEN_UP
from crossroads.snapshots.plans import Reach, Traced
from crossroads.snapshots.replay import ReplayEngine
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Calm, Epoch, NamedOverride, Override, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

pytestmark = pytest.mark.slow

ENGINES: dict[str, type[Engine]] = {"fork": ForkEngine, "replay": ReplayEngine}

WALK = """
import random, sys
from crossroads import chance, decide, mark

STARTED = [random.random()]

def main():
    height = 0
    mark("start")
    for step in range(6):
        height += chance("step", [-1, 1], weights=[1, 2])
        height += random.choice([0, 0, 1])
        print("at", step, height)
        mark(f"step {step}")
    if decide("jump", ["no", "yes"]) == "yes":
        print("jumps", file=sys.stderr)
        height += 3
    if height > 6:
        raise ValueError(f"too high: {height}")
    if height < 4:
        sys.exit(4)
"""
"""15 points: the start, its mark, six times a choice and a mark, a decision, the end."""

MakeEngine = Callable[[str, str], Engine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def make(name: str, source: str, limits: Limits | None = None, memory_bytes_max: int = 2**30) -> Engine:
        path = tmp_path / "program.py"
        path.write_text(dedent(source))
        order = LocalRunner(parse_target(str(path)), WorldSettings(), engine="replay").order()
        launch = Launch(trunk_command("crossroads.runners.trunk"), order, limits or Limits(wall_s=5.0), memory_bytes_max)
        engines.append(ENGINES[name](launch))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def run(
    engine: Engine, timelines: Sequence[Timeline], trace: Traced = "none", pristine: bool = False, until: Sequence[Reach] = ()
) -> list[Run]:
    runs: dict[int, Run] = {}

    def deliver(index: int, run: Run) -> None:
        assert index not in runs
        runs[index] = run

    drive([engine.run(timelines, deliver, trace=trace, pristine=pristine, until=until)])
    return [runs[index] for index in range(len(timelines))]


def begin(seed: int, *overrides: tuple[int, int]) -> Timeline:
    return Timeline("program.py:main", (Epoch(0, seed),), tuple(Override(point, option) for point, option in overrides))


def facts(run: Run) -> tuple[object, ...]:
    return run.outcome, run.timeline.digest, run.timeline.points, run.output, run.marks, run.timeline


def choices_from(run: Run, point: int) -> list[tuple[int, int, int]]:
    return [(choice.point, choice.taken, choice.options) for choice in run.choices if choice.point >= point]


@pytest.fixture(params=ENGINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_seeds_make_different_runs_and_the_same_again(make: MakeEngine, name: str) -> None:
    engine = make(name, WALK)
    first, second = (run(engine, [begin(seed) for seed in range(12)]) for _ in range(2))
    assert [facts(one) for one in first] == [facts(one) for one in second]
    assert len({one.timeline.digest for one in first}) == 12
    assert {one.outcome.kind for one in first} == {"passed", "failed", "exited"}
    assert {one.timeline.points for one in first} == {15}
    assert all(one.timeline.python == f"{sys.version_info.major}.{sys.version_info.minor}" for one in first)
    failed = next(one for one in first if one.outcome.kind == "failed")
    assert failed.outcome.exception == "ValueError"
    assert failed.outcome.message.startswith("too high: ")
    assert failed.outcome.where.endswith("in main")
    assert next(one for one in first if one.outcome.kind == "exited").outcome.code == 4


def test_engines_agree(make: MakeEngine) -> None:
    base = run(make("fork", WALK), [begin(seed) for seed in range(4)])
    timelines = [one.timeline.branch(point, 100 + point) for one in base for point in (0, 1, 2, 7, 13, 14)]
    timelines += [one.timeline.branch(point, None, option) for one in base for point in (2, 6, 14) for option in (0, 1)]
    timelines += [begin(9, (2, 1), (4, 0), (14, 1)), begin(9, (14, 0)), begin(9)]
    forked, replayed = (run(make(name, WALK), timelines) for name in ENGINES)
    for one, other in zip(forked, replayed, strict=True):
        point = one.timeline.branch_point
        assert (one.outcome, one.timeline) == (other.outcome, other.timeline)
        assert choices_from(one, point) == choices_from(other, point)
        assert other.output.endswith(one.output)


def test_traces_agree_and_change_nothing(make: MakeEngine) -> None:
    timelines = [begin(3), begin(3).branch(6, 8), begin(3).branch(14, None, 1)]
    untraced = run(make("fork", WALK), timelines)
    for name in ENGINES:
        traced = run(make(name, WALK), timelines, trace="all")
        assert [one.timeline for one in traced] == [one.timeline for one in untraced]
        last = [(point.index, point.kind, point.label, point.taken) for point in traced[2].trace if point.index >= 13]
        assert last[0][:3] == (13, "mark", "step 5") or name == "fork"
        assert last[-2:] == [(14, "decide", "jump", 1), (15, "end", last[-1][2], None)]
        some = run(make(name, WALK), timelines, trace=(0, 14, 15, 99))
        assert [point.index for point in some[0].trace] == [0, 14, 15]
        assert [point.where for point in some[0].trace] == [traced[0].trace[index].where for index in (0, 14, 15)]


def test_a_trace_says_what_stood_there(make: MakeEngine, name: str) -> None:
    trace = run(make(name, WALK), [begin(3)], trace="all")[0].trace
    assert [point.index for point in trace] == list(range(16))
    assert [point.kind for point in trace] == ["start", "mark", *["chance", "mark"] * 6, "decide", "end"]
    assert trace[2].options == ("-1", "1")
    assert trace[2].weights == pytest.approx((1 / 3, 2 / 3))
    assert trace[14].weights == (0.5, 0.5)
    assert trace[2].where.startswith("program.py:")
    assert trace[2].where.endswith(" in main")


def test_pristine_runs_are_the_same_and_explain_their_end(make: MakeEngine, name: str) -> None:
    engine = make(name, WALK)
    quick = run(engine, [begin(seed) for seed in range(8)])
    pristine = run(engine, [one.timeline for one in quick], pristine=True)
    for one, other in zip(quick, pristine, strict=True):
        assert one.timeline == other.timeline
        assert ("Traceback" in other.output) == (one.outcome.kind == "failed")
        assert "Traceback" not in one.output


def test_an_option_that_is_not_there_diverges(make: MakeEngine, name: str) -> None:
    runs = run(make(name, WALK), [begin(1, (2, 5)), begin(1, (2, 1)), begin(1).branch(14, 3, 9)])
    assert [one.outcome.kind for one in runs][::2] == ["diverged", "diverged"]
    assert "at point 2 option 5 was to be taken, but 'step' has 2 options" in runs[0].outcome.message
    assert runs[1].outcome.kind != "diverged"


PACES = """
from threading import Event
from crossroads import decide


def main():
    while decide("pace", ["quick", "slow", "endless"]) != "quick":
        Event().wait(0.3)
"""


def test_a_future_that_is_just_longer_than_others_does_not_count_as_hung(
    make: MakeEngine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossroads.snapshots.engine.WALL_S_MIN", 0.1)
    monkeypatch.setattr("crossroads.snapshots.engine.WALL_FACTOR", 0.1)
    monkeypatch.setattr("crossroads.snapshots.engine.DOUBT_FACTOR", 100.0)
    engine = make(name, PACES, Limits())
    quick, slow = begin(0, (1, 0)), begin(0, (1, 1), (2, 0))
    assert [one.outcome.kind for one in run(engine, [quick, slow, slow, quick])] == ["passed"] * 4


def test_a_future_that_hangs_is_asked_twice_and_the_next_ones_once(make: MakeEngine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossroads.snapshots.engine.WALL_S_MIN", 0.1)
    monkeypatch.setattr("crossroads.snapshots.engine.WALL_FACTOR", 0.1)
    engine = make(name, PACES, Limits())
    endless = begin(0, *((point, 1) for point in range(1, 1_000)))
    lots = ([begin(0, (1, 0))], [endless, endless, begin(0, (1, 0))])
    assert [[one.outcome.kind for one in run(engine, lot)] for lot in lots] == [["passed"], ["hung", "hung", "passed"]]


def test_overrides_and_epochs_beyond_the_end_change_nothing(make: MakeEngine, name: str) -> None:
    plain, override, epoch = run(make(name, WALK), [begin(5), begin(5, (40, 1)), begin(5).branch(50, 6)])
    assert plain.timeline.digest == override.timeline.digest == epoch.timeline.digest
    assert plain.outcome == override.outcome == epoch.outcome


def test_branches_of_branches(make: MakeEngine) -> None:
    first = begin(5).branch(3, 6)
    chains = [first.branch(9, 7).branch(12, 8), first.branch(3, 9), first.branch(9, 7).branch(14, None, 1), first.branch(0, 2)]
    forked, replayed = (run(make(name, WALK), [*chains, *chains]) for name in ENGINES)
    assert [one.timeline for one in forked] == [one.timeline for one in replayed]
    assert [one.timeline for one in forked[:4]] == [one.timeline for one in forked[4:]]


def test_refusals(make: MakeEngine, name: str) -> None:
    for source, words in {
        "x = 1": "no function 'main'",
        "def main(": "can't be imported",
        "import nothing_of_this_name": "ModuleNotFoundError",
        "def main(a): pass": "without arguments",
        "main = 3": "no function 'main'",
        "async def main(): pass": "coroutine",
    }.items():
        with pytest.raises(TargetError, match=words):
            run(make(name, source), [begin(1)])


def test_nothing_is_drawn_by_a_run_of_marks(make: MakeEngine, name: str) -> None:
    one, other = run(make(name, "from crossroads import mark\ndef main(): mark('a')"), [begin(1), begin(2)])
    assert not one.drawn
    assert one.choices == ()
    assert one.timeline.points == 2
    assert one.outcome == other.outcome


# Snapshots that are given up, and futures that can't have one.


def test_eviction_changes_nothing(make: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    base = run(make("replay", WALK), [begin(seed) for seed in range(6)])
    timelines = [one.timeline.branch(point, 50 + index) for one in base for point in (2, 9, 14) for index in range(2)]
    expected = [one.timeline for one in run(make("fork", WALK), timelines)]
    assert [one.timeline for one in run(make("fork", WALK, memory_bytes_max=1), timelines)] == expected
    monkeypatch.setattr(fork, "RUNGS_MAX", 4)
    monkeypatch.setattr(fork, "RUNGS_A_CLIMB", 2)
    engine = make("fork", WALK)
    for _ in range(2):
        assert [one.timeline for one in run(engine, timelines)] == expected
        assert len(engine._ladder) <= 3 + 4


def test_a_start_that_costs_nothing_has_no_snapshot(make: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    points, lived = [], []
    for cheap_s in (0.0, float("inf")):
        monkeypatch.setattr(fork, "START_CHEAP_S", cheap_s)
        engine = make("fork", WALK)
        lived.append([one.timeline for one in run(engine, [begin(1), begin(2)])])
        points.append([rung.point for rung in engine._ladder])
    assert points == [[-2, -1, 0], [-2, -1]]
    assert lived[0] == lived[1]


def test_a_single_future_gets_a_snapshot_only_far_up(make: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork, "START_CHEAP_S", 0.0)
    engine = make("fork", WALK)
    alone = run(engine, [begin(1).branch(14, 3)])
    assert [rung.point for rung in engine._ladder] == [-2, -1, 0]
    monkeypatch.setattr(fork, "WALK_POINTS_MAX", 3)
    assert [one.timeline for one in run(engine, [begin(1).branch(14, 3)])] == [one.timeline for one in alone]
    assert [rung.point for rung in engine._ladder] == [-2, -1, 0, 14]


def test_points_beyond_the_end_of_the_past(make: MakeEngine) -> None:
    timelines = [begin(1).branch(point, seed) for point in (5, 40, 41) for seed in range(3)]
    forked, replayed = (run(make(name, WALK), timelines) for name in ENGINES)
    assert [one.timeline for one in forked] == [one.timeline for one in replayed]


THREAD_LATER = """
import random, threading
from crossroads import chance, mark
event = threading.Event()

def main():
    {start}
    mark("before")
    chance("x", [0, 1])
    {middle}
    for _ in range(4):
        chance("y", [0, 1, 2])
        mark()
    event.set()
"""
THREAD = "threading.Thread(target=event.wait, name='waiter').start()"
CHILD = "import os, signal; child = os.fork() or signal.pause()"
CHILD_END = "\n    os.kill(child, 9); os.wait()\n"


@pytest.mark.parametrize("what", [THREAD, CHILD])
@pytest.mark.parametrize("where", ["start", "middle"])
def test_futures_beyond_a_thread_or_child_begin_below_it(make: MakeEngine, what: str, where: str) -> None:
    source = THREAD_LATER.format(**{"start": "pass", "middle": "pass", where: what}) + (CHILD_END if what is CHILD else "")
    timelines = [begin(1).branch(point, seed) for point in (0, 2, 5, 8) for seed in range(3)]
    forking = make("fork", source)
    forked, replayed = run(forking, timelines), run(make("replay", source), timelines)
    assert [one.timeline for one in forked] == [one.timeline for one in replayed]
    assert {one.outcome.kind for one in forked} == {"passed"}
    assert max(rung.point for rung in forking._ladder) == {"start": -1, "middle": 2}[where]


def test_threads_left_by_the_import_are_unsound(make: MakeEngine) -> None:
    with pytest.raises(Unsound, match="threads: waiter"):
        run(make("fork", THREAD_LATER.format(start="pass", middle="pass") + f"\n{THREAD}\n"), [begin(1)])


def test_an_override_by_name_holds_wherever_the_choice_is_met(make: MakeEngine, name: str) -> None:
    source = """
    import random
    from crossroads import chance, decide, mark

    def main():
        for _ in range(chance("length", [1, 2, 3])):
            mark("longer")
        for step in range(3):
            print(chance("wind", ["calm", "breeze", "storm"]), random.random())
    """
    engine = make(name, source)
    plain = [begin(seed) for seed in range(6)]
    storm = [Timeline(one.target, one.epochs, named=(NamedOverride("wind", 1, 0, "'storm'"),)) for one in plain]
    first, forced = run(engine, plain, trace="all"), run(engine, storm, trace="all")
    for before, after in zip(first, forced, strict=True):
        lines, same = before.output.splitlines(), after.output.splitlines()
        assert [lines[0], "storm " + lines[1].split()[1], lines[2]] == same
        winds = [point for point in after.trace if point.name == "wind"]
        assert [point.occurrence for point in winds] == [0, 1, 2]
        by_point = Timeline(before.timeline.target, before.timeline.epochs, (Override(winds[1].index, 2),))
        assert run(engine, [by_point])[0].timeline.digest == after.timeline.digest
        later = after.timeline.branch(winds[2].index, seed=5)
        branched, alone = run(engine, [later] * 2)[0], run(engine, [later], pristine=True)[0]
        assert branched.timeline.digest == alone.timeline.digest
        assert alone.output.splitlines()[:2] == same[:2]
    index = [Timeline(one.target, one.epochs, named=(NamedOverride("wind", 1, 2, "'gale'"),)) for one in plain[:1]]
    assert run(engine, index)[0].timeline.digest == forced[0].timeline.digest
    wrong = [Timeline(one.target, one.epochs, named=(NamedOverride("wind", 1, 3),)) for one in plain[:1]]
    assert run(engine, wrong)[0].outcome.kind == "diverged"


@pytest.mark.parametrize("calm", ["choices", "all"])
def test_a_calm_epoch_takes_the_likeliest_options(make: MakeEngine, name: str, calm: Calm) -> None:
    engine = make(name, WALK)
    calms = [Timeline("program.py:main", (Epoch(0, seed, calm),)) for seed in range(3)]
    runs = run(engine, calms, trace="all")
    assert {tuple(point.taken for point in one.trace if point.options) for one in runs} == {(1, 1, 1, 1, 1, 1, 0)}
    assert len({one.timeline.digest for one in runs}) == 3
    again = calms[0].branch(9, seed=7)
    assert again.epochs == (Epoch(0, 0, calm), Epoch(9, 7))
    later = run(engine, [again, begin(0).branch(9, seed=7)])
    assert choices_from(later[0], 9) == choices_from(later[1], 9)


def test_a_future_that_still_goes_on_at_a_point_is_given_up_there(make: MakeEngine, name: str) -> None:
    engine = make(name, WALK)
    (base,) = run(engine, [begin(1)])
    timelines = [base.timeline.branch(3, seed) for seed in range(4)]
    whole, cut, longer, mixed = (
        run(engine, timelines, until=[Reach(point) for point in points]) for points in ((), [8] * 4, [100] * 4, [0, 8, 100, 8])
    )
    assert {one.timeline.points for one in whole} == {15}
    assert {one.outcome for one in cut} == {GIVEN_UP}
    assert [facts(one) for one in longer] == [facts(one) for one in whole]
    assert [facts(one) for one in mixed] == [facts(one) for one in (whole[0], cut[1], whole[2], cut[3])]
    for one, other in zip(cut, whole, strict=True):
        assert choices_from(one, 3) == [choice for choice in choices_from(other, 3) if choice[0] < 8]
