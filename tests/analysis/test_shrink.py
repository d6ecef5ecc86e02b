"""The shortest ways to failures whose shortest way is known."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossroads.analysis.explain import explain
from crossroads.analysis.explore import explore
from crossroads.analysis.report import shrunk_from_data, shrunk_to_data
from crossroads.analysis.results import Failure, Shrunk
from crossroads.analysis.shrink import REPRODUCED, shrink
from crossroads.analysis.sources import load_failure, open_store, runner_for
from crossroads.errors import DivergedError, SettingError, StoreError
from crossroads.snapshots.limits import Limits
from crossroads.timeline.outcomes import Outcome

pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

TWO_OF_TEN = """
from crossroads import chance, decide

def main():
    taken = [decide(f"turn {number}", ["ahead", "left", "right"]) for number in range(10)]
    assert (taken[3], taken[7]) != ("right", "left")
"""

NUMBERS = """
from crossroads import chance

def main():
    hosts = chance("hosts", [1, 2, 3, 4, 5, 6], weights=[.4, .2, .1, .1, .1, .1])
    tries = chance("tries", list(range(8)))
    assert hosts < 3 or tries < 2
"""

A_SHORTER_ONE = """
from crossroads import chance

def main():
    taken = [chance(f"switch {number}", ["off", "on"]) == "on" for number in range(4)]
    rare = chance("master switch", ["off", "on"], weights=[.999, .001]) == "on"
    assert not (all(taken) or rare)
"""

EARLIER = """
from crossroads import chance

def main():
    lates = 0
    for turn in range(24):
        late = chance("reply", ["in time", "late"], weights=[.6, .4]) == "late"
        lates += late
        rare = .2 if turn >= 12 else .0005
        stop = chance("stop", ["not yet", "together"], weights=[1 - rare, rare]) == "together"
        assert not (late and stop)
        if stop or (turn >= 3 and not lates):
            return
"""

A_LONG_WAY = """
from crossroads import chance

def main():
    taken = [chance(f"switch {number}", ["off", "on"]) == "on" for number in range(30)]
    rare = chance("master switch", ["off", "on"], weights=[.999, .001]) == "on"
    assert sum(taken) < 14 and not rare
"""

RETRIES = """
from crossroads import chance

def main():
    waited = 0
    for upload in range(4):
        pause = 1
        while chance("line", ["up", "broken"], weights=[.75, .25]) == "broken":
            waited += pause
            pause *= 3
    assert waited < 13, waited
"""

REMEMBERS = """
from crossroads import chance

CALLS = []

def main():
    CALLS.append(1)
    taken = [chance(f"switch {number}", ["off", "on"]) for number in range(20)]
    assert taken[5] == "off" or taken[11] == "off" or taken[13] == "off" or len(CALLS) > 1
"""

ALWAYS = """
from crossroads import chance

def main():
    assert chance("coin", ["heads", "tails"]) == "tails"
"""

RACE = """
import asyncio

async def main():
    served = []

    async def serve(reader, writer):
        served.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 40000)

    async def client(name):
        _, writer = await asyncio.open_connection("127.0.0.1", 40000)
        writer.write(name.encode() + b"\\n")
        await asyncio.sleep(1)
        writer.close()

    await asyncio.gather(client("one"), client("two"))
    server.close()
    assert served == ["one\\n", "two\\n"], served
"""

DRAWS = """
import random

from crossroads import mark

def main():
    height = 5
    while 0 < height < 10:
        height += random.choice((-1, 1))
        mark("step")
    assert height
"""

BOTH = """
import random

from crossroads import chance

def main():
    luck = random.random()
    chance("unneeded", [1, 2, 3])
    assert chance("coin", ["heads", "tails"]) == "heads" or luck > 0.7
"""

ENDLESS = """
from crossroads import chance, mark

def main():
    chance("unneeded", [1, 2, 3])
    while chance("door", ["open", "locked"], weights=[.8, .2]) == "locked":
        while True:
            mark("waiting")
"""

STUCK = """
import signal
from crossroads import chance

def main():
    chance("unneeded", [1, 2, 3])
    if chance("door", ["open", "locked", "walled"], weights=[.7, .2, .1]) != "open":
        signal.pause()
"""

CRASH = """
import os, signal

from crossroads import chance, mark

def main():
    taken = [chance(f"wire {number}", ["green", "red", "blue"]) for number in range(5)]
    mark("closed")
    if taken[1] == "blue" and taken[4] != "green":
        os.kill(os.getpid(), signal.SIGSEGV)
"""

GONE = """
import os

from crossroads import chance

def main():
    if chance("one", ["stay", "go"]) == "go":
        if chance("two", ["stay", "go"]) == "go":
            os._exit(3)
"""

FLAKY = """
from pathlib import Path

from crossroads import chance

COUNT = Path(__file__).with_name("count")

def main():
    chance("coin", ["heads", "tails"])
    with COUNT.open("a") as file:
        file.write("x")
    assert COUNT.stat().st_size < 5
"""

TWO_WAYS_TO_FAIL = """
from crossroads import chance

def main():
    if chance("left", [0, 1]):
        assert not chance("right", [0, 1]), "both"
    raise SystemExit(chance("code", [0, 7], weights=[.9, .1]))
"""


def found(folder: Path, program: str, exception: str = "AssertionError", futures: int = 300, **settings: Any) -> Failure:
    (folder / "program.py").write_text(program)
    explored = explore(f"{folder}/program.py", futures=futures, store=folder / "found.sqlite", jobs=1, **settings)
    return next(failure for failure in explored.failures if exception in (failure.outcome.exception, failure.outcome.kind))


def shrunk_in(folder: Path, program: str, *given: Any, limits: Limits | None = None, **settings: Any) -> Shrunk:
    failure = found(folder, program, *given, limits=limits, **settings)
    shrunk = shrink(failure, store=folder / "found.sqlite", jobs=1, limits=limits)
    assert_holds(failure.outcome, shrunk)
    return shrunk


def choices(shrunk: Shrunk) -> list[tuple[str, str, str]]:
    return [(step.name, step.option, step.calm) for step in shrunk.steps]


def assert_holds(outcome: Outcome, shrunk: Shrunk) -> None:
    """It fails the same way, by points and by names; without any one choice it doesn't; and the survivor survives."""
    assert shrunk_from_data(json.loads(json.dumps(shrunk_to_data(shrunk)))) == shrunk
    assert shrunk.minimal
    assert shrunk.timeline.named == ()
    assert shrunk.survivor is not None
    named = shrunk.named.named
    less = [replace(shrunk.named, named=named[:at] + named[at + 1 :]) for at in range(len(named))]
    with runner_for(shrunk.timeline, jobs=1, limits=Limits(wall_s=1)) as runner:
        same, again, survived, *others = [run.outcome for run in runner.run([shrunk.timeline, shrunk.named, shrunk.survivor, *less])]
    assert same.origin == again.origin == outcome.origin
    assert not survived.is_failure
    assert outcome.origin not in [end.origin for end in others]


def test_two_decisions_of_ten(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, TWO_OF_TEN)
    assert choices(shrunk) == [("turn 3", "'right'", "'ahead'"), ("turn 7", "'left'", "'ahead'")]
    assert (shrunk.reproduced, shrunk.seeded, shrunk.notes) == (REPRODUCED, False, ())
    assert shrunk.timeline.epochs[0].calm == "all"
    assert shrunk.differs in shrunk.steps
    assert shrunk.survivor is not None
    assert len(shrunk.survivor.named) <= 2


def test_options_are_as_likely_and_numbers_as_small_as_they_can_be(tmp_path: Path) -> None:
    assert choices(shrunk_in(tmp_path, NUMBERS)) == [("hosts", "3", "1"), ("tries", "2", "0")]


def test_a_single_choice_that_the_failing_run_never_took(tmp_path: Path) -> None:
    assert choices(shrunk_in(tmp_path, A_SHORTER_ONE)) == [("master switch", "'on'", "'off'")]


def test_what_decided_late_is_tried_early(tmp_path: Path) -> None:
    failure = found(tmp_path, EARLIER, futures=1_000)
    account = explain(failure, store=tmp_path / "found.sqlite", jobs=1)
    assert "stop" in [step.label for step in account.turning_points]
    shrunk = shrink(replace(failure, account=account), store=tmp_path / "found.sqlite", jobs=1)
    assert [(step.name, step.option) for step in shrunk.steps] == [("reply", "'late'"), ("stop", "'together'")]
    assert all(step.occurrence < 12 for step in shrunk.steps)
    assert shrunk.minimal


def test_a_single_choice_is_found_before_a_long_way_is_shortened(tmp_path: Path) -> None:
    failure = found(tmp_path, A_LONG_WAY)
    assert choices(shrink(failure, budget=60, store=tmp_path / "found.sqlite")) == [("master switch", "'on'", "'off'")]


def test_fewer_times_in_a_row(tmp_path: Path) -> None:
    """1 + 3 + 9 minutes in one upload, or more of shorter ones in several."""
    shrunk = shrunk_in(tmp_path, RETRIES)
    assert [step.name for step in shrunk.steps] == ["line"] * 3


def test_a_program_that_remembers_is_lived_in_a_process_of_its_own_each_time(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, REMEMBERS)
    assert [step.name for step in shrunk.steps] == ["switch 5", "switch 11", "switch 13"]


def test_a_calm_run_that_fails(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, ALWAYS)
    assert (shrunk.steps, shrunk.seeded) == ((), False)
    assert shrunk.differs is not None
    assert (shrunk.differs.name, shrunk.saving) == ("coin", "'tails'")


def test_a_race(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, RACE)
    assert len(shrunk.steps) == 1
    assert "client 2" in shrunk.steps[0].name + shrunk.steps[0].option
    assert not shrunk.seeded


def test_a_program_that_draws_for_itself(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, DRAWS, futures=60)
    assert (shrunk.steps, shrunk.seeded, shrunk.minimal) == ((), True, True)
    assert shrunk.timeline.points == 6
    assert "it depends on what the program draws itself: seed" in shrunk.notes[0]


def test_draws_and_a_choice(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, BOTH)
    assert choices(shrunk) == [("coin", "'tails'", "'heads'")]
    assert shrunk.seeded
    assert "it also depends on what the program draws itself" in shrunk.notes[0]


def test_a_run_without_end(tmp_path: Path) -> None:
    failure = found(tmp_path, ENDLESS, "step limit", futures=40, steps=2_000)
    shrunk = shrink(failure, store=tmp_path / "found.sqlite")
    assert choices(shrunk) == [("door", "'locked'", "'open'")]
    assert shrunk.minimal


def test_a_run_that_is_stuck(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, STUCK, "wall limit", futures=12, limits=Limits(wall_s=0.3))
    assert choices(shrunk) == [("door", "'locked'", "'open'")]


def test_a_run_that_crashes_leaves_no_word_of_its_choices(tmp_path: Path) -> None:
    shrunk = shrunk_in(tmp_path, CRASH, "SIGSEGV")
    assert choices(shrunk) == [("wire 1", "'blue'", "'green'"), ("wire 4", "'red'", "'green'")]


def test_a_run_that_is_gone_with_its_last_choice(tmp_path: Path) -> None:
    assert choices(shrunk_in(tmp_path, GONE, "exited")) == [("one", "'go'", "'stay'"), ("two", "'go'", "'stay'")]


def test_other_failures_are_neither_this_one_nor_survivors(tmp_path: Path) -> None:
    assert choices(shrunk_in(tmp_path, TWO_WAYS_TO_FAIL)) == [("left", "1", "0"), ("right", "1", "0")]


def test_a_failure_that_comes_and_goes_is_refused(tmp_path: Path) -> None:
    failure = found(tmp_path, FLAKY, futures=20)
    (tmp_path / "count").unlink()
    with pytest.raises(DivergedError, match="the failing run isn't the same any more"):
        shrink(failure, store=tmp_path / "found.sqlite")


def test_it_is_kept_with_the_failure(tmp_path: Path) -> None:
    failure = found(tmp_path, TWO_OF_TEN)
    assert failure.shrunk is None
    shrunk = shrink(failure.id[:6], store=tmp_path / "found.sqlite")
    with open_store(tmp_path / "found.sqlite") as store:
        assert load_failure(store, failure.id).shrunk == shrunk
        store.save_piece(failure.id, "shrunk", {"steps": 3})
        with pytest.raises(StoreError, match="shrink that failure again"):
            load_failure(store, failure.id)


def test_a_small_budget_gives_what_was_found_until_then(tmp_path: Path) -> None:
    failure = found(tmp_path, TWO_OF_TEN)
    shrunk = shrink(failure, seconds=1e-9, store=tmp_path / "found.sqlite")
    assert (shrunk.minimal, shrunk.timeline) == (False, failure.timeline)
    assert "futures or time ran short" in shrunk.notes[-1]
    assert shrink(failure, budget=50, store=tmp_path / "found.sqlite").reproduced == REPRODUCED


@pytest.mark.parametrize(("settings", "rule"), [({"budget": 49}, "at least 50"), ({"seconds": 0}, "more than 0"), ({"seed": -1}, "from 0")])
def test_settings_out_of_range(tmp_path: Path, settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(SettingError, match=rule):
        shrink("abcdef01", store=tmp_path / "found.sqlite", **settings)


def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    failure = found(tmp_path, TWO_OF_TEN)
    one, other = (replace(shrink(failure, jobs=jobs, store=tmp_path / "found.sqlite"), futures=0, seconds=0) for jobs in (1, 3))
    assert one == other
