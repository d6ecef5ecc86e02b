"""Who lives which timelines."""

from hypothesis import given
from hypothesis import strategies as st

from crossroads.runners.shares import Shares, share_out
from crossroads.timeline.timelines import Epoch, Timeline


def branching(*points: int) -> list[Timeline]:
    return [Timeline("p", (Epoch(0, 1), Epoch(point, seed))) for seed, point in enumerate(points)]


def test_what_branches_at_one_place_stays_together() -> None:
    timelines = branching(*(point for point in (3, 5, 7, 9) for _ in range(5)))
    shares = share_out(timelines, 2)
    assert sorted(index for share in shares for index in share) == list(range(20))
    assert [len(share) for share in shares] == [10, 10]
    for share in shares:
        assert len({timelines[index].branch_point for index in share}) == 2
    assert [len(share) for share in share_out(timelines[:5] * 4, 2)] == [10, 10]
    assert share_out(timelines[:3], 2) == [[0, 1, 2], []]


def test_two_that_may_be_long_go_to_two_engines() -> None:
    assert share_out(branching(0, 0), 2, 2) == [[0], [1]]
    assert share_out(branching(0, 7), 2, 2) == [[0], [1]]


def test_an_engine_takes_half_of_what_it_has_but_not_too_few() -> None:
    shares = Shares([list(range(20)), []])
    assert [len(shares.take(0, 4, 20)) for _ in range(4)] == [10, 5, 4, 1]
    assert shares.take(0, 4, 20) == []


def test_where_they_take_long_an_engine_takes_few_at_a_time() -> None:
    shares = Shares([list(range(20)), []])
    assert [len(shares.take(engine, 1, 3)) for engine in (0, 1, 0, 1)] == [3, 3, 3, 3]


def test_who_has_nothing_left_takes_over_from_the_end_of_the_longest_share() -> None:
    shares = Shares([[0], list(range(1, 10)), list(range(10, 15))])
    assert shares.take(0, 1, 15) == [0]
    assert shares.take(0, 1, 15) == [5, 6, 7]
    assert shares.take(1, 1, 15) == [1, 2]
    assert shares.take(0, 1, 15) == [8]
    assert shares.take(0, 1, 15) == [9]


@given(st.lists(st.lists(st.integers(), max_size=30), min_size=1, max_size=5), st.integers(0, 40), st.integers(0, 40), st.data())
def test_each_is_taken_once_by_whomever(parts: list[list[int]], least: int, most: int, data: st.DataObject) -> None:
    shares = Shares(parts)
    taken: list[int] = []
    waiting = set(range(len(parts)))
    while waiting:
        engine = data.draw(st.sampled_from(sorted(waiting)))
        some = shares.take(engine, least, most)
        taken += some
        if not some:
            waiting.remove(engine)
    assert sorted(taken) == sorted(index for part in parts for index in part)
