"""anyio: a job in a thread that calls back into the loop and waits for the answer."""

import anyio
import anyio.from_thread
import anyio.to_thread


async def double(number: int) -> int:
    await anyio.sleep(0.01)
    return 2 * number


def job(number: int) -> int:
    first = anyio.from_thread.run(double, number)
    return first + anyio.from_thread.run_sync(len, "abc")


async def main() -> None:
    assert await anyio.to_thread.run_sync(job, 20) == 43
