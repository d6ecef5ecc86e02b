"""The standard library's threads: to_thread, executors of one's own, context variables, errors, a job whose waiter has gone."""

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


async def main() -> None:
    loop = asyncio.get_running_loop()
    user.set("tester")
    assert await asyncio.to_thread(user.get) == "tester"
    assert await loop.run_in_executor(None, user.get) == "nobody"
    assert await asyncio.gather(*(asyncio.to_thread(pow, number, 2) for number in range(10))) == [number**2 for number in range(10)]
    done: list[str] = []

    def slow(name: str) -> str:
        time.sleep(0.02)
        done.append(name)
        return name

    with ThreadPoolExecutor(max_workers=1) as pool:
        first = loop.run_in_executor(pool, slow, "first")
        second = loop.run_in_executor(pool, slow, "second")
        assert await asyncio.gather(second, first) == ["second", "first"]
        assert done == ["first", "second"]
        assert await asyncio.wrap_future(pool.submit(slow, "third")) == "third"
        try:
            # Both may come true in one iteration of a busy loop, and the result wins then.
            assert await asyncio.wait_for(loop.run_in_executor(pool, slow, "fourth"), 0.001) == "fourth"
        except TimeoutError:
            pass
    # On a busy machine the time may be up before a thread has taken the job, which is cancelled then.
    assert done[-1] in ("third", "fourth")
    try:
        await asyncio.to_thread(int, "no number")
        raise AssertionError("an error in a thread was lost")
    except ValueError:
        pass
    await loop.shutdown_default_executor()
