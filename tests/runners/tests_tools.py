"""Living futures of tests: files of a project, and what becomes of some of its futures."""

from pathlib import Path

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.plans import Traced
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
    trace: Traced = "none",
    points: str = "marks",
) -> list[Run]:
    """The runs of as many seeds."""
    found = parse_target(target)
    world = WorldSettings(world_of(found), points=points)
    with LocalRunner(found, world, engine=engine, jobs=jobs) as runner:
        return runner.run([Timeline(str(found), (Epoch(0, seed),), world=world) for seed in range(futures)], pristine=pristine, trace=trace)


def ends(target: str, futures: int = FUTURES) -> list[Outcome]:
    """How futures end, each end once, in the order in which they are met."""
    return list(dict.fromkeys(run.outcome for run in lives(target, futures)))


def end(target: str, futures: int = FUTURES) -> Outcome:
    """The one way in which futures fail, or all pass."""
    found = ends(target, futures)
    failures = [outcome for outcome in found if outcome.kind != "passed"]
    assert len({failure.origin for failure in failures}) <= 1, found
    return failures[0] if failures else found[0]
