"""Walking the tree of futures: from a point of a run, take an option or draw anew, and see how the futures from there end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crossroads.analysis.progress import OnProgress, Progress
from crossroads.analysis.sources import runner_for
from crossroads.errors import DivergedError, SettingError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.run import Run
from crossroads.timeline.keys import derive
from crossroads.timeline.timelines import Timeline

BATCH: Final = 200
"""Futures asked for at once."""

ENDINGS_MAX: Final = 12
"""Different endings of which an example is traced, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Futures that ended the same way.

    Args:
        count: how many.
        example: the first of them; its trace has its points.
    """

    count: int
    example: Run


def traced(timeline: Timeline, *, engine: EngineName | None = None, jobs: int | None = None, limits: Limits | None = None) -> Run:
    """Live a timeline again and note its points.

    Raises:
        DivergedError: it is another run now.
        TargetError, EngineError: the program can't be run.
    """
    with runner_for(timeline, engine=engine, jobs=jobs, limits=limits) as runner:
        return _traced(runner, timeline)


def futures_from(
    timeline: Timeline,
    point: int,
    option: int | None,
    futures: int,
    *,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Ending, ...]:
    """Live futures that share a run's past up to a point.

    Args:
        timeline: the run, lived.
        point: where they leave it, 0 <= point < its last.
        option: what they take there, an index of the options; None draws anew, as the program does.
        futures: how many, at least 1. The same call gives the same futures.
        engine, jobs, limits, on_progress: as for `explore`.

    Returns:
        How they ended, most frequent first, at most `ENDINGS_MAX` of them.

    Raises:
        SettingError: there is no such point, or no such option.
        DivergedError: the run is another one now.
        TargetError, EngineError: the program can't be run.
    """
    if not 0 <= point < timeline.points:
        raise SettingError(f"point={point} must be a point of the run before its end, from 0 to {timeline.points - 1}")
    if futures < 1:
        raise SettingError(f"futures={futures} must be at least 1")
    with runner_for(timeline, engine=engine, jobs=jobs, limits=limits) as runner:
        _check_option(_traced(runner, timeline, (point,)), point, option)
        name = "any" if option is None else option
        seeds = [derive(0, "walk", timeline.digest, point, name, number) for number in range(futures)]
        asked = [timeline.branch(point, seed, option) for seed in seeds]
        runs: list[Run] = []
        while len(runs) < futures:
            runs += runner.run(asked[len(runs) : len(runs) + BATCH])
            if on_progress is not None:
                on_progress(Progress("exploring", len(runs), futures, 0.0, 0, None))
        return tuple(Ending(count, _traced(runner, run.timeline)) for count, run in _endings(runs)[:ENDINGS_MAX])


def _endings(runs: Sequence[Run]) -> list[tuple[int, Run]]:
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault(run.outcome.origin, []).append(run)
    return sorted(((len(group), group[0]) for group in groups.values()), key=lambda entry: -entry[0])


def _traced(runner: LocalRunner, timeline: Timeline, points: tuple[int, ...] | None = None) -> Run:
    run = runner.run([replace(timeline, outcome=None, digest="", points=0)], trace="all" if points is None else points)[0]
    if timeline.digest and run.timeline.digest != timeline.digest:
        raise DivergedError("the run isn't the same any more: the program, its packages or Python have changed; explore it anew")
    return run


def _check_option(run: Run, point: int, option: int | None) -> None:
    options = next((one.options for one in run.trace if one.index == point), ())
    if option is not None and not 0 <= option < len(options):
        raise SettingError(f"option={option} isn't one of the {len(options)} at point {point}; choose another, or draw anew")
