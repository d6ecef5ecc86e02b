"""Programs whose failing futures go on for long after they are doomed, explained in little time: less is asked, nothing is made up."""

from contextlib import suppress
from types import SimpleNamespace

import pytest
from fakes import CoinRunner, inquiry_of

from crossroads.analysis.account import AccountBuilder
from crossroads.analysis.inquiry import BudgetSpent, Inquiry, Misjudged
from crossroads.analysis.path import Path
from crossroads.analysis.too_late import find_too_late
from crossroads.analysis.turning import JumpSearch
from crossroads.stats.sequences import estimate
from crossroads.stats.streaks import streak_level
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point

SEEDS = range(12)
TRIGGER = [0.01] * 60 + [1.0] * 9_940
TIME_S = 120.0


def looked_into(runner: CoinRunner, seed: int, seconds: float | None = TIME_S) -> tuple[Inquiry, AccountBuilder]:
    inquiry = inquiry_of(runner, seed, seconds=seconds)
    inquiry.pool(0, 9, 1_000)
    inquiry.sample_steps({0: 16})
    builder = AccountBuilder(inquiry, 0.01)
    builder.too_late = find_too_late(inquiry, eps=0.01, confidence=0.95)
    builder.search = JumpSearch(inquiry, builder.too_late.step)
    builder.search.run()
    return inquiry, builder


@pytest.mark.parametrize(("failing_s", "most_s"), [(0.4, 60.0), (2.0, 110.0)])
def test_where_dear_failures_are_decided_is_found_in_few_of_them(failing_s: float, most_s: float) -> None:
    for seed in SEEDS:
        runner = CoinRunner(TRIGGER, failing_s, survivors_live=100)
        _, builder = looked_into(runner, seed)
        account = builder.build()
        assert account.point_of_no_return is not None
        assert account.last_way_out is not None
        assert (account.point_of_no_return.point, account.last_way_out.point) == (60, 59)
        assert [point.point for point in account.turning_points] == [59]
        assert runner.seconds <= most_s


def test_numbers_from_few_futures_say_so() -> None:
    inquiry, builder = looked_into(CoinRunner(TRIGGER, 2.0), 0)
    assert builder.too_late is not None
    (jump,) = builder.build().turning_points
    streak = builder.too_late.streak
    assert inquiry.is_thrifty
    assert not inquiry.patience.given_up
    assert streak < 100
    assert builder.too_late.level == pytest.approx(1 - streak_level(streak, 0.05 / 16))
    assert (jump.after.failed, jump.after.futures) == (streak, streak)
    assert jump.after.low < 0.95


def test_those_that_go_on_are_given_up_once_enough_like_them_have_failed() -> None:
    inquiry, builder = looked_into(CoinRunner(TRIGGER, 0.1, survivors_live=100), 0)
    patience = inquiry.patience
    assert builder.too_late is not None
    (jump,) = builder.build().turning_points
    assert not inquiry.is_thrifty
    assert 0 < patience.limit.point < 500
    assert patience.given_up > 10 * patience.seen
    assert patience.doubt == pytest.approx(streak_level(patience.seen, 0.05))
    assert 0.9 < builder.too_late.level <= 1 - streak_level(builder.too_late.streak, 0.05 / 16) - patience.doubt
    assert jump.after.low == pytest.approx(estimate(jump.after.failed, jump.after.futures).low * (1 - patience.doubt))
    assert any("were given up and count as failing" in note for note in builder.build().notes)


def test_where_only_the_clock_goes_on_futures_are_given_up_by_it() -> None:
    for seed in SEEDS:
        runner = CoinRunner([0.2] * 20 + [1.0] * 40, 3.0, survivors_live=40, ages=(0.5, 3_600.0))
        inquiry, builder = looked_into(runner, seed, seconds=60.0)
        account, patience = builder.build(), inquiry.patience
        assert (patience.limit.point, patience.limit.time) == (0, 1.0)
        assert patience.whole_every > 100
        assert [point.point for point in account.turning_points] == [19]
        assert account.point_of_no_return is not None
        assert account.point_of_no_return.point == 20
        assert runner.seconds < 60
        assert any("after 1 s of their own clock were given up" in note for note in account.notes)


def test_those_that_hung_for_others_count_among_those_that_went_on() -> None:
    told, untold = (inquiry_of(CoinRunner([0.5] * 60, 3.0, survivors_live=40, ages=(0.5, 3_600.0)), 0, seconds=60.0) for _ in range(2))
    told.patience.note_hung(5, 3_600.0)
    for inquiry in (told, untold):
        inquiry.sample_steps({0: 20})
        inquiry.look_ahead()
    assert told.patience.is_limited
    assert told.patience.seen == untold.patience.seen + 5


def test_a_clock_that_goes_on_at_no_cost_gives_nobody_up() -> None:
    inquiry = inquiry_of(CoinRunner([0.5] * 60, 0.006, survivors_live=40, ages=(0.5, 3_600.0)), 0, seconds=1.0)
    inquiry.sample_steps({0: 100})
    inquiry.look_ahead()
    assert inquiry.thrift(0) > 1
    assert not inquiry.patience.is_limited


@pytest.mark.parametrize("ages", [(0.0, 0.0), (0.5, 3_600.0)], ids=["points", "time"])
@pytest.mark.parametrize("saved_late", [0.3, 0.05, 0.01])
def test_what_those_that_are_given_up_might_have_become_is_allowed_for(saved_late: float, ages: tuple[float, float]) -> None:
    survivors_live = 7_000 if ages[1] else 100
    for seed in SEEDS:
        runner = CoinRunner([0.5] * 10_000, 1.0, survivors_live, saved_late, ages)
        inquiry = inquiry_of(runner, seed, seconds=TIME_S)
        inquiry.sample_steps({0: 16})
        for _ in range(20):
            with suppress(Misjudged):
                inquiry.look_ahead()
                inquiry.sample_steps({0: 40, 60: 40})
        for step in (0, 60):
            told = inquiry.estimate(*inquiry.at_step(step).counts)
            assert told.low <= 0.5 * (1 - saved_late) <= told.high


def test_nobody_is_given_up_where_some_hang() -> None:
    runner = CoinRunner([0.5] * 10_000, 1.0, survivors_live=100, saved_late=0.05)
    runner.late = Outcome("hung", "wall limit")
    inquiry = inquiry_of(runner, 0, seconds=TIME_S)
    for _ in range(8):
        with suppress(Misjudged):
            inquiry.sample_steps({0: 50})
    assert inquiry.unknown
    assert not inquiry.patience.is_limited
    assert not inquiry.patience.given_up


def test_nobody_is_given_up_where_survivors_live_as_long() -> None:
    for runner in (CoinRunner([0.5] * 1_000, 1.0), CoinRunner([0.5] * 1_000, 1.0, survivors_live=200)):
        inquiry = inquiry_of(runner, 0, seconds=TIME_S)
        inquiry.sample_steps({0: 400})
        inquiry.look_ahead()
        assert not inquiry.patience.is_limited
        assert inquiry.spent == 400


def test_what_is_not_dear_or_has_the_time_is_asked_as_ever() -> None:
    for failing_s, seconds in ((0.01, TIME_S), (2.0, None)):
        inquiry, builder = looked_into(CoinRunner(TRIGGER, failing_s, survivors_live=100), 0, seconds)
        assert builder.too_late is not None
        assert not inquiry.is_thrifty
        assert builder.too_late.level == 0.99
        assert builder.too_late.streak >= 500


@pytest.mark.parametrize("failing_s", [0.4, 2.0])
def test_the_time_that_is_named_is_enough_for_as_many_as_usual(failing_s: float) -> None:
    short, _ = looked_into(CoinRunner(TRIGGER, failing_s), 0)
    assert short.is_thrifty
    enough, _ = looked_into(CoinRunner(TRIGGER, failing_s), 0, short.usual_s)
    assert not enough.is_thrifty


def test_two_dear_jumps_are_both_told() -> None:
    for seed in SEEDS:
        _, builder = looked_into(CoinRunner([0.05] * 30 + [0.5] * 30 + [1.0] * 5_000, 0.3, survivors_live=100), seed)
        account = builder.build()
        assert [point.point for point in account.turning_points][-1] == 59
        assert all(point.point in (29, 59) for point in account.turning_points)
        assert not account.gradual


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_leaves_time_for_the_options(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rising = [0.1 + 0.02 * step for step in range(28)]
    runner = CoinRunner([*rising, 1.0, 1.0], failing_s=0.04)
    monkeypatch.setattr("crossroads.analysis.inquiry.time", SimpleNamespace(monotonic=lambda: runner.seconds / runner.jobs))
    inquiry, builder = looked_into(runner, seed, seconds=30.0)
    assert inquiry.time_used < 0.75
    assert 27 in [point.point for point in builder.build().turning_points]


def test_a_stage_that_is_over_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CoinRunner([1.0] * 10, failing_s=1.0)
    monkeypatch.setattr("crossroads.analysis.inquiry.time", SimpleNamespace(monotonic=lambda: runner.seconds / runner.jobs))
    inquiry = inquiry_of(runner, 0, seconds=100.0)
    with inquiry.until(0.5):
        with inquiry.until(0.2):
            while True:
                inquiry.sample_steps({0: 4})
        assert 0.2 < inquiry.time_used < 0.3
        inquiry.sample_steps({0: 4})
        while True:
            inquiry.sample_steps({0: 4})
    assert 0.5 < inquiry.time_used < 0.6
    inquiry.sample_steps({0: 100})
    with pytest.raises(BudgetSpent):
        inquiry.sample_steps({0: 4})
    assert inquiry.is_late


def test_when_the_time_is_up_nothing_more_is_lived() -> None:
    inquiry = inquiry_of(CoinRunner(TRIGGER), 0, seconds=1e-9)
    with pytest.raises(BudgetSpent):
        inquiry.sample_steps({0: 16})
    assert inquiry.is_late
    assert inquiry.spent == 0


def test_a_path_of_which_the_beginning_is_known() -> None:
    points = [Point(index, "mark", moot=index % 3 == 0) for index in range(20)]
    path = Path(100, points)
    assert path.count == 13 + 81
    assert path.last(path.count - 1) == 100
    for step in range(path.count):
        assert all(path.step_of(point) == step for point in range(path.first(step), path.last(step) + 1))
    assert path.first(0) == 0
    assert all(path.first(step + 1) == path.last(step) + 1 for step in range(path.count - 1))
