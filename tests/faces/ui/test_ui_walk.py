"""The tree of futures, walked: its drawing from made-up lives, and real futures from a point of a real run."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import faces_values as made
import pytest

from crossroads.analysis.explore import explore
from crossroads.analysis.sources import runner_for
from crossroads.analysis.walk import futures_from, traced
from crossroads.errors import DivergedError, SettingError
from crossroads.faces.ui.walk import STEPS_MAX, Tree, ending_of, steps_of
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point

SAVED = Outcome("passed")
OTHER = Outcome("failed", "KeyError", "'oar'", "boat.py:3 in sail")


def lived(outcome: Outcome, points: int = 9, trace: tuple[Point, ...] = ()) -> Run:
    return Run(replace(made.boat().timeline, outcome=outcome, points=points), trace=trace)


def grown() -> Tree:
    failure = made.boat()
    tree = Tree(failure)
    route = Point(2, "decide", "route", "boat.py:16 in main", 5.0, ("'coast'", "'open sea'"), 1, (0.5, 0.5))
    tree.lives[0].steps = steps_of(lived(failure.outcome, trace=(Point(0, "start", moot=True), route, Point(9, "end"))))
    endings = [ending_of(38, lived(SAVED, 12), failure.outcome), ending_of(12, lived(OTHER, 7), failure.outcome)]
    assert tree.grow(0, 2, 0, endings) == 1
    return tree


def test_each_way_in_which_futures_end_is_a_life() -> None:
    tree = grown()
    assert [(life.kind, life.took, life.count, life.futures, life.parent) for life in tree.lives[1:]] == [
        ("passed", "'coast'", 38, 50, 0),
        ("other", "'coast'", 12, 50, 0),
    ]
    assert [step["point"] for step in tree.lives[0].steps] == [2]


def test_lives_are_drawn_below_those_that_they_left() -> None:
    tree = grown()
    tree.grow(1, 4, None, [ending_of(50, lived(made.boat().outcome, 9), made.boat().outcome)])
    lines = tree.drawing()["lines"]
    assert [line["life"].number for line in lines] == [0, 1, 3, 2]
    assert lines[2]["parent_y"] == lines[1]["y"]
    assert all(0 <= line["begin"] < line["end"] <= 1000 for line in lines)


def test_the_same_asked_again_is_the_same_life() -> None:
    tree = grown()
    before = len(tree.lives)
    assert tree.grow(0, 2, 0, [ending_of(50, lived(SAVED), made.boat().outcome)]) == 1
    assert len(tree.lives) == before


def test_lives_and_points_have_a_limit() -> None:
    tree = grown()
    for point in range(60):
        tree.grow(1, point, None, [ending_of(1, lived(SAVED), OTHER), ending_of(1, lived(OTHER), OTHER)])
    with pytest.raises(SettingError, match="begin the walk anew"):
        tree.check_room()
    with pytest.raises(SettingError, match="life=5000 isn't one"):
        tree.life(5000)
    for kind in ("mark", "decide"):
        options = ("a", "b") if kind == "decide" else ()
        points = tuple(Point(index, kind, options=options) for index in range(5_000))  # type: ignore[arg-type]
        assert len(steps_of(lived(SAVED, 5_000, points))) == STEPS_MAX


@pytest.mark.once
@pytest.mark.slow
def test_futures_from_a_point(in_programs: Path, tmp_path: Path) -> None:
    (failure,) = explore("boat.py", futures=80, store=tmp_path / "store.sqlite").failures
    timeline = failure.timeline
    route = next(point for point in traced(timeline).trace if point.label == "route")
    (ending,) = futures_from(timeline, route.index, 0, 30)
    assert (ending.count, ending.example.outcome.kind) == (30, "passed")
    endings = futures_from(timeline, route.index, route.taken, 60)
    assert {ending.example.outcome.kind for ending in endings} == {"passed", "failed"}
    assert sum(ending.count for ending in endings) == 60
    again = futures_from(timeline, route.index, route.taken, 60)
    assert [(one.count, one.example.timeline) for one in again] == [(one.count, one.example.timeline) for one in endings]
    with runner_for(timeline) as runner:
        example = endings[0].example.timeline
        assert runner.run([replace(example, outcome=None, digest="", points=0)])[0].timeline == example
    for point, option, message in ((timeline.points, None, "before its end"), (-1, None, "from 0"), (route.index, 7, "isn't one of the 3")):
        with pytest.raises(SettingError, match=message):
            futures_from(timeline, point, option, 10)
    with pytest.raises(DivergedError):
        traced(replace(timeline, digest="00" * 16))


@pytest.mark.once
@pytest.mark.slow
def test_a_walk_by_the_page(client: Any, in_programs: Path, store: Path) -> None:
    def done(place: str) -> str:
        lines = [line for line in client.get(f"{place}/events").text.splitlines() if line.startswith("data: ")]
        assert json.loads(lines[-1].removeprefix("data: "))["state"] == "done", client.get(place).text
        return str(client.get(place).headers["location"])

    (failure,) = explore("boat.py", futures=80, store=store, seed=4).failures
    walk = f"/failure/{failure.id}/walk"
    assert "Show its points" in client.get(walk).text
    assert done(client.post(walk, data={"life": "0"}).headers["location"]) == f"{walk}?life=0#life"
    page = client.get(walk).text
    assert "decision “route”" in page
    (coast,) = re.findall(r'value="(\d+:0)"[^>]*><bdi>&#39;coast&#39;', page)
    assert done(client.post(walk, data={"life": "0", "go": coast, "futures": "20"}).headers["location"]) == f"{walk}?life=1#life"
    page = client.get(f"{walk}?life=1").text
    assert "20 of 20 futures ended so" in page
    assert page.count("life-line passed") == 1
    refused = client.post(walk, data={"life": "0", "go": "999999:", "futures": "20"})
    assert "must be a whole number from 0 to" in refused.text
    assert client.get(f"{walk}?life=77").status_code == 400
    assert client.get(f"{walk}?life=x").status_code == 400
    client.post(f"/failure/{failure.id}/forget")
    assert client.get(f"{walk}?life=1").status_code == 400
