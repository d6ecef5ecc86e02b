"""The lean pass, `call_soon` and shutdown of a run's loop, against those of the stock loop below it: the same log at the same times."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jobs_tools import Place

from crossroads.worlds.asyncio.loop import WorldLoop

Log = list[tuple[str, int]]
Program = Callable[[Callable[[str], None]], Awaitable[None]]


class Scene(Place):
    """A small world whose loops are lean or not."""

    def __init__(self, is_lean: bool) -> None:
        super().__init__(1)
        self.is_lean = is_lean

    def new_event_loop(self) -> WorldLoop:
        loop = super().new_event_loop()
        assert loop._quick
        loop._quick = self.is_lean
        return loop


def log_of(program: Program, is_lean: bool) -> Log:
    scene = Scene(is_lean)
    log: Log = []

    def note(text: str) -> None:
        log.append((text, scene.clock.elapsed_ns))

    async def main() -> None:
        await program(note)
        note(f"task {asyncio.create_task(asyncio.sleep(0)).get_name()}")

    for _ in range(2):
        scene.run(main)
        note("over")
    return log


async def callbacks(note: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: note(f"handled {context['exception']!r}"))

    def again(left: int) -> None:
        note(f"again {left}")
        if left:
            loop.call_soon(again, left - 1)

    def fail() -> None:
        raise ValueError("no")

    handles = [loop.call_soon(note, f"soon {number}") for number in range(5)]
    handles[1].cancel()
    loop.call_soon(handles[3].cancel)
    loop.call_soon(again, 3)
    loop.call_soon(fail)
    loop.call_soon(note, "after the failure")
    await asyncio.sleep(0.01)


async def timers(note: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in range(20):
        loop.call_later(0.001 * (number % 7), note, f"timer {number}")
    gone = [loop.call_later(0.0005, note, "never") for _ in range(120)]
    for timer in gone:
        timer.cancel()
    loop.call_later(0, loop.call_soon, note, "at once")
    await asyncio.sleep(0.02)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.3)
    note("timeout")


async def streams(note: Callable[[str], None]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            note(f"server has {line!r}")
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def ask(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", 8000)
        for turn in range(5):
            writer.write(b"%d of %d\n" % (turn, number))
            note(f"client has {await reader.readline()!r}")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 8000)
    await asyncio.gather(*(ask(number) for number in range(3)))
    server.close()
    await server.wait_closed()


async def generators_and_jobs(note: Callable[[str], None]) -> None:
    async def numbers() -> Any:
        try:
            yield 1
        finally:
            note("generator is shut")

    generator = numbers()
    note(f"{await anext(generator)}")
    note(f"{await asyncio.to_thread(lambda: 2)}")
    asyncio.get_running_loop().call_soon(note, "left over")


@pytest.mark.parametrize("program", [callbacks, timers, streams, generators_and_jobs])
def test_lean_loops_do_what_stock_ones_do(program: Program) -> None:
    lean = log_of(program, True)
    assert lean == log_of(program, False)
    assert lean[-1][0] == "over"


def test_a_closed_loop_takes_no_callbacks() -> None:
    loop = Scene(True).new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon(print)


def test_debug_mode_is_the_stock_loops() -> None:
    loop = Scene(True).new_event_loop()
    loop.set_debug(True)
    handle = loop.call_soon(print)
    assert handle._source_traceback[-1].name == "test_debug_mode_is_the_stock_loops"
    with pytest.raises(TypeError, match="callable"):
        loop.call_soon(None)
    loop.set_debug(False)
    assert loop._quick
    loop.close()
