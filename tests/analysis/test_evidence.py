"""What is lived for a page: the failing run with a look at its points, its nearest survivor, the lines that tell."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crossroads.analysis.evidence import Evidence, gather
from crossroads.analysis.explain import explain
from crossroads.analysis.explore import explore
from crossroads.analysis.lines import ochiai
from crossroads.analysis.results import Failure
from crossroads.errors import SettingError
from crossroads.timeline.outcomes import Outcome

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

BOAT = """
import logging
import random

from crossroads import chance, decide, mark


def main():
    print("we leave")
    route = decide("route", ["coast", "open sea"])
    for day in range(6):
        mark("day")
        weather = chance("weather", ["calm", "storm"], weights=[0.8, 0.2])
        random.random()
        print("day", day, weather)
        if weather == "storm":
            logging.warning("a storm")
            if route == "open sea":
                raise RuntimeError("the boat was lost")
"""

TWO = """
import asyncio


async def serve(reader, writer):
    line = await reader.readline()
    writer.write(b"you said " + line)
    await writer.drain()
    writer.close()


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\\n")
    answer = await asyncio.wait_for(reader.readline(), 0.02)
    writer.close()
    return answer


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await ask(server.sockets[0].getsockname()[1])
"""


OUTAGE = """
import asyncio

from crossroads import chance, world

db = world.host("db")


async def serve():
    async def answer(reader, writer):
        await reader.readline()

    await (await asyncio.start_server(answer, db.address, 5432)).serve_forever()


async def main():
    db.start(serve)
    await asyncio.sleep(1)
    reader, writer = await asyncio.open_connection(db.address, 5432)
    if chance("killed", [0, 1]):
        db.kill(reset=True)
    writer.write(b"one\\n")
    await asyncio.sleep(1)
    assert db.is_alive, "the database is gone"
"""

CLOSER = """
import os

from crossroads import chance, mark


def main():
    mark("first")
    os.closerange(0, 2000)
    mark("second")
    if chance("coin", [0, 1]):
        os._exit(3)
"""


def found(folder: Path, text: str, futures: int) -> Failure:
    program = folder / "program.py"
    program.write_text(text)
    store = folder / "store.sqlite"
    exploration = explore(str(program), futures=futures, store=store, jobs=1)
    failure = exploration.failures[0]
    account = explain(failure, budget=1200, store=store, jobs=1)
    return Failure(failure.id, failure.outcome, failure.count, failure.probability, failure.timeline, failure.output, account)


@pytest.fixture(scope="module")
def boat(tmp_path_factory: pytest.TempPathFactory) -> Failure:
    return found(tmp_path_factory.mktemp("boat"), BOAT, 60)


@pytest.fixture(scope="module")
def boat_seen(boat: Failure) -> Evidence:
    return gather(boat, watch=("route", "no_such_name"), jobs=1)


def test_the_failing_run_is_the_same_again(boat_seen: Evidence, boat: Failure) -> None:
    assert boat_seen.doomed is not None
    assert boat_seen.doomed.same
    assert [moment.point.index for moment in boat_seen.doomed.moments] == list(range(boat.timeline.points + 1))
    assert boat_seen.notes == ()
    assert boat_seen.engine == "fork"


def test_the_neighbour_differs_in_one_choice(boat_seen: Evidence, boat: Failure) -> None:
    lives = boat_seen.lives
    assert lives is not None
    assert lives.different == 1
    assert lives.option in ("'calm'", "'coast'")
    assert lives.survivor.same
    assert lives.survivor.timeline.outcome is not None
    assert lives.survivor.timeline.outcome.kind == "passed"
    assert lives.survivor.timeline.epochs == boat.timeline.epochs
    assert len(lives.survivor.timeline.overrides) == 1
    past = [moment for moment in lives.survivor.moments if moment.point.index < lives.common]
    assert past == [moment for moment in lives.doomed.moments if moment.point.index < lives.common]


def test_output_and_log_lines_belong_to_their_points(boat_seen: Evidence) -> None:
    assert boat_seen.doomed is not None
    moments = boat_seen.doomed.moments
    assert moments[0].printed == "we leave\n"
    assert [moment.point.label for moment in moments if moment.printed.startswith("day ")] == ["weather"] * (len(moments) // 2 - 1)
    assert moments[-2].printed.endswith("storm\nWARNING:root:a storm\n")
    assert moments[-1].printed.startswith("Traceback")
    assert moments[-1].printed.endswith("RuntimeError: the boat was lost\n")


def test_watched_expressions(boat_seen: Evidence) -> None:
    assert boat_seen.doomed is not None
    last = boat_seen.doomed.moments[-2]
    assert last.values[0].text == "'open sea'"
    assert last.values[1].error == "NameError: name 'no_such_name' is not defined"


def test_lines_that_tell_are_found(boat_seen: Evidence) -> None:
    assert boat_seen.lines
    told = {line.line: line for line in boat_seen.lines[-1].lines}
    number = BOAT.splitlines().index('                raise RuntimeError("the boat was lost")') + 1
    assert told[number].ochiai == 1.0
    assert told[number].surviving == 0
    assert told[number].failure.low > 0.5


def test_a_text_that_is_no_expression_is_refused(boat: Failure) -> None:
    with pytest.raises(SettingError, match="watch='for' isn't an expression"):
        gather(boat, watch=("for",))


def test_a_program_that_is_gone_leaves_a_note(boat: Failure, tmp_path: Path) -> None:
    gone = replace(boat, timeline=replace(boat.timeline, target=str(tmp_path / "gone.py:main")))
    seen = gather(gone)
    assert seen.doomed is None
    assert "could not be run" in seen.notes[0]


def test_a_run_that_hangs_is_not_lived_again(boat: Failure) -> None:
    hung = replace(boat, outcome=Outcome("hung", "wall limit"))
    assert gather(hung).notes == ("the run wasn't lived again for this page, since it hangs",)


def test_a_program_that_closes_everything_is_seen_until_then(tmp_path: Path) -> None:
    failure = found(tmp_path, CLOSER, 20)
    seen = gather(failure, jobs=1)
    assert seen.doomed is not None
    assert [moment.point.label for moment in seen.doomed.moments] == ["start", "first"]


def test_an_async_program_shows_tasks_and_messages(tmp_path: Path) -> None:
    failure = found(tmp_path, TWO, 150)
    assert failure.outcome.exception.endswith("TimeoutError")
    seen = gather(failure, watch=("port",), jobs=1)
    assert seen.lives is not None
    states = [moment.state for moment in seen.lives.doomed.moments]
    messages = [row["label"] for state in states for row in state["messages"]]
    assert any("-> 127.0.0.1:" in label for label in messages)
    assert any(row["where"].startswith("program.py:") for state in states for row in state["tasks"])
    assert any(state["connections"] for state in states)
    assert any(value.text.startswith("Task-1: ") for moment in seen.lives.doomed.moments for value in moment.values)


def test_ochiais_coefficient() -> None:
    assert ochiai(0, 0, 5) == 0.0
    assert ochiai(5, 5, 5) == 1.0
    assert ochiai(2, 8, 4) == pytest.approx(2 / 32**0.5)


@pytest.mark.once
def test_a_machine_that_died_is_seen_dead(tmp_path: Path) -> None:
    seen = gather(found(tmp_path, OUTAGE, 20), jobs=1)
    assert seen.doomed is not None
    assert seen.doomed.same
    assert {"name": "db", "state": "dead"} in seen.doomed.moments[-1].state["hosts"]
    assert seen.lives is not None
    assert {"name": "db", "state": "alive"} in seen.lives.survivor.moments[-1].state["hosts"]
