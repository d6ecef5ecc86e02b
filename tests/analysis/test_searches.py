"""How well and at what cost the searches find what is there, on failing runs whose failure probabilities are given.

Statistical tests with fixed seeds: each asserts a rate well below the one that was measured over many more seeds.
"""

import random

import pytest
from fakes import PASSED, coin_inquiry

from crossroads.analysis.account import AccountBuilder
from crossroads.analysis.inquiry import BudgetSpent
from crossroads.analysis.too_late import find_too_late
from crossroads.analysis.turning import JumpSearch

pytestmark = pytest.mark.once

SEEDS = range(12)


def levels(count: int, *cuts: tuple[int, float]) -> list[float]:
    """A curve that has each level from its point on."""
    curve: list[float] = []
    for (begin, level), end in zip(cuts, [*(cut[0] for cut in cuts[1:]), count], strict=True):
        curve += [level] * (end - begin)
    return curve


TWO_COINS = levels(100, (0, 0.25), (21, 0.5), (61, 1.0))
THREE_JUMPS = levels(1_000, (0, 0.2), (233, 0.45), (501, 0.7), (777, 1.0))
RECOVERY = levels(500, (0, 0.3), (100, 0.6), (200, 0.3), (300, 0.7), (420, 1.0))
RARE_TRIGGER = levels(1_000, (0, 0.01), (640, 1.0))
HIGH_PLATEAU = levels(1_000, (0, 0.3), (400, 0.97), (800, 1.0))
MILLION = levels(1_000_000, (0, 0.2), (233_333, 0.6), (777_777, 1.0))
FEW = [0.2, 0.2, 0.45, 0.43, 0.5, 0.5, 0.25, 0.25, 0.6, 0.7, 0.7, 0.95]
LIGHTNING = [1 - 0.999 ** (400 - hour) for hour in range(350)]
RAMP = [number / 10 for number in range(1, 11) for _ in range(100)]


def true_jumps(curve: list[float], least: float) -> list[int]:
    values = [*curve, 1.0]
    return [number for number in range(len(curve)) if abs(values[number + 1] - values[number]) >= least]


@pytest.mark.parametrize("curve", [TWO_COINS, THREE_JUMPS, RECOVERY, RARE_TRIGGER, HIGH_PLATEAU, MILLION, FEW, LIGHTNING])
def test_point_of_no_return_is_exact(curve: list[float]) -> None:
    exact = len(curve)
    while curve[exact - 1] >= 0.99:
        exact -= 1
    found = [find_too_late(coin_inquiry(curve, seed), eps=0.01, confidence=0.95).step for seed in SEEDS]
    assert found.count(exact) >= len(SEEDS) - 1


@pytest.mark.parametrize("curve", [TWO_COINS, THREE_JUMPS, RECOVERY, RARE_TRIGGER, HIGH_PLATEAU, MILLION, FEW, LIGHTNING])
def test_every_large_jump_is_reported_and_none_invented(curve: list[float]) -> None:
    large, real = true_jumps(curve, 0.2), true_jumps(curve, 0.08)
    missed = invented = 0
    for seed in SEEDS:
        inquiry = coin_inquiry(curve, seed)
        upto = find_too_late(inquiry, eps=0.01, confidence=0.95).step
        search = JumpSearch(inquiry, upto)
        search.run()
        found = [jump.step for jump in search.jumps]
        missed += sum(not any(abs(step - jump) <= 1 for step in found) for jump in large)
        invented += sum(not any(abs(step - jump) <= 1 for jump in real) for step in found)
    assert missed <= max(1, len(large) * len(SEEDS) // 20)
    assert invented == 0


def test_a_thousand_points_cost_few_futures() -> None:
    late, jumps = [], []
    for seed in SEEDS:
        inquiry = coin_inquiry(THREE_JUMPS, seed)
        upto = find_too_late(inquiry, eps=0.01, confidence=0.95).step
        late.append(inquiry.spent)
        JumpSearch(inquiry, upto).run()
        jumps.append(inquiry.spent - late[-1])
    assert max(late) <= 1_000
    assert sorted(jumps)[len(jumps) // 2] <= 3_000


def test_a_gradual_rise_has_no_large_jumps() -> None:
    for seed in SEEDS:
        inquiry = coin_inquiry(RAMP, seed)
        search = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
        search.run()
        assert sum(jump.size for jump in search.jumps) < 0.5 * (1 - RAMP[0])


def last_told(curve: list[float]) -> int:
    """In how many searches the last step with a way out is told, and nothing else."""
    found: list[list[int]] = []
    for seed in range(24):
        inquiry = coin_inquiry(curve, seed)
        search = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
        search.run()
        found.append([jump.step for jump in search.jumps])
    last = max(step for step, q in enumerate(curve) if q < 1)
    assert all(steps in ([], [last]) for steps in found)
    return found.count([last])


def test_of_a_small_rise_the_last_step_is_told_by_its_part_of_it() -> None:
    creeping = [0.79 + 0.01 * step for step in range(16)]
    assert last_told([*creeping, *[0.95] * 4, *[1.0] * 10]) >= 22
    assert last_told([*creeping, *[0.985] * 4, *[1.0] * 10]) <= 1
    assert last_told([0.97 + 0.001 * step for step in range(16)] + [1.0] * 10) <= 1


def test_always_failing_is_too_late_from_the_start() -> None:
    found = find_too_late(coin_inquiry([1.0] * 50, 0), eps=0.01, confidence=0.95)
    assert found.step == 0
    assert found.level == 0.99


def test_budget_is_never_exceeded() -> None:
    for budget in (100, 500, 2_000):
        inquiry = coin_inquiry(THREE_JUMPS, 1, budget)
        with pytest.raises(BudgetSpent):
            JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step).run()
        assert inquiry.spent <= budget


def test_same_seed_same_search() -> None:
    def search(seed: int) -> list[tuple[int, tuple[int, int]]]:
        inquiry = coin_inquiry(RECOVERY, seed)
        found = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
        found.run()
        return [(jump.step, jump.before) for jump in found.jumps]

    seed = random.Random(3).randrange(1_000)
    assert search(seed) == search(seed)
    assert search(seed) != search(seed + 1)


def wandering(seed: int, step: float = 0.1, count: int = 90) -> list[float]:
    """A curve whose every step differs, with a few large ones, some undone at once."""
    rng = random.Random(seed)
    curve = [0.4]
    while len(curve) < count:
        curve.append(min(0.9, max(0.1, curve[-1] + rng.choice((-step, -step / 2, 0.0, step / 2, step)))))
    for place in (20, 45, 70):
        curve[place] += 0.25 if curve[place - 1] < 0.5 else -0.25
    return curve


def test_jumps_among_steps_that_all_differ() -> None:
    missed = invented = true = told = 0
    for seed in SEEDS:
        curve = wandering(seed)
        inquiry = coin_inquiry(curve, seed, 15_000)
        search = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
        search.run()
        found = {jump.step for jump in search.jumps}
        large, real = set(true_jumps(curve, 0.2)), set(true_jumps(curve, 0.08))
        missed, true = missed + len(large - found), true + len(large)
        invented, told = invented + len(found - real), told + len(found)
    assert true > 4 * len(SEEDS)
    assert missed <= 0.1 * true
    assert invented <= 0.04 * told


def test_sizes_come_from_futures_after_the_choice_of_the_pair() -> None:
    for seed in SEEDS:
        inquiry = coin_inquiry(RECOVERY, seed)
        search = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
        search.run()
        for jump in search.jumps:
            assert jump.before[1] >= 96
            assert jump.before[1] < inquiry.at_step(jump.step).futures


def test_a_small_budget_keeps_the_jumps_that_are_settled() -> None:
    inquiry = coin_inquiry(THREE_JUMPS, 1, 2_500)
    search = JumpSearch(inquiry, find_too_late(inquiry, eps=0.01, confidence=0.95).step)
    with pytest.raises(BudgetSpent):
        search.run()
    assert 776 in [jump.step for jump in search.jumps]
    assert not search.is_finished


def test_a_survivor_known_from_the_search_is_the_way_out_when_the_budget_is_spent() -> None:
    inquiry = coin_inquiry(THREE_JUMPS, 1, 1_200)
    builder = AccountBuilder(inquiry, 0.01)
    builder.too_late = find_too_late(inquiry, eps=0.01, confidence=0.95)
    account = builder.build()
    assert account.last_way_out is not None
    assert account.last_way_out.point == 776
    assert account.last_way_out.survivor.outcome == PASSED
