"""Two tasks of ten steps each race for one register."""

import asyncio

STEPS = 10
ENDED = []


async def racer(register: list[str], name: str) -> None:
    for _ in range(STEPS):
        await asyncio.sleep(0)
        register.append(name)


async def main() -> None:
    register: list[str] = []
    await asyncio.gather(racer(register, "left"), racer(register, "right"))
    assert len(register) == 2 * STEPS
    ENDED.append(len(register))
