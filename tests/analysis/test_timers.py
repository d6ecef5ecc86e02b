"""What ran out behind a turning point, and in a failing run alone."""

from dataclasses import replace

from crossroads.analysis.path import Path
from crossroads.analysis.timers import first_only_here, ran_out_next
from crossroads.timeline.points import Point

SLEEP, ONE, OTHER = "the sleep at a.py:1 in f", "the timeout at a.py:2 in f", "the timeout at a.py:3 in g"


def path_of(*ran_out: tuple[str, ...]) -> Path:
    points = [Point(index, "latency", ran_out=texts) for index, texts in enumerate(ran_out)]
    return Path(len(points) - 1, points)


def test_of_what_follows_a_step_timeouts_are_told_unless_its_option_says_so() -> None:
    path = path_of((), (SLEEP, ONE, OTHER), ())
    reply = Point(0, "latency", options=(f"before {ONE}", f"after {ONE}"), taken=1, weights=(0.5, 0.5))
    assert ran_out_next(path, reply) == (OTHER,)
    assert ran_out_next(path, replace(reply, options=(), taken=None, weights=())) == (ONE, OTHER)
    assert ran_out_next(path, replace(reply, kind="schedule", options=("late", "in time"), taken=0)) == (SLEEP, ONE, OTHER)
    assert ran_out_next(path, replace(reply, index=1)) == ()


def test_the_first_timeout_that_a_survivor_did_not_meet_is_told() -> None:
    failing = path_of((), (ONE,), (SLEEP,), (ONE, OTHER), (OTHER,), ())
    end = Point(9, "end")
    assert first_only_here(failing, [end], 1) == ONE
    assert first_only_here(failing, [Point(7, "latency", ran_out=(ONE, SLEEP)), end], 0) == OTHER
    assert first_only_here(failing, [Point(1, "latency", ran_out=(ONE, OTHER)), end], 1) == ONE


def test_of_a_survivor_that_was_not_seen_whole_nothing_is_said() -> None:
    failing = path_of((), (ONE,), ())
    assert first_only_here(failing, [Point(7, "latency", ran_out=("", SLEEP)), Point(9, "end")], 0) == ""
    assert first_only_here(failing, [Point(7, "latency")], 0) == first_only_here(failing, [], 0) == ""


def test_the_timeout_that_ended_the_run_is_its_failure_and_not_what_led_to_it() -> None:
    assert first_only_here(path_of((), (SLEEP,), (ONE,)), [Point(9, "end")], 0) == ""
