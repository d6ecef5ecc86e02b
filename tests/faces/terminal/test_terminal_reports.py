"""Printed reports, pinned as text files in tests/faces/snapshots, and what must hold for any of them.

After a change that is meant, run with CROSSROADS_UPDATE_SNAPSHOTS=1 and read the difference as a newcomer would.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import faces_values as made
import pytest
from rich.text import Text

from crossroads.analysis.results import Failure, Moment, PointOfNoReturn, Tally, WayOut
from crossroads.faces.terminal.exploration import exploration_report
from crossroads.faces.terminal.failure import failure_report, rise, what_saved
from crossroads.faces.terminal.lines import LINES_MAX, View
from crossroads.faces.terminal.listing import Kept, listing
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.sweep import sweep_report
from crossroads.faces.terminal.turning import Detail, drawn_there, turning_points
from crossroads.stats.sequences import estimate, proved
from crossroads.timeline.outcomes import Outcome

ONE_FUTURE = "two_coins.py:main has only one future: it draws nothing and decides nothing, so every run is this one"

pytestmark = pytest.mark.usefixtures("in_programs")

FAILURES = {
    "coins": made.coins,
    "boat": made.boat,
    "boat-shrunk": lambda: replace(made.boat(), shrunk=made.boat_shrunk()),
    "coins-shrunk": lambda: replace(made.coins(), shrunk=made.coins_shrunk()),
    "within": made.within,
    "gradual": made.gradual,
    "always": made.always,
    "many-steps": made.many_steps,
    "unexplained": lambda: made.coins(account=False),
}


def printed(lines: list[Text]) -> str:
    stream = io.StringIO()
    print_lines(lines, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", FAILURES)
def test_the_report_of_a_failure(name: str) -> None:
    made.check_snapshot(f"failure-{name}", printed(failure_report(FAILURES[name](), View())))


@pytest.mark.parametrize(("words", "is_cut"), [(9, False), (100, True)])
def test_what_a_failure_says_is_cut_with_a_mark(words: int, is_cut: bool) -> None:
    outcome = Outcome("failed", "Deadlock", "waiting " * words)
    failure = replace(made.coins(), outcome=outcome, timeline=replace(made.coins().timeline, outcome=outcome))
    told = [text.plain for text in failure_report(failure, View()) if "waiting" in text.plain]
    assert len(told) == 1 + is_cut
    assert told[-1].endswith(" …") == is_cut
    assert all(len(text) <= View().width for text in told)


@pytest.mark.parametrize("width", [72, 88, 100])
@pytest.mark.parametrize("name", FAILURES)
def test_it_fits_on_one_screen_and_ends_with_the_command_that_replays_it(name: str, width: int) -> None:
    failure = FAILURES[name]()
    lines = failure_report(failure, View(width=width))
    assert len(lines) <= LINES_MAX
    assert [text.plain for text in lines if text.cell_len > width] == []
    assert lines[-1].plain.endswith(f"crossroads replay {failure.id}")


def test_a_step_in_a_line_says_what_decided_within_the_option_and_claims_no_certainty() -> None:
    account = made.within().account
    assert account is not None
    first, second = account.turning_points
    steps = (replace(first, before=estimate(0, 96), after=estimate(96, 96)), second)
    lines = turning_points(replace(account, turning_points=steps), "boat.py:main", View(), Detail(source=0, options=0, full=0, decisions=0))
    told = " ".join(text.plain.strip() for text in lines)
    assert "before the timeout at boat.py:9 in sail, by the moment drawn within it (in all 37 % of its futures fail); " in told
    assert "; at most 6 % before, at least 94 % after ②" in told
    assert told.endswith("it took 0.0125 s (up to 0.01 s it fails in 2 %, longer in 98 %); 75 % before, 100 % after")


@pytest.mark.parametrize("width", [72, 88, 100])
def test_the_option_that_was_taken_is_told_however_little_room_there_is(width: int) -> None:
    failure = replace(made.many_steps(9), shrunk=made.boat_shrunk())
    told = " ".join(text.plain.strip() for text in failure_report(failure, View(width=width, lines_max=20)))
    assert told.count("(boat.py:9 in sail): option 0 of a long list;") == 6


@pytest.mark.parametrize(
    ("less", "futures", "words"),
    [
        (1.0, 240, "it took 0.0125 s, in all of 240 other futures less"),
        (0.0, 240, "it took 0.0125 s, in none of 240 other futures less"),
        (0.9, 240, "it took 0.0125 s, in 90 % of futures less"),
        (1.0, 0, "it took 0.0125 s, in all of the others less"),
    ],
)
def test_a_time_is_compared_with_those_of_other_futures(less: float, futures: int, words: str) -> None:
    step = made.within().account.turning_points[1]  # type: ignore[union-attr]
    assert drawn_there(replace(step, moment=Moment(0.0125, less, futures=futures))).endswith("; " + words)


def test_the_way_out_says_what_the_survivor_drew() -> None:
    failure = made.coins()
    assert failure.account is not None
    out = failure.account.last_way_out
    assert out is not None
    account = replace(failure.account, last_way_out=replace(out, took=0.2))
    text = " ".join(printed(failure_report(replace(failure, account=account), View())).split())
    assert 'Last way out: point 61 "step" (two_coins.py:12 in main); it took 0.2 s in a run that survived. ' in text


def test_the_way_out_and_a_step_say_which_timers_ran_out() -> None:
    account = made.within().account
    assert account is not None
    assert account.last_way_out is not None
    told = what_saved(replace(account.last_way_out, ran_out="the timeout at boat.py:9 in sail"), "later")
    assert told.endswith(", in which the timeout at boat.py:9 in sail didn't run out")
    step = replace(account.turning_points[0], ran_out=("the sleep at boat.py:4 in row", "the timer flap", "the sleep at boat.py:4 in row"))
    for full in (0, 2):
        lines = turning_points(
            replace(account, turning_points=(step,)), "boat.py:main", View(), Detail(source=0, options=0, full=full, decisions=0)
        )
        told = " ".join(text.plain.strip() for text in lines)
        assert "; then the sleep at boat.py:4 in row (2 times), the timer flap ran out" in told


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (0.5, "These steps explain 50 % of the rise from 0 % at the start to 100 %; the rest is spread over steps too small to tell."),
        (0.12, "These steps explain about 88 % of the rise from 0 % at the start to 100 %; the rest may be their error."),
        (0.03, "These steps together explain the rise from 0 % at the start to 100 %, within their error."),
        (-0.12, "These steps together explain the rise from 0 % at the start to 100 %, within their error."),
    ],
)
def test_what_is_missing_of_the_rise_is_told_though_it_be_within_the_error(missing: float, told: str) -> None:
    account = made.within().account
    assert account is not None
    steps = tuple(replace(step, before=estimate(10, 40), after=estimate(30, 40)) for step in account.turning_points)
    assert rise(replace(account, baseline=proved(0.0, 8, 0), turning_points=steps, unexplained_rise=missing)).startswith(told)


def unexplained(**changes: object) -> str:
    """What is said of the rise of a failure that no step explains, with a survivor at the point before it was too late."""
    account = made.gradual().account
    assert account is not None
    late = PointOfNoReturn(61, "step", "", 0.0, "estimated", 0.99, 492)
    out = WayOut(60, "reply [CLEAR]", "boat.py:9 in sail", 0.0, "after the timeout", made.coins_timeline())
    return rise(replace(account, **{"point_of_no_return": late, "last_way_out": out, **changes}))  # type: ignore[arg-type]


def test_a_gradual_rise_names_the_step_with_which_it_became_sure() -> None:
    told = 'It became sure at point 60 "reply [CLEAR]" (boat.py:9 in sail): '
    assert f"in many small steps. {told}" in unexplained()
    assert unexplained().endswith("84 % [76.6-89.5] before, at least 99 % after.")
    assert unexplained(ended="budget").startswith(f"No turning point is known yet. {told}")
    proved = PointOfNoReturn(61, "step", "", 0.0, "proved", 1.0, 8)
    assert unexplained(point_of_no_return=proved, curve=()).endswith('became sure at point 60 "reply [CLEAR]" (boat.py:9 in sail).')
    assert unexplained(point_of_no_return=proved).endswith(" before, 100 % (exact) after.")


def test_no_step_is_said_to_have_made_it_sure_where_that_isnt_known_or_needed() -> None:
    (step, *_) = made.within().account.turning_points  # type: ignore[union-attr]
    assert "sure" not in unexplained(point_of_no_return=None)
    assert "sure" not in unexplained(last_way_out=None)
    assert "sure" not in unexplained(point_of_no_return=PointOfNoReturn(63, "step", "", 0.0, "estimated", 0.99, 492))
    assert "sure" not in unexplained(unexplained_rise=0.02)
    assert "sure" not in unexplained(turning_points=(replace(step, point=60),))
    assert "sure" in unexplained(turning_points=(step,))


@pytest.mark.parametrize("name", FAILURES)
def test_it_can_be_written_in_ascii(name: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_lines(failure_report(FAILURES[name](), View()), stream)
    made.check_snapshot(f"failure-{name}-ascii", raw.getvalue().decode("ascii"))


def test_two_failures_of_an_exploration_one_of_them_explained() -> None:
    other = replace(made.always(), account=None, count=12, probability=estimate(12, 1000))
    report = exploration_report(made.exploration(made.coins(), other, resumed=500), View(options="--store boats.sqlite"))
    made.check_snapshot("exploration-two-failures", printed(report))


@pytest.mark.parametrize("make", [made.coins, made.boat, made.many_steps], ids=["coins", "boat", "many-steps"])
def test_an_exploration_with_one_failure_fits_on_one_screen(make: Callable[[], Failure]) -> None:
    assert len(exploration_report(made.exploration(make()), View())) <= LINES_MAX


@pytest.mark.parametrize(
    ("name", "exploration"),
    [
        ("none-failed", made.exploration()),
        ("interrupted", made.exploration(futures=120, complete=False)),
        ("nothing-known", made.exploration(futures=0, complete=False)),
        (
            "one-future",
            made.exploration(futures=8, notes=(ONE_FUTURE,), one_future=True),
        ),
        (
            "others",
            made.exploration(
                futures=20, explored=Tally(20, 15, 0, {"diverged": 3, "left behind": 2}), notes=("forking isn't possible here",)
            ),
        ),
    ],
)
def test_explorations_in_which_nothing_failed(name: str, exploration: object) -> None:
    made.check_snapshot(f"exploration-{name}", printed(exploration_report(exploration, View())))  # type: ignore[arg-type]


def test_the_list_of_failures() -> None:
    outcome = Outcome("failed", "AssertionError", "both coins came up heads " * 5, "src/boats/harbour/piers/two_coins.py:19 in main")
    kept = [
        Kept("3fa9c2d1", outcome, "src/boats/harbour/two_coins.py:main", 250, 1000, "2026-03-01T10:20:30+00:00", True),
        Kept("00c0ffee", Outcome("crashed", "SIGSEGV"), "boats:main", 1, 0, "2026-02-28T23:59:59+00:00", False),
    ]
    made.check_snapshot("list", printed(listing(kept, View())))
    assert "crossroads run TARGET" in printed(listing([], View()))


def test_hostile_labels_stay_on_their_line() -> None:
    failure = made.boat()
    account = failure.account
    assert account is not None
    nasty = "\x1b]0;owned\x07\n[bold]" + "x" * 500
    steps = tuple(
        replace(step, label=nasty, options=tuple(replace(option, option=nasty) for option in step.options))
        for step in account.turning_points
    )
    outcome = replace(failure.outcome, message=nasty)
    account = replace(account, turning_points=steps, notes=(nasty,), decisions=())
    failure = replace(failure, account=account, outcome=outcome, timeline=replace(failure.timeline, outcome=outcome, target=nasty))
    text = printed(failure_report(failure, View()))
    assert "\x1b" not in text
    assert "[bold]" in text
    assert max(len(row) for row in text.splitlines()) <= 88


def test_a_decision_that_was_no_turning_point_is_told_where_another_option_is_clearly_better() -> None:
    failure = made.boat()
    assert failure.account is not None
    account = replace(failure.account, turning_points=failure.account.turning_points[1:])
    text = printed(failure_report(replace(failure, account=account), View()))
    assert "Decisions that could have been better" in text
    assert "'coast' fails in 0 %, 'open sea', which was taken, in 41 %" in " ".join(text.split())


def test_a_decision_whose_options_cant_be_told_apart_is_not_told() -> None:
    failure = made.boat()
    assert failure.account is not None
    (decision,) = failure.account.decisions
    alike = tuple(replace(option, failure=made.share(0.1 + 0.1 * option.taken, 20)) for option in decision.options)
    account = replace(failure.account, turning_points=(), decisions=(replace(decision, options=alike),))
    assert "Decisions that" not in printed(failure_report(replace(failure, account=account), View()))


def test_colours_are_for_terminals_only(in_programs: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    print_lines(failure_report(made.coins(), View()), terminal)
    assert ("\x1b[" in terminal.getvalue()) == ("\x1b[" not in printed(failure_report(made.coins(), View())))


def test_a_pipe_has_its_own_width() -> None:
    assert view_of(io.StringIO()).width == 88


@pytest.mark.parametrize("name", ["safe", "unsafe", "unchecked"])
def test_the_report_of_a_sweep(name: str) -> None:
    sweeps = {
        "safe": made.sweep(),
        "unsafe": made.sweep(replace(made.coins(account=False), count=3)),
        "unchecked": replace(made.sweep(), awaits=made.sweep().awaits[2:3]),
    }
    lines = sweep_report(sweeps[name], View())
    made.check_snapshot(f"sweep-{name}", printed(lines))
    for width in (72, 100):
        assert [text.plain for text in sweep_report(sweeps[name], View(width=width)) if text.cell_len > width] == []


def test_commands_in_notes_can_be_pasted(in_programs: Path) -> None:
    failure = made.coins()
    assert failure.account is not None
    noted = replace(failure, account=replace(failure.account, notes=('"crossroads explain ID --budget 7m" lives as many as usual',)))
    said = " ".join(printed(failure_report(noted, View(options="--store boats.sqlite"))).split())
    assert 'Note: "crossroads explain 3fa9c2d1 --budget 7m --store boats.sqlite" lives as many as usual.' in said
