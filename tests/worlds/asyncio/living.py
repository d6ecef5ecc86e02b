"""Small programs, lived in the asyncio world."""

import textwrap
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.plans import Traced
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

HEAD = """
import asyncio, contextlib, datetime, functools, socket, time
from crossroads import mark, world

db = world.host("db")
log = []

async def answer(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"re " + line)
    finally:
        log.append("answer ended")
        writer.close()

async def serve():
    log.append("serve")
    try:
        server = await asyncio.start_server(answer, "0.0.0.0", 6379)
        await server.serve_forever()
    finally:
        log.append("serve ended")

async def connect():
    return await asyncio.open_connection(db.address, 6379)

async def ask(streams, text=b"hello"):
    streams[1].write(text + b"\\n")
    return await streams[0].readline()
"""


def write(folder: Path, body: str) -> str:
    """A program with `async def main()` of this body; its target."""
    path = folder / "program.py"
    path.write_text(f"{HEAD}\nasync def main():\n{textwrap.indent(textwrap.dedent(body), '    ')}")
    return f"{path}:main"


def timelines(target: str, seeds: range, faults: tuple[str, ...] = ()) -> list[Timeline]:
    """Timelines from the start, one for each seed."""
    return [Timeline(target, (Epoch(0, seed),), world=WorldSettings("asyncio", faults=faults)) for seed in seeds]


def runner(target: str, faults: tuple[str, ...] = ()) -> LocalRunner:
    """Where the program lives."""
    return LocalRunner(parse_target(target), WorldSettings("asyncio", faults=faults), jobs=1)


def live(target: str, seeds: range, faults: tuple[str, ...] = (), trace: Traced = "none") -> list[Run]:
    """Live a program once for each seed."""
    with runner(target, faults) as local:
        return local.run(timelines(target, seeds, faults), trace=trace)


def said(run: Run) -> list[str]:
    """What a program that was traced has marked."""
    return [point.label for point in run.trace if point.kind == "mark"]


def check(folder: Path, body: str, seeds: int = 6) -> None:
    """Live a program that asserts what should hold, with several seeds."""
    for run in live(write(folder, body), range(seeds)):
        outcome = run.timeline.outcome
        assert outcome is not None
        assert outcome.kind == "passed", outcome
