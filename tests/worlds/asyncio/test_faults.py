"""Faults drawn by the world: only where they are asked for, each a choice that a report can name, and determined by the timeline."""

import sys
from pathlib import Path

import pytest
from living import live, runner, said, timelines, write

import crossroads
from crossroads.analysis.explore import check_faults
from crossroads.errors import SettingError
from crossroads.snapshots.run import Run
from crossroads.store.keys import ExplorationKey
from crossroads.timeline.timelines import FAULT_KINDS, WorldSettings
from crossroads.worlds.asyncio.weather import FAULTS_MAX

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

BUSY = """
    arrived = []
    web = world.host("web")
    db.start(serve)
    await asyncio.sleep(1)

    async def work(number):
        for question in range(10):
            try:
                async with asyncio.timeout(20):
                    assert await ask(await connect(), b"question") in (b"re question\\n", b"")
            except (OSError, TimeoutError) as error:
                mark(type(error).__name__)
            await asyncio.sleep(0.1)

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport
        def datagram_received(self, data, address):
            arrived.append(int(data))

    async def listen():
        await asyncio.get_running_loop().create_datagram_endpoint(Echo, (world.host("logs").address, 514))

    world.host("logs").start(listen)
    await asyncio.sleep(1)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, remote_addr=(world.host("logs").address, 514))
    workers = [web.create_task(work(number)) for number in range(3)]
    for number in range(20):
        transport.sendto(b"%d" % number)
        await asyncio.sleep(0.05)
    await asyncio.wait(workers)
    await asyncio.sleep(60)
    mark(f"{len(arrived)} {arrived == sorted(arrived)}")
    """
SEEDS = range(30)


def faults_of(run: Run) -> list[str]:
    """The faults that happened in a run, as its report names them."""
    found = [point for point in run.trace if point.kind == "fault"]
    return [point.options[point.taken] for point in found if point.taken]


def facts(run: Run) -> tuple[object, ...]:
    return run.timeline.outcome, run.timeline.digest, run.timeline.points


def test_without_being_asked_the_world_is_never_faulty(tmp_path: Path) -> None:
    for run in live(write(tmp_path, BUSY), SEEDS, trace="all"):
        assert run.timeline.outcome is not None
        assert run.timeline.outcome.kind == "passed"
        assert said(run) == ["20 True"]
        assert not any(point.kind == "fault" for point in run.trace)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("crash", ("db without power for 10 s", "db killed for 0.1 s", "web killed for good")),
        ("partition", ("wire cut for 0.1 s", "wire cut for 1 s", "wire cut for 10 s")),
        ("reset", ("connection reset",)),
        ("loss", ("lost", "doubled", "overtaken")),
    ],
)
def test_every_kind_happens_where_it_is_allowed(tmp_path: Path, kind: str, words: tuple[str, ...]) -> None:
    runs = live(write(tmp_path, BUSY), range(40), (kind,), trace="all")
    found = [faults_of(run) for run in runs]
    text = "\n".join(fault for faults in found for fault in faults)
    assert [word for word in words if word not in text] == []
    assert max(len(faults) for faults in found) <= FAULTS_MAX
    assert any(not faults for faults in found)
    for run in runs:
        assert run.timeline.outcome is not None
        assert run.timeline.outcome.kind == "passed", run.timeline.outcome
    assert len({str(said(run)) for run in runs}) > 1


def test_a_fault_is_named_after_what_it_met(tmp_path: Path) -> None:
    (run,) = live(write(tmp_path, BUSY), range(1), FAULT_KINDS, trace="all")
    labels = [point.label for point in run.trace if point.kind == "fault"]
    assert "fault on client 1 -> db:6379, message 1" in labels
    assert "fault on db:6379 -> client 1, message 1" in labels
    point = next(point for point in run.trace if point.label == "fault on client 1 -> db:6379, message 1")
    assert point.options[0] == "none"
    assert point.weights[0] == pytest.approx(0.99)
    assert point.where.endswith("in ask")


def test_same_timeline_same_run_and_fork_is_replay(tmp_path: Path) -> None:
    target = write(tmp_path, BUSY)
    wanted = timelines(target, SEEDS, FAULT_KINDS)
    with runner(target, FAULT_KINDS) as local:
        first = local.run(wanted)
        again = local.run(wanted)
        pristine = local.run(wanted, pristine=True)
        assert [facts(run) for run in first] == [facts(run) for run in again] == [facts(run) for run in pristine]
        branches = [run.timeline.branch(run.timeline.points * 2 // 3, seed=7) for run in first]
        forked = local.run(branches)
        assert [facts(run) for run in forked] == [facts(run) for run in local.run(branches, pristine=True)]
    assert len({run.timeline.digest for run in first}) == len(SEEDS)


def test_a_host_that_nobody_can_start_stays_dead(tmp_path: Path) -> None:
    body = """
        db.create_task(serve())
        await asyncio.sleep(1)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(600):
                streams = await connect()
                while await ask(streams):
                    await asyncio.sleep(0.1)
                    assert time.monotonic() < 1060, "nothing happened"
        mark(db.is_alive)
        """
    runs = live(write(tmp_path, body), range(30), ("crash",), trace="all")
    died = [run for run in runs if faults_of(run)]
    assert died
    assert {str(said(run)) for run in died} == {"['False']"}
    assert {fault for run in died for fault in faults_of(run)} == {"db without power for good", "db killed for good"}


def test_a_lossy_wire_harms_without_being_asked_for_more(tmp_path: Path) -> None:
    body = BUSY.replace("await asyncio.sleep(1)\n", 'await asyncio.sleep(1)\n    world.lossy("web", db, 0.3)\n', 1)
    runs = live(write(tmp_path, body), range(10), trace="all")
    harms = {harm for run in runs for harm in faults_of(run)}
    assert harms == {"stalls", "reset"}
    assert any("ConnectionResetError" in said(run) for run in runs)
    body = body.replace('"web", db', '"logs", "localhost"')
    runs = live(write(tmp_path, body), range(10), trace="all")
    assert {harm for run in runs for harm in faults_of(run)} == {"lost", "doubled", "overtaken"}
    assert any("False" in said(run)[-1] for run in runs)


def test_exploring_with_faults_finds_what_only_they_do(tmp_path: Path) -> None:
    body = """
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        for _ in range(20):
            assert await ask(streams) == b"re hello\\n"
        """
    target, store = write(tmp_path, body), tmp_path / "store.sqlite"
    calm = crossroads.explore(target, futures=100, store=store, jobs=1)
    assert calm.explored.failed == 0
    found = crossroads.explore(target, futures=100, store=store, jobs=1, faults=("reset",))
    assert "the world was allowed faults: reset" in found.notes
    assert not any("faults" in note for note in calm.notes)
    assert (found.resumed, found.explored.other) == (0, {})
    assert found.failures
    assert {failure.outcome.exception for failure in found.failures} <= {"ConnectionResetError", "AssertionError"}
    assert found.failures[0].timeline.world.faults == ("reset",)
    assert crossroads.replay(found.failures[0], store=store, quiet=True).same


def test_faults_that_nothing_can_meet_are_told(tmp_path: Path) -> None:
    body = """
        serving = asyncio.create_task(serve())
        await asyncio.sleep(1)
        await ask(await asyncio.open_connection("127.0.0.1", 6379))
        """
    here = write(tmp_path, body)
    found = crossroads.explore(here, futures=8, store=tmp_path / "store.sqlite", jobs=1, faults=("crash", "partition", "reset"))
    (note,) = (note for note in found.notes if "could meet" in note)
    assert note.startswith("nothing in this program could meet a crash or a partition: a crash needs a host beside localhost")
    found = crossroads.explore(write(tmp_path, BUSY), futures=8, store=tmp_path / "store.sqlite", jobs=1, faults=FAULT_KINDS)
    assert not [note for note in found.notes if "could meet" in note]


def test_faults_are_checked(tmp_path: Path) -> None:
    assert check_faults(["loss", "crash", "loss"]) == ("crash", "loss")
    assert check_faults("reset") == ("reset",)
    with pytest.raises(SettingError, match="faults=fire isn't one of crash, partition, reset, loss"):
        check_faults(["fire"])
    (tmp_path / "plain.py").write_text("def main(): pass\n")
    with pytest.raises(SettingError, match="faults=crash need an asyncio program"):
        crossroads.explore(str(tmp_path / "plain.py"), faults=["crash"])


def test_faults_are_part_of_what_names_an_exploration() -> None:
    keys = [ExplorationKey("a.py:main", WorldSettings("asyncio", faults=faults), 0, "", "3.13") for faults in ((), ("crash",), FAULT_KINDS)]
    assert len({key.to_text() for key in keys}) == 3
    assert [ExplorationKey.from_text(key.to_text()) for key in keys] == keys
    assert "faults" not in keys[0].to_text()
