"""Machines that a program names: what belongs to them, how they die, come back, stand still and have clocks of their own."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from living import check, live, said, write

from crossroads import world

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")


def test_tasks_and_sockets_belong_to_the_host(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        with db:
            server = await asyncio.start_server(answer, db.address, 6379)
        streams = await asyncio.open_connection("db", 6379)
        assert streams[1].get_extra_info("peername") == (db.address, 6379)
        assert streams[1].get_extra_info("sockname")[0] == world.host("localhost").address != db.address
        assert await ask(streams) == b"re hello\\n"

        async def inner():
            return (await connect())[1].get_extra_info("sockname")[0]

        async def outer():
            return await asyncio.create_task(inner())

        assert await world.host("web").run(outer()) == world.host("web").address
        async with world.host("web"):
            there = asyncio.create_task(inner())
            async with db:
                pass
            assert await inner() == world.host("web").address
        assert await there == world.host("web").address
        assert await inner() == world.host("localhost").address
        """,
    )


def test_jobs_belong_to_the_host(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        def bound():
            made = socket.socket()
            made.bind((db.address, 5000))
            log.append("bound")
            return made.getsockname()

        async def jobs():
            loop = asyncio.get_running_loop()
            return await asyncio.to_thread(bound), await loop.run_in_executor(None, time.time)

        assert (await db.run(jobs()))[0] == (db.address, 5000)

        async def submit():
            asyncio.get_running_loop().run_in_executor(None, log.append, "never")
            db.kill()

        db.create_task(submit())
        await asyncio.sleep(5)
        assert log == ["bound"]
        """,
    )


def test_a_killed_host_runs_nothing_more(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        async def numbers():
            try:
                while True:
                    yield 1
                    await asyncio.sleep(0.5)
            finally:
                log.append("generator ended")

        async def busy():
            try:
                asyncio.get_running_loop().call_later(3, log.append, "timer")
                async for _ in numbers():
                    await asyncio.sleep(0)
            finally:
                log.append("busy ended")

        async def waits(future):
            try:
                await future
            except BaseException:
                log.append("caught")
            log.append("woke")

        future = asyncio.get_running_loop().create_future()
        tasks = [db.start(serve), db.create_task(busy()), db.create_task(waits(future))]
        await asyncio.sleep(1)
        streams = await connect()
        assert await ask(streams) == b"re hello\\n"
        db.kill()
        assert not db.is_alive
        future.set_result(1)
        late = db.create_task(waits(future))
        assert all(task.cancelled() for task in (*tasks, late))
        assert not any(task.cancel() for task in tasks)
        assert await asyncio.gather(*tasks, return_exceptions=True)
        del tasks, late
        await asyncio.sleep(10)
        assert log == ["serve"], log
        """,
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks")
def test_eager_tasks_belong_to_hosts(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        async def work(number):
            try:
                log.append(number)
                await asyncio.sleep(number)
                log.append("late")
            finally:
                log.append("finally")

        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        first = db.create_task(work(5))
        with db:
            second = asyncio.create_task(work(6))
        await asyncio.sleep(1)
        db.kill()
        third = db.create_task(work(7))
        assert first.cancelled() and second.cancelled() and third.cancelled()
        await asyncio.sleep(10)
        assert log == [5, 6], log
        """,
    )


def test_main_ends_while_a_host_is_dead_or_paused(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        web = world.host("web")
        db.start(serve)
        web.start(serve)
        await asyncio.sleep(1)
        db.kill()
        web.pause()
        web.create_task(serve())
        """,
    )


def test_a_machine_without_power_is_silent(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        db.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                raise AssertionError(await ask(streams))
        try:
            began = time.monotonic()
            raise AssertionError(await connect())
        except TimeoutError:
            assert 126 < time.monotonic() - began < 129
        db.restart()
        try:
            raise AssertionError(await streams[0].readline())
        except ConnectionResetError:
            pass
        await asyncio.sleep(1)
        assert await ask(await connect()) == b"re hello\\n"
        """,
    )


def test_killed_programs_leave_a_kernel_that_resets_and_refuses(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        db.kill(reset=True)
        for trial in (streams[0].readline, connect):
            try:
                raise AssertionError(await trial())
            except (ConnectionResetError, ConnectionRefusedError):
                pass
        """,
    )


def test_restart_begins_anew(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        db.start(serve)
        db.start(lambda: log.append("plain"))
        await asyncio.sleep(1)
        db.restart()
        await asyncio.sleep(1)
        assert sorted(log) == ["plain", "plain", "serve", "serve"], log
        assert await ask(await connect()) == b"re hello\\n"
        db.kill()
        db.restart(functools.partial(asyncio.sleep, 0))
        assert db.is_alive
        await asyncio.sleep(1)
        try:
            raise AssertionError(await connect())
        except ConnectionRefusedError:
            pass

        async def again():
            log.append("again")
            if log.count("again") < 3:
                db.restart()
                await asyncio.sleep(0)
                log.append("the dead walk")

        db.restart(again)
        await asyncio.sleep(1)
        assert log[-3:] == ["again"] * 3
        """,
    )


def test_who_waits_for_a_dead_host_hears_of_it(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        waiting = asyncio.create_task(db.run(asyncio.sleep(100)))
        await asyncio.sleep(1)
        db.kill()
        try:
            raise AssertionError(await waiting)
        except ConnectionResetError as error:
            assert str(error) == "[Errno 104] host db died"
        db.restart()
        waiting = asyncio.create_task(db.run(asyncio.sleep(100)))
        await asyncio.sleep(1)
        waiting.cancel()
        try:
            raise AssertionError(await waiting)
        except asyncio.CancelledError:
            pass
        async with asyncio.TaskGroup() as group, asyncio.timeout(5):
            with db:
                group.create_task(asyncio.sleep(100))
            await asyncio.sleep(1)
            db.kill()
        """,
    )


def test_visitors_survive(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        with db:
            streams = asyncio.create_task(asyncio.sleep(50))
            db.kill()
            await asyncio.sleep(1)
        assert streams.cancelled()
        await asyncio.sleep(1)
        """,
    )


def test_a_paused_host_stands_still(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        async def ticks():
            while True:
                await asyncio.sleep(1)
                log.append("tick")

        db.start(serve)
        await asyncio.sleep(0.5)
        db.create_task(ticks())
        await asyncio.sleep(2.5)
        assert log == ["serve", "tick", "tick"]
        streams = await connect()
        db.pause()
        question = asyncio.create_task(ask(streams))
        db.create_task(asyncio.sleep(0)).add_done_callback(lambda task: log.append("made"))
        await asyncio.sleep(10)
        assert log == ["serve", "tick", "tick"] and not question.done()
        assert (await connect())[1].get_extra_info("peername")
        db.pause()
        db.resume()
        db.resume()
        assert await question == b"re hello\\n"
        await asyncio.sleep(2.5)
        assert log.count("tick") == 5, log
        assert log.count("made") == 1
        db.pause()
        db.kill()
        db.resume()
        assert not db.is_alive
        await asyncio.sleep(5)
        assert log.count("tick") == 5, log
        """,
    )


def test_clocks_are_skewed(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        async def now():
            return time.time(), time.time_ns() / 1e9, datetime.datetime.now(datetime.timezone.utc).timestamp(), time.monotonic()

        db.clock_skew = 3600
        assert db.clock_skew == 3600
        there, here = await db.run(now()), await now()
        assert [round(one - other) for one, other in zip(there, here)] == [3600, 3600, 3600, 0]
        db.restart()
        assert db.clock_skew == 3600
        world.host("localhost").clock_skew = -60
        assert round((await now())[0] - here[0]) == -60
        """,
    )


def test_wires_are_cut_and_healed(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        web = world.host("web")
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        world.partition(db, "localhost")
        question = asyncio.create_task(ask(streams))
        await asyncio.sleep(20)
        assert not question.done()
        async def ask_anew():
            return await ask(await connect())
        assert await web.run(ask_anew()) == b"re hello\\n"
        world.heal("localhost", db)
        assert await question == b"re hello\\n"
        world.partition(db, "localhost")
        world.partition(web, db)
        world.heal()
        assert await ask(streams) == b"re hello\\n"
        assert await web.run(ask_anew()) == b"re hello\\n"
        """,
    )


def test_a_slow_wire_takes_longer(tmp_path: Path) -> None:
    source = """
        db.start(serve)
        await asyncio.sleep(1)
        streams = await connect()
        world.slow(db, "localhost", {factor})
        began = time.monotonic()
        for _ in range(20):
            await ask(streams)
        mark(time.monotonic() - began)
        """
    usual, slow = (live(write(tmp_path, source.format(factor=factor)), range(5), trace="all") for factor in (1, 100))
    for one, other in zip(usual, slow, strict=True):
        assert float(*said(other)) > 10 * float(*said(one))


def test_main_stays(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        here = world.host("localhost")
        for stop in (here.kill, here.pause, here.restart):
            try:
                stop()
            except ValueError as error:
                assert "would stop the program itself" in str(error)
            else:
                raise AssertionError(stop)
        """,
        seeds=1,
    )


def test_outside_of_a_run_hosts_are_this_machine() -> None:
    async def main() -> int:
        async with db:
            task = asyncio.create_task(asyncio.sleep(0, 1))
        with db:
            started = db.start(lambda: asyncio.sleep(0, 2))
        return await task + await started + await db.run(asyncio.sleep(0, 3)) + await db.create_task(asyncio.sleep(0, 4))

    db = world.host("db")
    assert (db.name, db.address, db.is_alive, db.clock_skew) == ("db", "127.0.0.1", True, 0.0)
    assert (db == world.host("db"), db == world.host("web"), len({db, world.host("db")}), repr(db)) == (True, False, 1, "host('db')")
    assert asyncio.run(main()) == 10


def test_outside_of_a_run_nothing_breaks() -> None:
    db = world.host("db")

    def skew() -> None:
        db.clock_skew = 1.0

    breaking = (
        db.kill,
        db.restart,
        db.pause,
        db.resume,
        skew,
        world.heal,
        lambda: world.partition("a", "b"),
        lambda: world.slow("a", "b", 2),
        lambda: world.lossy("a", "b", 0.5),
    )
    for call in breaking:
        with pytest.raises(RuntimeError, match="needs a run in the asyncio world; start the program with: crossroads run"):
            call()


def test_what_makes_no_sense_is_refused() -> None:
    for name in ("", "two words", 3):
        with pytest.raises(ValueError, match="needs a name without spaces"):
            world.host(name)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be more than 0"):
        world.slow("a", "b", 0)
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        world.lossy("a", "b", 2)


def test_the_module_is_light() -> None:
    code = "import sys; from crossroads import world; import crossroads; assert crossroads.world is world; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name.startswith("crossroads")} == {
        "crossroads",
        "crossroads.program",
        "crossroads.world",
    }
