"""What a page shows beside the account, lived anew for it: two lives, lines, state. Where the program can't be run it says so instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossroads.analysis.lines import LineRanking, rank_lines
from crossroads.analysis.lives import TwoLives, WitnessedLife, find_lives
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import runner_for
from crossroads.errors import CrossroadsError, SettingError
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits

RANKED_MAX = 4
"""Turning points whose lines are ranked, the largest ones."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen when a failing run and its neighbours were lived again.

    Args:
        doomed: the failing run; None where the program couldn't be run.
        lives: it beside a surviving one; None where none was found.
        lines: source lines that tell, by turning point.
        watch: the expressions that were watched.
        engine: how futures were begun, "" where none was.
        python: version of the interpreter that lived them.
        notes: what couldn't be had, as sentences.
    """

    doomed: WitnessedLife | None = None
    lives: TwoLives | None = None
    lines: tuple[LineRanking, ...] = ()
    watch: tuple[str, ...] = ()
    engine: str = ""
    python: str = ""
    notes: tuple[str, ...] = ()


def gather(
    failure: Failure,
    *,
    watch: Sequence[str] = (),
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
) -> Evidence:
    """Live a failure again beside a survivor, and rank the lines that tell.

    Args:
        failure: with its account, or without; then only the failing run itself is lived.
        watch: expressions, evaluated in the program's module at each point.
        engine, jobs, limits: as for `explore`.

    Returns:
        What could be had; the notes say what couldn't. It takes some hundred futures, which no account counts.

    Raises:
        SettingError: a watched text isn't an expression.
    """
    for text in watch:
        try:
            compile(text, "<watch>", "eval")
        except (SyntaxError, ValueError) as error:
            raise SettingError(f"watch={text!r} isn't an expression: {error}") from None
    if failure.outcome.exception == "wall limit" or failure.outcome.kind == "out of memory":
        why = "hangs" if failure.outcome.kind == "hung" else "fills the memory"
        return Evidence(watch=tuple(watch), notes=(f"the run wasn't lived again for this page, since it {why}",))
    try:
        return _gathered(failure, tuple(watch), engine, jobs, limits)
    except SettingError:
        raise
    except CrossroadsError as error:
        return Evidence(watch=tuple(watch), notes=(f"the program could not be run for this page: {error}",))


def _gathered(failure: Failure, watch: tuple[str, ...], engine: EngineName | None, jobs: int | None, limits: Limits | None) -> Evidence:
    account = failure.account
    with runner_for(failure.timeline, engine=engine, jobs=jobs, limits=limits) as runner:
        doomed, lives = find_lives(runner, failure.timeline, account, watch=watch)
        notes = [] if doomed.same else ["lived again for this page it was another run: the program, its packages or Python have changed"]
        steps = sorted(account.turning_points, key=lambda step: -abs(step.jump))[:RANKED_MAX] if account is not None else []
        steps.sort(key=lambda step: step.point)
        lines = rank_lines(runner, failure.timeline, steps) if doomed.same else ()
        return Evidence(doomed, lives, lines, watch, runner.engine_name, runner.python, (*notes, *runner.notes))
