"""The time for all tests, shared by need."""

import pytest

from crossroads.faces.pytest.budget import EXPLAINING_S_MIN, Purse


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_test_has_its_share(clock: Clock) -> None:
    purse = Purse(60.0, 3, 1, clock)
    shares = []
    for _ in range(3):
        purse.begin()
        shares.append(purse.share_s)
        clock.now += purse.share_s
    assert shares == [pytest.approx(20.0)] * 3


def test_what_one_leaves_is_there_for_the_others(clock: Clock) -> None:
    purse = Purse(60.0, 3, 1, clock)
    purse.begin()
    clock.now += 2.0
    purse.begin()
    assert purse.share_s == pytest.approx(29.0)


def test_a_failing_one_gets_more_than_its_share(clock: Clock) -> None:
    purse = Purse(60.0, 10, 1, clock)
    purse.begin()
    clock.now += purse.share_s / 2
    assert 2 * purse.share_s < purse.explaining_s < 30.0


def test_the_last_one_has_all_that_is_left(clock: Clock) -> None:
    purse = Purse(60.0, 1, 1, clock)
    purse.begin()
    clock.now += 10.0
    assert purse.explaining_s == pytest.approx(50.0)


def test_nothing_is_left_when_it_is_late(clock: Clock) -> None:
    purse = Purse(5.0, 4, 1, clock)
    purse.begin()
    clock.now += 9.0
    assert purse.share_s == 0.0
    assert purse.explaining_s == EXPLAINING_S_MIN


def test_workers_share_the_tests_not_the_time(clock: Clock) -> None:
    purse = Purse(60.0, 7, 2, clock)
    purse.begin()
    assert purse.share_s == pytest.approx(15.0)


def test_more_tests_than_were_expected_share_what_is_left(clock: Clock) -> None:
    purse = Purse(60.0, 2, 2, clock)
    for _ in range(3):
        purse.begin()
    assert purse.share_s == pytest.approx(60.0)
