"""Exact accounts of programs with few futures, against sums over all of them."""

from itertools import product
from pathlib import Path

import pytest

import crossroads

PROGRAM = """
from crossroads import chance, decide


def main():
    first = decide("first", [0, 1, 2])
    second = chance("second", [0, 1, 2], weights=[0.2, 0.3, 0.5])
    third = chance("third", [0, 1, 2, 3])
    fourth = chance("fourth", [0, 1], weights=[0.3, 0.7])
    assert first + second + third + fourth < 6
"""

WEIGHTS = ([1 / 3] * 3, [0.2, 0.3, 0.5], [0.25] * 4, [0.3, 0.7])


def q(*taken: int) -> float:
    """P(failure | the first choices)."""
    failed = 0.0
    for rest in product(*(range(len(weights)) for weights in WEIGHTS[len(taken) :])):
        weight = 1.0
        for option, weights in zip(rest, WEIGHTS[len(taken) :], strict=True):
            weight *= weights[option]
        failed += weight * (sum(taken) + sum(rest) >= 6)
    return failed


@pytest.mark.slow
def test_choices_with_several_options_are_all_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "several.py"
    path.write_text(PROGRAM)
    store = tmp_path / "found.sqlite"
    failure = crossroads.explore(str(path), futures=30, store=store).failures[0]
    account = crossroads.explain(failure, store=store)
    first = account.decisions[0]
    taken = next(int(option.option) for option in first.options if option.taken)
    assert account.method == "enumerated"
    assert account.baseline.value == pytest.approx(q())
    assert [option.failure.value for option in first.options] == pytest.approx([q(0), q(1), q(2)])
    assert account.curve[2].failure.value == pytest.approx(q(taken))
    assert account.curve[-1].failure.value == 1.0
    assert account.last_way_out is not None
