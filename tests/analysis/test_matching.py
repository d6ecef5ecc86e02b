"""The past of a run is found again in a run of changed code by what it is called, and where the two part is said."""

import pytest

from crossroads.analysis.matching import Match, draws_itself, match
from crossroads.analysis.pasts import RecordedPast, Step, past_from_data, past_to_data, steps_of
from crossroads.errors import StoreError
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point


def choice(point: int, name: str, option: str, occurrence: int = 0, draws: str = "aa") -> Step:
    return Step(point, "chance", name, occurrence, 1, option, draws=draws)


def mark(point: int, name: str = "day", occurrence: int = 0, draws: str = "aa", kind: str = "mark") -> Step:
    return Step(point, kind, name, occurrence, draws=draws)


def past(*steps: Step, is_whole: bool = True) -> RecordedPast:
    return RecordedPast("d1", steps[-1].point + 1, steps, is_whole)


ROUTE, FIRST, SECOND = choice(1, "route", "'coast'"), choice(3, "weather", "'calm'"), choice(5, "weather", "'storm'", 1)
CHOICES = past(ROUTE, mark(2), FIRST, mark(4, occurrence=1), SECOND)


def follow(*steps: Step, recorded: RecordedPast = CHOICES, crossing: int = 5, by_name: bool = False) -> Match:
    return match(recorded, steps, crossing, (steps[-1].point if steps else 0) + 1, by_name=by_name)


def test_the_same_run_is_met_as_recorded() -> None:
    found = follow(*CHOICES.steps)
    assert found.is_exact
    assert (found.matched, found.steps, found.arrived, found.parted) == (3, 3, 5, None)


def test_marks_may_come_and_go_where_only_choices_decide() -> None:
    found = follow(ROUTE, choice(2, "weather", "'calm'"), choice(3, "weather", "'storm'", 1))
    assert found.is_exact
    assert (found.arrived, found.places) == (3, {1: 1, 3: 2, 5: 3})


def test_line_numbers_in_options_dont_count() -> None:
    here = past(choice(1, "reply", "after the timeout at a.py:20 in main"))
    assert follow(choice(4, "reply", "after the timeout at a.py:31 in main"), recorded=here, crossing=1).is_exact
    assert follow(choice(4, "reply", "after the sleep at a.py:20 in main"), recorded=here, crossing=1).arrived is None


def test_what_a_message_says_doesnt_count() -> None:
    here = past(choice(1, "reply", "before client 2 -> db:1, message 3 [GET a]"))
    assert follow(choice(1, "reply", "before client 2 -> db:1, message 3 [GET b [1]]"), recorded=here, crossing=1).is_exact
    assert follow(choice(1, "reply", "before client 2 -> db:1, message 4 [GET a]"), recorded=here, crossing=1).arrived is None


def test_a_renamed_choice_before_the_crossing_parts_them_there() -> None:
    found = follow(choice(1, "way", "'coast'"), mark(2), FIRST, SECOND)
    assert found.arrived == 5
    assert not found.has_all
    assert found.has_most
    assert (found.matched, found.others, found.parted) == (2, 1, (1, 1))
    assert (found.expected, found.met) == ("'route' ('coast')", "'way' ('coast')")


def test_another_option_parts_them_though_the_name_is_met() -> None:
    found = follow(choice(1, "route", "'sea'"), FIRST, SECOND)
    assert found.parted == (1, 1)
    assert found.last is None


def test_an_added_choice_is_counted_and_parts_them() -> None:
    found = follow(ROUTE, choice(2, "boat", "'b'"), FIRST, SECOND)
    assert found.has_all
    assert not found.is_exact
    assert (found.others, found.parted) == (1, (3, 2))
    assert found.last == ROUTE


def test_a_crossing_that_isnt_met_is_gone_behind_the_last_common_choice() -> None:
    found = follow(ROUTE, mark(2), FIRST, mark(4))
    assert found.arrived is None
    assert found.parted == (5, 4)
    assert (found.expected, found.met, found.last) == ("'weather' ('storm')", "the end", FIRST)


def test_a_choice_that_comes_after_the_crossing_now_wasnt_met() -> None:
    found = follow(choice(1, "weather", "'calm'"), choice(2, "weather", "'storm'", 1), choice(3, "route", "'coast'"))
    assert (found.arrived, found.matched, found.has_all) == (2, 2, False)


def test_few_common_choices_are_no_common_way() -> None:
    recorded = past(*(choice(number, f"c{number}", "x") for number in range(1, 6)))
    assert not follow(choice(1, "other", "x"), choice(2, "c5", "x"), recorded=recorded).has_most


STREAM = past(
    mark(1, "random.choice", 0, "a0", "draw"), mark(2, "random.choice", 1, "a1", "draw"), mark(3, "random.choice", 2, "a2", "draw")
)


def test_draws_are_followed_in_order_by_their_state() -> None:
    assert draws_itself(STREAM, 3)
    found = follow(*STREAM.steps, recorded=STREAM, crossing=3)
    assert found.is_exact
    assert found.unit == "point"


def test_a_mark_between_draws_may_be_added_or_gone() -> None:
    recorded = past(mark(1, draws="a0"), mark(2, "random.choice", 0, "a0", "draw"), mark(3, "random.choice", 1, "a1", "draw"))
    without = (mark(1, "random.choice", 0, "a0", "draw"), mark(2, "random.choice", 1, "a1", "draw"))
    assert follow(*without, recorded=recorded, crossing=3).has_all
    beside = (
        mark(1, "new", draws="a0"),
        *(mark(step.point + 1, step.name, step.occurrence, step.draws, step.kind) for step in recorded.steps),
    )
    assert follow(*beside, recorded=recorded, crossing=3).is_exact


@pytest.mark.parametrize(
    "steps",
    [
        (mark(1, "random.random", 0, "a0", "draw"), *STREAM.steps[1:]),
        (mark(1, "random.choice", 0, "b0", "draw"), mark(2, "random.choice", 1, "b1", "draw"), mark(3, "random.choice", 2, "b2", "draw")),
        STREAM.steps[:2],
    ],
    ids=["another draw", "shifted", "ends before"],
)
def test_other_draws_are_never_taken_for_the_recorded_ones(steps: tuple[Step, ...]) -> None:
    found = follow(*steps, recorded=STREAM, crossing=3)
    assert not found.has_all
    assert not found.has_most
    assert found.parted is not None


def test_by_name_the_programs_own_draws_are_noted_only() -> None:
    found = follow(ROUTE, FIRST, choice(5, "weather", "'storm'", 1, draws="bb"), by_name=True)
    assert found.has_all
    assert found.drew_otherwise
    assert not found.is_exact


def test_an_event_at_the_crossing_is_met_by_its_name() -> None:
    recorded = past(ROUTE, mark(2, "reply", kind="event"))
    found = follow(ROUTE, choice(2, "reply", "x"), mark(3, "reply", kind="event"), recorded=recorded, crossing=2, by_name=True)
    assert found.arrived == 3
    assert follow(ROUTE, recorded=recorded, crossing=2, by_name=True).arrived is None
    assert follow(mark(3, "reply", kind="event"), recorded=recorded, crossing=2, by_name=True).arrived is None


def test_of_a_long_run_samples_are_met_by_number() -> None:
    recorded = past(mark(10, draws="a"), mark(20, draws="b"), mark(30, draws="c"), is_whole=False)
    assert follow(*recorded.steps, recorded=recorded, crossing=30).is_exact
    found = follow(mark(10, draws="a"), mark(20, draws="x"), mark(30, draws="c"), recorded=recorded, crossing=30)
    assert (found.arrived, found.matched, found.parted, found.unit) == (None, 1, (20, 11), "sampled point")


def test_a_traced_run_as_steps() -> None:
    points = (
        Point(0, "start"),
        Point(1, "event", "hello [x]", time=0.5),
        Point(2, "latency", "hello [y]", "a.py:3 in main", 1.0, ("'a'", "'b'"), 1, (0.5, 0.5), name="hello", occurrence=4, draws="ff"),
        Point(3, "event", "hello [z]"),
        Point(4, "chance", "one", options=("'only'",), taken=0, name="one"),
        Point(5, "end", "passed"),
    )
    assert [(step.point, step.name, step.occurrence, step.is_choice) for step in steps_of(points)] == [
        (1, "hello", 0, False),
        (2, "hello", 4, True),
        (3, "hello", 1, False),
        (4, "one", 0, False),
    ]


def test_a_past_is_read_as_it_was_written() -> None:
    recorded = RecordedPast("d1", 9, CHOICES.steps, False, "assert x", (Outcome("exited", "SystemExit", "bye", "a.py:1 in f", -3),))
    assert past_from_data(past_to_data(recorded)) == recorded


@pytest.mark.parametrize(
    "change",
    [{"format": "crossroads-past/2"}, {"steps": [[1]]}, {"texts": []}, {"columns": []}, {"others": [{"kind": []}]}, {"steps": None}],
    ids=str,
)
def test_what_is_no_past_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(StoreError, match="a past in the store can't be read"):
        past_from_data(past_to_data(CHOICES) | change)
