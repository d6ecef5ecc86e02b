"""Twenty thousand steps of the loop, then one decision."""

import asyncio
import random

from crossroads import mark

TASKS, STEPS = 2, 10_000
ENDED = []


async def work(total: list[int]) -> None:
    for _ in range(STEPS):
        await asyncio.sleep(0)
        total[0] += 1


async def main() -> None:
    total = [0]
    await asyncio.gather(*(work(total) for _ in range(TASKS)))
    assert total[0] == TASKS * STEPS
    mark("decision")
    ENDED.append(random.choice(["left", "right"]))
