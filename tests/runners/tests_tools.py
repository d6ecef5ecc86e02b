"""Living futures of tests: files of a project, and what becomes of some of its futures."""

from collections.abc import Sequence
from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target, world_of

FUTURES = 8


def project(folder: Path, **files: str) -> Path:
    """A project of these files: names without .py, and one pytest.ini."""
    (folder / "pytest.ini").write_text(files.pop("ini", "[pytest]\n"))
    for name, source in files.items():
        (folder / f"{name}.py").write_text(source)
    return folder


def lives(
    target: str,
    futures: int = FUTURES,
    *,
    engine: EngineName | None = None,
    jobs: int = 1,
    pristine: bool = False,
) -> list[Run]:
    """The runs of as many seeds."""
    begun = [(Epoch(0, seed),) for seed in range(futures)]
    return lives_of(target, begun, engine=engine, jobs=jobs, pristine=pristine)


def lives_of(
    target: str, begun: Sequence[tuple[Epoch, ...]], *, engine: EngineName | None = None, jobs: int = 1, pristine: bool = False
) -> list[Run]:
    """The runs of these epochs."""
    found = parse_target(target)
    world = WorldSettings(world_of(found))
    with LocalRunner(found, world, engine=engine, jobs=jobs) as runner:
        return runner.run([Timeline(str(found), epochs, world=world) for epochs in begun], pristine=pristine)


def ends(target: str, futures: int = FUTURES) -> list[Outcome]:
    """How futures end, each end once, in the order in which they are met."""
    return list(dict.fromkeys(run.outcome for run in lives(target, futures)))


def end(target: str, futures: int = FUTURES) -> Outcome:
    """The one way in which futures fail, or all pass."""
    found = ends(target, futures)
    failures = [outcome for outcome in found if outcome.kind != "passed"]
    assert len({failure.origin for failure in failures}) <= 1, found
    return failures[0] if failures else found[0]
