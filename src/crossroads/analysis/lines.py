"""Source lines by how much they tell failing futures from surviving ones that share the same past.

Futures are begun at a turning point, so that what came before is the same in all of them; each notes the lines it executes from there on.
Source: Ochiai (1957) for the coefficient, Abreu, Zoeteweij & van Gemund (2006) for its use on lines.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from crossroads.analysis.results import TurningPoint
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.lines import IS_FAST
from crossroads.snapshots.run import Run
from crossroads.stats.probability import Probability
from crossroads.stats.sequences import estimate
from crossroads.timeline.keys import derive
from crossroads.timeline.timelines import Timeline

FUTURES_MAX: Final = 240
"""For one turning point."""

ROUND: Final = 40

ENOUGH: Final = 12
"""Failing ones, and surviving ones, after which no more are lived."""

SHOWN_MAX: Final = 40
"""Lines of one turning point."""

TELLING_MIN: Final = 0.25
"""Lines with a smaller coefficient, both with failing and with surviving, tell nothing."""


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A line that some of the futures execute and others don't.

    Args:
        file, line: where; the file relative to the program's directory.
        failing, surviving: futures that executed it, of each kind.
        failure: P(this failure | the past, this line executed).
        ochiai: its coefficient with failing, 0..1; 1 where exactly the failing futures execute it.
        saving: its coefficient with surviving, 0..1.
    """

    file: str
    line: int
    failing: int
    surviving: int
    failure: Probability
    ochiai: float
    saving: float


@dataclass(frozen=True, slots=True)
class LineRanking:
    """The lines that tell at one turning point.

    Args:
        point: index of the turning point.
        failing, surviving: futures of each kind.
        lines: the most telling first; those that all futures execute aren't among them.
        shared: how many lines all of them execute.
        slow: whether lines had to be traced, as before CPython 3.12.
    """

    point: int
    failing: int
    surviving: int
    lines: tuple[RankedLine, ...]
    shared: int
    slow: bool = not IS_FAST


def rank_lines(runner: LocalRunner, failing: Timeline, steps: Sequence[TurningPoint], *, seed: int = 0) -> tuple[LineRanking, ...]:
    """Rank the program's own lines at turning points.

    Args:
        runner: for the program.
        failing: the failing timeline.
        steps: its turning points, those that are wanted.
        seed: of the futures; the same seed gives the same ranking.

    Raises:
        TargetError, EngineError: the program can't be run.
    """
    return tuple(ranking(step.point, _futures(runner, failing, step.point, seed), failing) for step in steps)


def ranking(point: int, runs: Sequence[Run], failing: Timeline) -> LineRanking:
    """The lines that tell apart runs that fail as `failing` does and those that survive; other endings don't count."""
    assert failing.outcome is not None
    failed = [run for run in runs if run.outcome.origin == failing.outcome.origin]
    survived = [run for run in runs if not run.outcome.is_failure and run.outcome.kind != "diverged"]
    in_failed = Counter(line for run in failed for line in set(run.lines))
    in_survived = Counter(line for run in survived for line in set(run.lines))
    everywhere = [
        line for line in in_failed if in_failed[line] == len(failed) and in_survived[line] == len(survived) and failed and survived
    ]
    apart = sorted({*in_failed, *in_survived} - set(everywhere)) if failed and survived else []
    lines = [_ranked(line, in_failed[line], in_survived[line], len(failed), len(survived)) for line in apart]
    lines = [line for line in lines if max(line.ochiai, line.saving) >= TELLING_MIN]
    lines.sort(key=lambda line: (-max(line.ochiai, line.saving), line.file, line.line))
    return LineRanking(point, len(failed), len(survived), tuple(lines[:SHOWN_MAX]), len(everywhere))


def ochiai(both: int, executed: int, kind: int) -> float:
    """Ochiai's coefficient of two sets: their common members by the geometric mean of their sizes; 0 where one is empty."""
    return both / sqrt(executed * kind) if executed and kind else 0.0


def _ranked(line: tuple[str, int], failing: int, surviving: int, failed: int, survived: int) -> RankedLine:
    executed = failing + surviving
    return RankedLine(
        *line,
        failing,
        surviving,
        estimate(failing, executed),
        ochiai(failing, executed, failed),
        ochiai(surviving, executed, survived),
    )


def _futures(runner: LocalRunner, failing: Timeline, point: int, seed: int) -> list[Run]:
    """Futures from a point until there are enough of both kinds, with their lines."""
    assert failing.outcome is not None
    runs: list[Run] = []
    while len(runs) < FUTURES_MAX:
        seeds = [derive(seed, "lines", point, number) for number in range(len(runs), len(runs) + ROUND)]
        runs += runner.run([failing.branch(point, one) for one in seeds], trace="lines")
        failed = sum(run.outcome.origin == failing.outcome.origin for run in runs)
        if min(failed, sum(not run.outcome.is_failure for run in runs)) >= ENOUGH:
            break
    return runs
