"""The cancel sweep: what it finds, what it lets pass, what it says where it can't tell; and that its futures are ordinary ones."""

from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.cancellations import Cancellation, each_in_turn
from crossroads.analysis.sources import open_store
from crossroads.analysis.swept import sweep_to_data
from crossroads.errors import SettingError
from crossroads.timeline.formats import from_data
from crossroads.timeline.timelines import Epoch, Timeline
from crossroads.worlds.asyncio.awaits import Met

PROGRAMS = Path(__file__).parents[1] / "worlds" / "asyncio" / "sweep_programs.py"

NETWORK = """
import asyncio

async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(b"got " + line)
    writer.close()

async def ask(streams, answers):
    reader, writer = streams
    writer.write(b"hello\\n")
    try:
        answers.append(await reader.readline())
    except asyncio.CancelledError:
        assert not answers, "gave up after the other was through"
        raise

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 8000)
    streams = [await asyncio.open_connection("127.0.0.1", 8000) for _ in range(2)]
    answers = []
    tasks = [asyncio.create_task(ask(one, answers), name=name) for name, one in zip(("first", "second"), streams)]
    await asyncio.wait(tasks)
    for task in tasks:
        assert task.cancelled() or task.exception() is None, task.exception()
    server.close()
"""

CAREFUL = """
import asyncio
from crossroads import chance

async def work():
    await asyncio.sleep(0.01)
    assert chance("weather", ["calm", "storm"]) == "calm", "wet"

async def main():
    await asyncio.gather(work(), return_exceptions=False)
"""

ANYIO = """
import asyncio
import anyio

async def lock():
    lock = anyio.Lock()
    async def work():
        async with lock:
            await anyio.sleep(0.01)
    await asyncio.wait([asyncio.create_task(work()) for _ in range(3)])
    assert not lock.statistics().locked, "the lock is held by nobody"

async def limiter():
    limiter = anyio.CapacityLimiter(1)
    async def work():
        async with limiter:
            await anyio.sleep(0.01)
    await asyncio.wait([asyncio.create_task(work()) for _ in range(3)])
    assert not limiter.borrowed_tokens, "a token is lost"

async def stream():
    send, receive = anyio.create_memory_object_stream(2)
    got = []
    async def work():
        got.append(await receive.receive())
    tasks = [asyncio.create_task(work()) for _ in range(2)]
    await asyncio.sleep(0.01)
    send.send_nowait("letter")
    send.send_nowait("parcel")
    await asyncio.wait(tasks)
    assert len(got) + receive.statistics().current_buffer_used == 2, "an item is lost"
"""


def sweep(tmp_path: Path, function: str, cancel: str, **settings: object) -> crossroads.Sweep:
    target = function if ":" in function else f"{PROGRAMS}:{function}"
    return crossroads.sweep_cancel(target, cancel=cancel, store=tmp_path / "store.sqlite", **settings)  # type: ignore[arg-type]


def write(tmp_path: Path, text: str) -> str:
    (tmp_path / "program.py").write_text(text)
    return f"{tmp_path / 'program.py'}:main"


def test_a_slot_that_is_lost_as_it_arrives(tmp_path: Path) -> None:
    found = sweep(tmp_path, "leaky", "Pool.acquire", futures=12)
    [one] = found.awaits
    assert one.moments == ("as its result arrives",)
    assert one.failure is not None
    assert one.failure.moment == "as its result arrives"
    assert {failure.outcome.message for failure in found.failures} == {"1 users wait for a slot for ever", "a slot is lost"}
    assert (found.moments, found.tried, found.is_safe) == (6, 6, False)
    for failure in found.failures:
        replayed = crossroads.replay(failure)
        assert replayed.same, failure
    account = crossroads.explain(found.failures[0], store=tmp_path / "store.sqlite")
    [step] = account.turning_points
    assert "await of Pool.acquire is over" in step.label
    assert [(option.option, option.taken, option.weight) for option in step.options] == [("go on", False, 1.0), ("cancel it", True, 0.0)]
    assert account.baseline.value == 0.0
    assert account.last_way_out is not None
    assert account.last_way_out.option == "go on"


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "cancel"),
    [("sound", "user"), ("taken_whole", "take"), ("shielded", "visit"), ("timed", "patient"), ("grouped", "parent")],
)
def test_what_is_safe(tmp_path: Path, function: str, cancel: str) -> None:
    found = sweep(tmp_path, function, cancel, futures=60)
    assert found.is_safe
    assert found.failures == ()
    assert all(one.is_checked and not one.ended for one in found.awaits)


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "cancel", "moments"),
    [
        ("strict", "acquire", ("while it waits",)),
        ("handed_over", "take", ("at once",)),
        ("cleaning", "visit", ("at once", "as its result arrives")),
        ("stubborn", "wait_again", ("at once", "while it waits", "as its result arrives")),
    ],
)
def test_what_is_not(tmp_path: Path, function: str, cancel: str, moments: tuple[str, ...]) -> None:
    found = sweep(tmp_path, function, cancel, futures=12)
    assert [one.moments for one in found.awaits if one.failed] == [moments]


def test_the_main_coroutine_ends_without_its_checks(tmp_path: Path) -> None:
    found = sweep(tmp_path, "direct", "direct", futures=3)
    [one] = found.awaits
    assert (one.futures, one.ended, one.failed, one.is_checked) == (2, 2, 0, False)
    assert found.exploration.explored.other == {"cancelled": 2}
    assert any("ended the program before its own checks" in note for note in found.notes)


@pytest.mark.once
@pytest.mark.slow
def test_other_choices_are_varied(tmp_path: Path) -> None:
    target = write(tmp_path, NETWORK)
    found = sweep(tmp_path, target, "first", futures=80)
    [one] = found.awaits
    assert found.exploration.explored.futures == 80
    assert found.uncancelled.futures > 4
    assert 0 < one.failed < one.futures
    assert len({failure.timeline.epochs for failure in found.failures}) == len(found.failures)
    assert sweep_to_data(found)["sweep"] == sweep_to_data(sweep(tmp_path, target, "first", futures=80, jobs=1))["sweep"]


def test_a_larger_sweep_adds_to_a_smaller_one(tmp_path: Path) -> None:
    def kept() -> tuple[int, int]:
        with open_store(tmp_path / "store.sqlite") as store:
            [known] = store.explorations()
            return known.futures, sum(row.count for row in store.failures())

    sweep(tmp_path, "leaky", "acquire", futures=4)
    assert kept()[0] == 4
    found = sweep(tmp_path, "leaky", "acquire", futures=20)
    assert kept() == (20, found.exploration.explored.failed)
    sweep(tmp_path, "leaky", "acquire", futures=7)
    assert kept()[0] == 20


def test_a_program_that_fails_by_itself(tmp_path: Path) -> None:
    found = sweep(tmp_path, write(tmp_path, CAREFUL), "work", futures=30)
    assert found.uncancelled.failed
    assert [failure.outcome.message for failure in found.failures] == ["wet"]
    assert any("fails without a cancellation, too" in note for note in found.notes)


def test_a_name_that_never_waits(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refused:
        sweep(tmp_path, "leaky", "nobody", futures=50)
    assert str(refused.value).startswith("cancel=nobody was never met at an await in 48 futures of ")
    assert str(refused.value).endswith("; those that wait there: leaky, use, user, acquire; name one of them")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cancel": ""}, "cancel='' must be a name of 1 to 200 characters"),
        ({"cancel": "user", "futures": 0}, "futures=0 must be at least 1"),
        ({"cancel": "user", "faults": ("fire",)}, "faults=fire isn't one of"),
    ],
)
def test_settings_out_of_range(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        crossroads.sweep_cancel(f"{PROGRAMS}:leaky", store=tmp_path / "store.sqlite", **settings)  # type: ignore[arg-type]


def test_plain_programs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cancel=user needs an asyncio program"):
        sweep(tmp_path, write(tmp_path, "def main():\n    pass\n"), "user")


def test_each_await_comes_once_before_any_comes_again() -> None:
    base = Timeline("a.py:main", (Epoch(0, 1),))
    places = ["get", "get", "put", "get", "put"]
    found = [Cancellation(base, Met(number, "f", "begins", number, place, ())) for number, place in enumerate(places, 1)]
    assert [one.met.number for one in each_in_turn(found)] == [1, 3, 2, 5, 4]


def test_the_report_as_data(tmp_path: Path) -> None:
    data = sweep_to_data(sweep(tmp_path, "cleaning", "visit", futures=5))
    assert data["schema"] == "crossroads-report/1"
    swept = data["sweep"]
    assert (swept["cancel"], swept["moments"], swept["tried"], swept["uncancelled"]["futures"]) == ("visit", 4, 4, 1)
    safe, unsafe = swept["awaits"]
    assert (safe["futures"], safe["failed"], safe["failure"]) == (2, 0, None)
    assert (unsafe["failed"], unsafe["moments"]) == (2, ["at once", "as its result arrives"])
    assert unsafe["failure"]["id"] == data["failures"][0]["id"]
    assert from_data(unsafe["failure"]["timeline"]).world.cancel == "visit"


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(("function", "moments"), [("lock", ()), ("limiter", ()), ("stream", ("as its result arrives",))])
def test_anyio(tmp_path: Path, function: str, moments: tuple[str, ...]) -> None:
    """Its locks pass on what arrives together with a cancellation; its streams do where a cancel scope of its own has cancelled."""
    pytest.importorskip("anyio")
    found = sweep(tmp_path, write(tmp_path, ANYIO).replace("main", function), "work", futures=30)
    assert {moment for one in found.awaits for moment in one.moments} == set(moments)
    assert all(one.is_checked for one in found.awaits)
