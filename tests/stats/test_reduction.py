"""The result of a reduction fails, and nothing can be left out of it; in a bounded number of candidates."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossroads.stats.reduction import reduce_causes

Causes = tuple[int, ...]


class Judge:
    """Tells the first failing candidate, and counts all that it was given."""

    def __init__(self, fails: Callable[[Causes], bool]) -> None:
        self.fails, self.count = fails, 0

    def __call__(self, candidates: Sequence[Causes]) -> int | None:
        self.count += len(candidates)
        return next((at for at, candidate in enumerate(candidates) if self.fails(candidate)), None)


def one_left_out(causes: Causes) -> list[Causes]:
    return [causes[:at] + causes[at + 1 :] for at in range(len(causes))]


@given(st.integers(1, 40), st.sets(st.integers(0, 39), max_size=8))
def test_of_causes_that_are_all_needed_just_those_are_left(count: int, wanted: set[int]) -> None:
    needed = {number % count for number in wanted}
    tester = Judge(lambda causes: needed <= set(causes))
    assert reduce_causes(range(count), tester) == tuple(sorted(needed))
    assert tester.count <= count**2 + 5 * count + 1


@given(st.integers(1, 12), st.lists(st.sets(st.integers(0, 11), min_size=1), max_size=4))
@example(12, [{number} for number in range(12)])
def test_where_several_sets_suffice_nothing_can_be_left_out(count: int, ways: list[set[int]]) -> None:
    ways = [{number % count for number in way} for way in ways] or [set(range(count))]
    tester = Judge(lambda causes: any(way <= set(causes) for way in ways))
    left = reduce_causes(range(count), tester)
    assert tester.fails(left)
    assert not any(tester.fails(smaller) for smaller in one_left_out(left))
    assert tester.count <= count**2 + 5 * count + 1


@given(st.integers(1, 10), st.integers(0))
def test_failures_without_any_law(count: int, bits: int) -> None:
    """A candidate may fail, its supersets not: removing a choice changes which others are met."""

    def fails(causes: Causes) -> bool:
        return len(causes) == count or bool(bits >> sum(1 << cause for cause in causes) & 1)

    tester = Judge(fails)
    left = reduce_causes(range(count), tester)
    assert fails(left)
    assert not left or not any(fails(smaller) for smaller in one_left_out(left))
    assert tester.count <= count**2 + 5 * count + 1


@pytest.mark.parametrize(("causes", "left"), [((), ()), ((7,), (7,))])
def test_few_causes(causes: Causes, left: Causes) -> None:
    assert reduce_causes(causes, Judge(bool)) == left


def test_nothing_is_left_where_nothing_is_needed() -> None:
    assert reduce_causes(range(5), Judge(lambda causes: True)) == ()


def test_one_of_many_costs_few() -> None:
    tester = Judge(lambda causes: 613 in causes)
    assert reduce_causes(range(1000), tester) == (613,)
    assert tester.count < 60
