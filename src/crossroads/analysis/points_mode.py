"""What makes points in a program, beside its choices: its own marks; else the events of a simulation library; else its draws."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from crossroads.runners.local import LocalRunner
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Timeline, WorldSettings


def find_points_mode(runner: LocalRunner, timelines: Callable[[WorldSettings], Sequence[Timeline]]) -> str:
    """Live a few futures and see: "marks" if any run marks (or none ends), "events" if a library makes some, "draws" otherwise.

    Args:
        runner: in a world whose points are marks.
        timelines: the futures to try, in a given world.
    """
    runs = runner.run(timelines(runner.world))
    if any(run.marks for run in runs) or all(run.outcome.kind == "hung" for run in runs):
        return "marks"
    if any(run.libraries for run in runs):
        with runner.with_world(replace(runner.world, points="events")) as trial:
            if any(_events(run) for run in trial.run(timelines(trial.world))):
                return "events"
    return "draws"


def _events(run: Run) -> int:
    return run.timeline.points - 1 - len(run.choices)
