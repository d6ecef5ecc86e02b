"""The page as data: what each part shows, without a browser."""

import json
from dataclasses import replace
from time import perf_counter

import faces_values as made
import page_values as values
import pytest

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.results import CurvePoint
from crossroads.faces.page.build import page_of, page_within
from crossroads.faces.page.curves import POINTS_MAX, curve_of, reduced
from crossroads.faces.page.data import Row, Verdict
from crossroads.faces.page.render import BYTES_MAX, embedded, render, script_data
from crossroads.faces.page.sides import ROWS_MAX, cut, event_of
from crossroads.faces.page.words import short

pytestmark = pytest.mark.usefixtures("in_programs")


def test_the_four_questions_are_answered_with_numbers() -> None:
    decided, late, saved, still = page_of(made.boat(), values.evidence()).answers
    assert decided.text.startswith("At point 2, decision “route” (boat.py:16 in main)") or decided.text.startswith("At point 8")
    assert "rose from" in decided.text
    assert late.text == "Never before the failure itself: up to the last step some futures survive."
    assert "'coast' at point 2, decision “route”: with it a run fails in 0 % [0-" in saved.text
    assert "The last way out was point 8" in saved.text
    assert still.text.startswith("Yes: lived again for this page")
    assert "14 % [" in still.text


def test_without_an_account_the_page_says_how_to_get_one() -> None:
    page = page_of(made.coins(account=False))
    assert page.curve is None
    assert page.choices == ()
    assert all("crossroads explain 3fa9c2d1" in answer.text for answer in page.answers[:3])
    assert page.output == ("tossing", r"\x1b[31mheads")
    render(page)


@pytest.mark.parametrize("make", [made.coins, made.boat, made.gradual, made.always, made.many_steps])
def test_every_kind_of_failure_has_a_page(make: object) -> None:
    page = page_of(make())  # type: ignore[operator]
    assert json.loads(page.timeline)["format"] == "crossroads-timeline/1"
    text = render(page)
    assert text.startswith("<!doctype html>\n<!-- crossroads report -->")
    assert page.replay in text


def test_a_verdict_answers_whether_it_still_happens() -> None:
    asked = page_of(made.boat(), values.evidence(), options="--store boats.sqlite")
    assert asked.answers[3].text.endswith('How often it does now: "crossroads verify b0a7b0a7 --store boats.sqlite" finds out.')
    told = page_of(made.boat(), values.evidence(), verdict=Verdict("No: 0 of 500 futures fail so.", "good"))
    assert told.answers[3].text.startswith("No: 0 of 500 futures fail so. When it was found")
    assert told.answers[3].tone == "good"
    assert "crossroads verify" not in told.answers[3].text


def test_the_shortest_way_that_is_kept_with_the_failure() -> None:
    page = page_of(replace(made.boat(), shrunk=made.boat_shrunk()))
    assert [(step.point, step.label, step.taken, step.calm) for step in page.shrunk] == [
        (2, "route", "'open sea'", "'coast'"),
        (4, "weather", "'storm'", "'calm'"),
    ]
    assert page_of(replace(made.coins(), shrunk=made.coins_shrunk())).shrunk == ()


def test_the_shortest_way_leads_the_page() -> None:
    assert "shortest way" not in render(page_of(made.boat()))
    text = render(page_of(made.boat(), shrunk=values.SHRUNK))
    assert text.index("The shortest way to this failure: 2 choices") < text.index('id="curve-title"')
    assert text.index("after the storm") < text.index("before the storm") < text.index("another harbour")
    one = render(page_of(made.boat(), shrunk=values.SHRUNK[:1]))
    assert "The shortest way to this failure: 1 choice<" in one
    hostile = [replace(values.SHRUNK[0], label=text, taken=text, calm=text, where=text) for text in values.HOSTILE]
    assert "<script>document.title" not in render(page_of(made.boat(), shrunk=hostile))


def test_a_run_that_is_another_one_now_is_said() -> None:
    seen = values.evidence()
    assert seen.doomed is not None
    page = page_of(made.boat(), replace(seen, doomed=replace(seen.doomed, same=False)))
    assert "no longer comes about" in page.answers[3].text


def test_the_curve_keeps_its_marks_and_values() -> None:
    curve = curve_of(made.coins())
    assert curve is not None
    at = curve.point.index(22)
    assert (curve.q[at], curve.futures[at]) == (0.5, 400)
    assert curve.low[at] < 0.5 < curve.high[at]
    assert curve.time == ()
    assert curve_of(made.boat()).time[-1] == 22.5  # type: ignore[union-attr]


def test_a_reduced_curve_keeps_ends_extremes_and_special_points() -> None:
    peak, dip = made.share(0.99), made.share(0.01)
    points = [CurvePoint(index, "", "mark", "", 0.0, made.share(0.5)) for index in range(50_000)]
    points[31_234] = replace(points[31_234], failure=peak)
    points[7_777] = replace(points[7_777], failure=dip)
    kept = reduced(points, {4_321})
    indices = [point.point for point in kept]
    assert indices == sorted(set(indices))
    assert {0, 49_999, 31_234, 7_777, 4_321} <= set(indices)
    assert len(kept) <= POINTS_MAX + 5


@pytest.mark.once
@pytest.mark.slow
def test_a_million_points_fit_into_one_small_file() -> None:
    failure = values.long_run()
    began = perf_counter()
    page = page_of(failure)
    text = render(page)
    assert len(text.encode()) < BYTES_MAX / 4
    assert page.curve is not None
    assert len(page.curve.point) <= POINTS_MAX + 10
    assert page.curve.left_out > 990_000
    assert perf_counter() - began < 60


def test_two_lives_stand_side_by_side() -> None:
    lives = page_of(made.boat(), values.evidence()).lives
    assert lives is not None
    assert lives.headline == "One choice of 3514 different, at point 2: “before the storm”, and the run survives."
    assert [(row.doomed and row.doomed.point, row.survivor and row.survivor.point, row.differs) for row in lives.rows] == [
        (0, 0, False),
        (1, 1, False),
        (2, 2, True),
        (3, 3, True),
        (4, None, True),
        (None, 4, True),
    ]
    assert lives.rows[2].doomed.taken == "after the storm"  # type: ignore[union-attr]
    assert lives.rows[3].doomed.printed == ("asked", "lost")  # type: ignore[union-attr]


def test_messages_are_arrows_between_lanes() -> None:
    lives = page_of(made.boat(), values.evidence()).lives
    assert lives is not None
    doomed, survivor = lives.doomed_lanes, lives.survivor_lanes
    assert doomed is not None
    assert survivor is not None
    assert doomed.names == survivor.names == ("client 1", "server:80")
    ask, answer = doomed.arrows
    assert (ask.sender, ask.receiver, ask.text, ask.sent, ask.landed) == (0, 1, "message 1 [GET /]", 0.0005, 0.003)
    assert (answer.landed, answer.gone, answer.differs) == (None, None, True)
    assert survivor.arrows[1].landed == 0.0029


def test_rows_that_are_too_many_leave_a_gap() -> None:
    event = event_of(values.moment(1, "x", []))
    rows = cut([Row(replace(event, point=point), None, True) for point in range(2_000)])
    assert len(rows) == ROWS_MAX
    assert sum(row.gap for row in rows) == 2_000 - ROWS_MAX
    assert rows[-1].doomed.point == 1_999  # type: ignore[union-attr]


def test_state_says_each_text_once() -> None:
    states = page_of(made.boat(), values.evidence()).states
    assert states is not None
    assert states.kinds == ("tasks, and where they wait", "on their way")
    assert states.watch == ("day",)
    assert [states.texts[row[0]] for row in states.values] == ["0", "1", "2", "3", "4"]
    assert len(states.texts) == len(set(states.texts))


def test_lines_are_shown_in_their_source() -> None:
    (ranking,) = page_of(made.boat(), values.evidence()).lines
    assert ranking.title == "12 failing futures and 14 surviving ones from point 2; 5 lines executed by all."
    (file,) = ranking.files
    told = {line.number: line for line in file.lines if line.rank}
    assert told[11].rank == 1
    assert told[11].text.strip().startswith("raise RuntimeError")
    assert told[9].saves


def test_a_page_that_is_too_large_shows_less_and_says_so() -> None:
    page = page_of(made.boat(), values.evidence())
    smaller = page_within(page, 3_000_000, BYTES_MAX)
    assert smaller is not None
    assert smaller.states is None
    assert "left out" in smaller.notes[-1]
    assert page_within(page, 1, BYTES_MAX) is page


@pytest.mark.parametrize("text", values.HOSTILE, ids=lambda text: ascii(text[:14]))
def test_strangers_texts_are_harmless(text: str) -> None:
    page = page_of(*values.hostile(text))
    html = render(page)
    assert len(html.encode()) < BYTES_MAX
    assert html.count("<script") == html.count("</script") == 2
    assert "<img" not in html
    assert "onerror" not in html or "&#34;&gt;&lt;img" in html
    assert not any(sign in html for sign in "\x00\x07\x1b\r\u202e\u2066\u200f\u2028\ud800")


def test_data_for_the_script_can_not_end_its_element() -> None:
    text = embedded({"label": "</script><!-- & \u2028"})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"label": "</script><!-- & \u2028"}
    json.dumps(script_data(page_of(made.boat(), values.evidence())), allow_nan=False)


def test_a_long_text_is_cut() -> None:
    assert short("a" * 300) == "a" * 239 + "…"
    assert short("a\nb") == r"a\nb"


def test_no_evidence_is_a_page_too() -> None:
    page = page_of(made.boat(), Evidence(notes=("the program could not be run for this page: boat.py is gone",)))
    assert page.lives is None
    assert page.states is None
    assert page.notes[-1] == "The program could not be run for this page: boat.py is gone."
    assert "wasn't run again" in page.answers[3].text
