"""Programs on disk, lives of them, and what lives may leave behind."""

import gc
import os
import select
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.plans import Traced
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

MARK = "CROSSROADS_PROMISE_TEST"
"""Environment variable by which the processes of one test are told from all others on the machine."""

DEADLINE_S = 20.0
"""What should happen at once may take so long on a loaded machine."""


def write(folder: Path, source: str, name: str = "program.py") -> str:
    """Put a program on disk; its target."""
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return str(path)


def timeline(target: str, seed: int = 0, *options: int | None, points: str = "marks", step_limit: int = 10_000_000) -> Timeline:
    """A timeline from the start, with the options of its first points; None leaves one to the seed."""
    overrides = tuple(Override(index, option) for index, option in enumerate(options, 1) if option is not None)
    return Timeline(target, (Epoch(0, seed),), overrides, WorldSettings(points=points, step_limit=step_limit))


def live(
    target: str,
    timelines: Sequence[Timeline],
    *,
    engine: EngineName | None = None,
    limits: Limits | None = None,
    jobs: int = 1,
    trace: Traced = "none",
    pristine: bool = False,
) -> list[Run]:
    """Live timelines of a program, and end all processes."""
    with LocalRunner(parse_target(target), timelines[0].world, engine=engine, jobs=jobs, limits=limits) as runner:
        return runner.run(timelines, trace=trace, pristine=pristine)


def facts(run: Run) -> tuple[object, ...]:
    """All of a run that its timeline determines."""
    lived = run.timeline
    return lived.outcome, lived.digest, lived.points, run.output, run.marks


@contextmanager
def nothing_left(folder: Path) -> Iterator[Path]:
    """Work in a folder of its own; in the end no process is there, no descriptor more is open, and no temporary file was left."""
    mark = f"{os.getpid()}-{folder.name}"
    temporary = folder / "temporary"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, mark)
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)
        patch.chdir(folder)
        gc.collect()
        before = descriptors()
        yield folder
    assert wait_for_end(mark) == []
    assert descriptors() == before
    assert list(temporary.iterdir()) == []


def marked(mark: str) -> list[int]:
    """Processes other than this one that were started with the mark in their environment, wherever they have gone since."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            environment = Path(f"/proc/{name}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment:
            found.append(int(name))
    return found


def wait_for_end(mark: str, deadline_s: float = DEADLINE_S) -> list[int]:
    """Wait until no marked process is left; those that are left in the end."""
    deadline = time.monotonic() + deadline_s
    while left := marked(mark):
        if time.monotonic() > deadline:
            return left
        wait_for_process(left[0], deadline)
    return []


def wait_for_process(pid: int, deadline: float) -> None:
    """Wait until a process, no child of this one, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    finally:
        os.close(descriptor)


def descriptors() -> dict[int, str]:
    """What this process has open, by number."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
    return found


def python_environment(**more: str) -> dict[str, str]:
    """For a controller in a process of its own."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **more}
