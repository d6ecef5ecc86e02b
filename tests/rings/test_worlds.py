"""Line 1 in company: event loops, SimPy models, random generators."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ring_tools import Log, fork_and_run, run

import crossroads
from crossroads.worlds.asyncio import new_event_loop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"stock": asyncio.new_event_loop, "ours": new_event_loop}


@pytest.mark.parametrize("loop", LOOPS)
def test_coroutines_go_back(tmp_path: Path, loop: str) -> None:
    async def talk(log: Log) -> None:
        arrivals: asyncio.Queue[int] = asyncio.Queue()

        async def produce() -> None:
            for number in range(5):
                await asyncio.sleep(0.001)
                arrivals.put_nowait(number)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        producer = asyncio.create_task(produce())
        first = await arrivals.get()
        here = crossroads.mark()
        rest = [await arrivals.get() for _ in range(4)]
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        log(here.memory, first, rest, await reader.readline(), asyncio.current_task() in asyncio.all_tasks())
        writer.close()
        if here.returns < 2:
            crossroads.go_back(here, here.returns)
        await producer
        server.close()

    def program(log: Log) -> None:
        with crossroads.ring(), asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(talk(log))

    ended = fork_and_run(tmp_path, program)
    assert ended.code == 0, ended.output
    assert ended.log == tuple(f"{memory} 0 [1, 2, 3, 4] b'hello\\n' True" for memory in ("()", "(0,)", "(0, 1)"))


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_discarded_life_took_off_its_loop_is_on_the_next_one(tmp_path: Path, loop: str) -> None:
    async def listen(log: Log) -> None:
        running, heard = asyncio.get_running_loop(), asyncio.Event()
        reading, writing = os.pipe()
        running.add_reader(reading, heard.set)
        here = crossroads.mark()
        if not here.returns:
            running.remove_reader(reading)
            crossroads.go_back(here)
        running.call_later(0.01, os.write, writing, b"x")
        async with asyncio.timeout(30):
            await heard.wait()
        log("heard")

    def program(log: Log) -> None:
        with crossroads.ring(), asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(listen(log))

    assert fork_and_run(tmp_path, program).log == ("heard",)


def test_a_loop_that_rests_during_the_mark_works_afterwards(tmp_path: Path) -> None:
    async def meet() -> str:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        line = await reader.readline()
        writer.close()
        return line.decode().strip()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(lambda reader, writer: (writer.write(b"hello\n"), writer.close()), "127.0.0.1", 0)

    server: Any = None

    def program(log: Log) -> None:
        nonlocal server
        with crossroads.ring(), asyncio.Runner() as runner:
            server = runner.run(serve())
            here = crossroads.mark()
            log(here.returns, runner.run(meet()))
            if here.returns < 2:
                crossroads.go_back(here)

    ended = fork_and_run(tmp_path, program)
    assert ended.log == ("0 hello", "1 hello", "2 hello"), ended.output


def test_a_foreign_epoll_object_is_refused(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        import select

        with crossroads.ring(), select.epoll():
            crossroads.mark()

    output = fork_and_run(tmp_path, program).output
    assert output.startswith("RingError: mark() can't give each life an epoll object of its own for descriptor ")


def test_models_of_simpy_go_back(tmp_path: Path) -> None:
    simpy = pytest.importorskip("simpy")

    def patient(env: Any, beds: Any, stay: float, log: Log) -> Any:
        with beds.request() as request:
            yield request
            if env.now == 4:
                here = crossroads.mark("noon")
                log(env.now, beds.count, here.memory)
                yield env.timeout(stay + len(here.memory))
                if len(here.memory) < 3:
                    crossroads.go_back(here, env.now)
            yield env.timeout(stay)

    def program(log: Log) -> None:
        with crossroads.ring():
            env = simpy.Environment()
            beds = simpy.Resource(env, 2)
            for stay in (4, 5, 3, 2):
                env.process(patient(env, beds, stay, log))
            env.run()
            log(env.now)

    ended = fork_and_run(tmp_path, program)
    assert ended.log == ("4 2 ()", "4 2 (7,)", "4 2 (7, 8)", "4 2 (7, 8, 9)", "13"), ended.output


@pytest.mark.parametrize("redraw", [True, False])
def test_draws_after_a_return(tmp_path: Path, redraw: bool) -> None:
    def program(log: Log) -> None:
        own = random.Random(7)
        random.gauss(0, 1)
        with crossroads.ring():
            here = crossroads.mark()
            log(random.random(), random.gauss(0, 1), own.random())
            if here.returns < 3:
                crossroads.go_back(here, redraw=redraw)

    draws = [line.split() for line in fork_and_run(tmp_path, program).log]
    assert [len(set(column)) for column in zip(*draws, strict=True)] == ([4, 4, 4] if redraw else [1, 1, 1])


@pytest.mark.parametrize("redraw", [True, False])
def test_draws_of_numpy_after_a_return(tmp_path: Path, redraw: bool) -> None:
    numpy = pytest.importorskip("numpy")

    def program(log: Log) -> None:
        own, legacy = numpy.random.default_rng(7), numpy.random.RandomState(7)
        philox = numpy.random.Generator(numpy.random.Philox(7))
        with crossroads.ring():
            here = crossroads.mark()
            log(numpy.random.random(), own.normal(), legacy.normal(), philox.random())
            if here.returns < 3:
                crossroads.go_back(here, redraw=redraw)

    ended = fork_and_run(tmp_path, program)
    draws = [line.split() for line in ended.log]
    assert [len(set(column)) for column in zip(*draws, strict=True)] == ([4] * 4 if redraw else [1] * 4), ended.output


def test_a_future_cant_go_back(tmp_path: Path) -> None:
    source = """
        import crossroads
        def main():
            with crossroads.ring():
                here = crossroads.mark("here", guard=crossroads.Guard())
                assert here.memory == ()
                crossroads.go_back(here)
        """
    (tmp_path / "prog.py").touch()
    done = run(tmp_path, source)
    assert done.returncode == 0
    found = crossroads.explore(str(tmp_path / "prog.py"), futures=3, store=tmp_path / "store.sqlite")
    message = found.failures[0].outcome.message
    assert message == "a future that is being explored can't go back; to use the ring, start the program with: crossroads live"
