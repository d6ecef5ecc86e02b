"""Random programs with a network, made from a number: clients and servers on TCP streams, with pauses, patience and cancellations.

Each asserts that on every connection the bytes come in order, none lost and none invented; and leaves a log.
"""

import asyncio
import importlib.util
import random
from collections.abc import Callable
from typing import Any

Plan = dict[str, Any]


def make(seed: int) -> Plan:
    """The program of this number; JSON can hold it."""
    rng = random.Random(seed)

    def client() -> Plan:
        return {
            "start": rng.choice((0, 0, 0.0003, 0.002)),
            "messages": [rng.choice((1, 10, 10, 300, 5000)) for _ in range(rng.randint(1, 4))],
            "pipelined": rng.random() < 0.3,
            "pause": rng.choice((0, 0, 0.0005, 0.003)),
            "patience": rng.choice((None, 0.001, 0.004, 0.05)),
            "hangs_up": rng.random() < 0.3,
        }

    return {
        "clients": [client() for _ in range(rng.randint(1, 4))],
        "think": rng.choice((0, 0, 0.0002, 0.002)),
        "given_up": rng.choice((None, None, 0.003, 0.02)),
        "jobs": rng.randint(0, 2),
    }


class Chat:
    """One life of a plan."""

    def __init__(self, plan: Plan, jobs: bool) -> None:
        self.plan, self.jobs = plan, plan["jobs"] if jobs else 0
        self.loop = asyncio.get_running_loop()
        self.log: list[str] = []

    def say(self, what: str) -> None:
        self.log.append(f"{self.loop.time():.9f} {what}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.say(f"asked {line[:8]!r}")
                if self.plan["think"]:
                    await asyncio.sleep(self.plan["think"])
                writer.write(line)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.say(f"server lost: {type(error).__name__}")
        finally:
            writer.close()

    async def client(self, name: int, port: int, plan: Plan) -> None:
        await asyncio.sleep(plan["start"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            lines = [b"%d-%d %s\n" % (name, number, b"x" * size) for number, size in enumerate(plan["messages"])]
            asked = iter(lines)
            if plan["pipelined"]:
                for line in lines:
                    writer.write(line)
            for line in lines:
                if not plan["pipelined"]:
                    writer.write(next(asked))
                async with asyncio.timeout(plan["patience"]):
                    answer = await reader.readline()
                assert answer == line, f"{answer[:20]!r} instead of {line[:20]!r}"
                self.say(f"{name} got {line[:8]!r}")
                await asyncio.sleep(plan["pause"])
            if not plan["hangs_up"]:
                writer.write_eof()
                assert await reader.read() == b""
        except TimeoutError:
            self.say(f"{name} has no more patience")
        finally:
            writer.close()

    async def job(self, name: int) -> None:
        self.say(f"job {name}: {await asyncio.to_thread(pow, 2, name)}")

    async def live(self) -> list[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        tasks = [self.loop.create_task(self.client(name, port, plan)) for name, plan in enumerate(self.plan["clients"])]
        tasks += [self.loop.create_task(self.job(name)) for name in range(self.jobs)]
        if self.plan["given_up"] is not None:
            self.loop.call_later(self.plan["given_up"], tasks[0].cancel)
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error
        server.close()
        return self.log


async def live(plan: Plan, *, jobs: bool = True) -> list[str]:
    """Live a plan to its end; its log.

    Args:
        plan: of `make`.
        jobs: whether there are jobs for the executor, too, which on stock asyncio take real time.
    """
    return await Chat(plan, jobs).live()


def program_of(description: Any) -> Callable[[], Any]:
    """A coroutine function, from what JSON says of it: the path of a scenario, or a plan."""
    if isinstance(description, dict):
        return lambda: live(description, jobs=False)
    spec = importlib.util.spec_from_file_location("scenario", description)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[[], Any] = module.main
    return main
