"""What programs may expect of the world's loop beyond the order of its callbacks."""

from pathlib import Path

import pytest
from live_tools import WORLD, live_all, start

from crossroads.runners.local import LocalRunner
from crossroads.worlds.targets import parse_target

FUTURES = 6

PASSING_PROGRAM = """
import asyncio, contextvars, os, signal, sys
from crossroads import chance

NAME = contextvars.ContextVar("name", default="nobody")

async def signals():
    loop, got = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, got.set)
    os.kill(os.getpid(), signal.SIGTERM)
    await got.wait()
    assert loop.remove_signal_handler(signal.SIGTERM)
    assert not loop.remove_signal_handler(signal.SIGTERM)

async def equal_deadlines():
    loop, order = asyncio.get_running_loop(), []
    when = loop.time() + 1
    for number in range(20):
        loop.call_at(when, order.append, number)
    await asyncio.sleep(2)
    assert order == list(range(20))

async def executors():
    loop, done = asyncio.get_running_loop(), []
    loop.run_in_executor(None, done.append, 1)
    assert await asyncio.to_thread(sum, [1, 2]) == 3
    loop.run_in_executor(None, done.append, 2)
    await loop.shutdown_default_executor()
    assert done == [1, 2]
    try:
        loop.run_in_executor(None, done.append, 3)
    except RuntimeError:
        return
    raise AssertionError("an executor that was shut down took a job")

async def debugging():
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 3600
    assert loop.get_debug()
    await asyncio.gather(asyncio.sleep(0.1), asyncio.create_task(asyncio.sleep(0.2)))
    handle = loop.call_later(1, print)
    assert "test_loop" not in repr(handle) and "created at" in repr(handle)
    handle.cancel()
    try:
        loop.call_soon(asyncio.sleep)
    except TypeError:
        return
    raise AssertionError("a coroutine function was taken for a callback")

async def eager():
    if sys.version_info < (3, 12):
        return
    loop, said = asyncio.get_running_loop(), []
    loop.set_task_factory(asyncio.eager_task_factory)
    async def step():
        said.append("step")
        await asyncio.sleep(0)
        said.append("later")
    task = loop.create_task(step())
    assert said == ["step"]
    await task
    assert said == ["step", "later"]

async def contexts():
    loop, said = asyncio.get_running_loop(), []
    NAME.set("main")
    async def child():
        said.append(NAME.get())
        NAME.set("child")
        await asyncio.sleep(0.01)
        said.append(NAME.get())
        said.append(await asyncio.to_thread(NAME.get))
    await asyncio.create_task(child())
    assert said == ["main", "child", "child"] and NAME.get() == "main"
    context = contextvars.copy_context()
    context.run(NAME.set, "timer")
    future = loop.create_future()
    loop.call_later(1, lambda: future.set_result(NAME.get()), context=context)
    assert await future == "timer"

async def generators():
    closed = []
    async def numbers():
        try:
            while True:
                yield len(closed)
        finally:
            await asyncio.sleep(0.01)
            closed.append(True)
    kept = numbers()
    assert await anext(kept) == 0
    await asyncio.get_running_loop().shutdown_asyncgens()
    assert closed == [True]

async def errors():
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"])))
    loop.call_soon(lambda: 1 / 0)
    loop.call_later(1, lambda: {}["nothing"])
    await asyncio.sleep(2)
    assert told == [ZeroDivisionError, KeyError]

async def no_such_callbacks():
    loop = asyncio.get_running_loop()
    for wrong, error in ((lambda: loop.call_at(None, print), TypeError), (lambda: loop.add_signal_handler(99, print), ValueError),
                         (lambda: loop.add_signal_handler(15, asyncio.sleep), TypeError)):
        try:
            wrong()
        except error:
            continue
        raise AssertionError(f"{error} is missing")

PROGRAMS = [signals, equal_deadlines, executors, debugging, eager, contexts, generators, errors, no_such_callbacks]

def main():
    asyncio.run(chance("program", PROGRAMS)())
"""

ENDING_PROGRAM = """
import asyncio
from crossroads import chance

async def deadlock():
    lock = asyncio.Lock()
    await lock.acquire()
    asyncio.create_task(asyncio.sleep(5), name="sleeper")
    await lock.acquire()

async def silent(reader, writer):
    await asyncio.Event().wait()

async def deadlock_on_a_connection():
    server = await asyncio.start_server(silent, "127.0.0.1", 80)
    reader, writer = await asyncio.open_connection("127.0.0.1", 80)
    await reader.read()

async def spinning():
    while True:
        await asyncio.sleep(0)

async def waiting():
    await asyncio.sleep(3601)

async def just_in_time():
    await asyncio.sleep(3599)

async def take(one, other):
    async with one:
        await asyncio.sleep(1)
        async with other:
            pass

async def crosswise():
    one, other = asyncio.Lock(), asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        group.create_task(take(one, other), name="one")
        group.create_task(take(other, one), name="other")

PROGRAMS = [deadlock, deadlock_on_a_connection, spinning, waiting, just_in_time, crosswise]

def main():
    asyncio.run(chance("program", PROGRAMS)())
"""


@pytest.mark.slow
def test_a_loop_does_all_that_asyncio_s_does(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PASSING_PROGRAM)
    for run in live_all(path, 9, FUTURES):
        assert run.outcome.kind == "passed", (run.outcome, run.output)


STUBBORN_PROGRAM = """
import asyncio

async def stay():
    while True:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            pass

async def main():
    asyncio.create_task(stay(), name="stubborn")
    await asyncio.sleep(1)
"""


@pytest.mark.slow
def test_what_waits_for_ever_after_the_end_of_main_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(STUBBORN_PROGRAM)
    (run,) = live_all(path, 1, 1)
    said = "nothing is left to happen, the main coroutine has ended, and 1 task waits for ever: task 'stubborn' at program.py:7 in stay"
    assert run.outcome.message == said


@pytest.mark.slow
def test_ends_of_programs_that_come_to_none(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(ENDING_PROGRAM)
    with LocalRunner(parse_target(str(path)), WORLD) as runner:
        runs = runner.run([start(path, 1, number) for number in range(6)])
        lock, connection, spinning, waiting, in_time, crosswise = (run.outcome for run in runs)
    assert (lock.kind, lock.exception, lock.where) == ("failed", "Deadlock", "program.py:9 in deadlock")
    assert "1 task waits for ever: task 'Task-1' at program.py:9 in deadlock" in lock.message
    assert (connection.kind, connection.exception) == ("failed", "Deadlock")
    assert "program.py:17 in deadlock_on_a_connection" in connection.message
    taken = "program.py:32 in take"
    assert f"3 tasks wait for ever: task 'one' at {taken}; task 'other' at {taken}; task 'Task-1' at" in crosswise.message
    for hung in (spinning, waiting):
        assert (hung.kind, hung.exception) == ("hung", "world-time limit")
    assert in_time.kind == "passed"
