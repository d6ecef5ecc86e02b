"""Runs the tool on a model with exact answers, and compares the account with them."""

import ast
import importlib.util
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import crossroads
from crossroads.analysis.results import Account, Option
from crossroads.stats.probability import Probability

MODELS = Path(__file__).parent.parent / "models"

EPS = 0.01
TRUE_JUMP, INVENTED_JUMP = 0.2, 0.08
"""A jump between two marks of at least the first has to be reported; one reported where there is less than the second is invented."""

GAP = 0.1
"""Options this much better than all others have to be named."""


@dataclass(frozen=True)
class Verdict:
    """How one account compares with the truth."""

    account: Account
    baseline_covers: bool
    points_covered: int
    points: int
    no_return_off: int | None
    missed: list[int]
    invented: list[int]
    options_covered: int
    options: int
    wrong_decisions: list[int]


def truth_of(name: str) -> ModuleType:
    """The module with the exact answers of a model."""
    spec = importlib.util.spec_from_file_location(f"truth_{name}", MODELS / name / "truth.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(name: str, seed: int, store: Path, *, futures: int = 300, budget: int = 15_000) -> Verdict:
    """Explore and explain a model with one seed, and compare."""
    truth = truth_of(name)
    explored = crossroads.explore(str(MODELS / name / "model.py"), futures=futures, seed=seed, store=store)
    failure = explored.failures[0]
    account = crossroads.explain(failure, seed=seed, budget=budget, store=store)
    states = marked_states(failure)
    marks = sorted(states)
    q = {point: truth.q(states[point]) for point in marks}
    covered = [covers(point.failure, q[point.point]) for point in account.curve if point.point in q]
    missed, invented = compare_jumps(account, marks, q, failure.timeline.points)
    options_covered, options, wrong = compare_decisions(account, truth, states)
    return Verdict(
        account,
        covers(account.baseline, truth.failure_probability()),
        sum(covered),
        len(covered),
        no_return_off(account, marks, q),
        missed,
        invented,
        options_covered,
        options,
        wrong,
    )


def marked_states(failure: crossroads.Failure) -> dict[int, object]:
    """The model's state at each mark of the failing run, by point."""
    seen = crossroads.replay(failure, watch="HISTORY[-1]", quiet=True)
    assert seen.same
    return {watched.point: ast.literal_eval(watched.text) for watched in seen.watched if watched.kind == "mark"}


def covers(probability: Probability, exact: float) -> bool:
    """Whether the interval contains the exact value."""
    return probability.low - 1e-9 <= exact <= probability.high + 1e-9


def no_return_off(account: Account, marks: list[int], q: dict[int, float]) -> int | None:
    """How many marks the point of no return is off; None where it wasn't told."""
    exact = len(marks)
    while exact and q[marks[exact - 1]] >= 1 - EPS:
        exact -= 1
    found = account.point_of_no_return
    if found is None:
        return None
    return next((number for number, point in enumerate(marks) if point >= found.point), len(marks)) - exact


def compare_jumps(account: Account, marks: list[int], q: dict[int, float], end: int) -> tuple[list[int], list[int]]:
    """Marks whose jump to the next isn't reported; points reported without a jump."""
    values = [*(q[point] for point in marks), 1.0]
    spans = list(zip(marks, [*marks[1:], end], strict=True))
    jumps = [after - before for before, after in pairwise(values)]
    reported = [turning_point.point for turning_point in account.turning_points]
    missed = [
        first
        for (first, after), jump in zip(spans, jumps, strict=True)
        if abs(jump) >= TRUE_JUMP and not any(first - 1 <= point < after for point in reported)
    ]
    real = [span for span, jump in zip(spans, jumps, strict=True) if abs(jump) >= INVENTED_JUMP]
    return missed, [point for point in reported if marks[0] <= point and not any(first <= point < after for first, after in real)]


def compare_decisions(account: Account, truth: ModuleType, states: dict[int, object]) -> tuple[int, int, list[int]]:
    """Options whose interval covers, options, and the decisions at which a clearly best option isn't named."""
    covered, total, wrong = 0, 0, []
    for decision in account.decisions:
        state = states[max(point for point in states if point < decision.point)]
        exact = {option.option: truth.q_after(state, ast.literal_eval(option.option), "random") for option in decision.options}
        covered += sum(covers(option.failure, exact[option.option]) for option in decision.options)
        total += len(decision.options)
        if not names_best(decision.options, exact):
            wrong.append(decision.point)
    return covered, total, wrong


def names_best(options: tuple[Option, ...], exact: dict[str, float]) -> bool:
    """Whether every option called best is at most GAP worse than the best."""
    lowest = min(exact.values())
    return all(exact[option.option] <= lowest + GAP for option in options if option.best)
