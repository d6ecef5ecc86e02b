"""Exploring and explaining within the time that there is; what runs programs is played."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import faces_values as made
import pytest

from crossroads.analysis.progress import Progress
from crossroads.analysis.results import Exploration
from crossroads.errors import DivergedError, EngineError
from crossroads.faces.pytest import living
from crossroads.faces.pytest.living import Allowed, Place, allowed_for, live
from crossroads.faces.pytest.settings import FUTURES, Asked

ANY_TIME = Allowed(None, lambda: 7.0)


class Played:
    """Explores and explains as it is told to, and remembers what it was asked."""

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self.account: Any = made.coins_account()
        self.asked: dict[str, Any] = {}
        self.rounds: list[int] = []
        self.interrupts = False

    def explore(self, target: str, **asked: Any) -> Exploration:
        self.asked["explore"] = asked
        try:
            for done in (8, 16, 24):
                self.rounds.append(done)
                asked["on_progress"](Progress("exploring", done, asked["futures"], 1.0, len(self.exploration.failures), None))
            if self.interrupts:
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            return replace(self.exploration, complete=False)
        return self.exploration

    def explain(self, failure: Any, **asked: Any) -> Any:
        self.asked["explain"] = asked
        if isinstance(self.account, Exception):
            raise self.account
        return self.account


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    player = Played(made.exploration(made.coins(account=False), replace(made.boat(), account=None)))
    monkeypatch.setattr(living, "explorer_of", lambda asked: player.explore)
    monkeypatch.setattr(living, "explain", player.explain)
    return player


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "store.sqlite", 3)


def test_the_most_frequent_failure_is_explained(played: Played, place: Place) -> None:
    found = live("t.py::t", Asked(seed=4, faults=("crash",), wall_s=2.0, steps=9), ANY_TIME, place)
    assert [failure.account is not None for failure in found.failures] == [True, False]
    explored, explained = played.asked["explore"], played.asked["explain"]
    assert (explored["futures"], explored["seed"], explored["faults"], explored["steps"]) == (FUTURES, 4, ("crash",), 9)
    assert explored["enough_s"] == 20.0
    assert explored["limits"].wall_s == explained["limits"].wall_s == 2.0
    assert (explained["seconds"], explained["jobs"], explained["store"]) == (7.0, 3, place.store)


def test_what_fails_always_is_not_explained(played: Played, place: Place) -> None:
    failure = replace(made.always(), account=None)
    played.exploration = made.exploration(failure, futures=failure.count)
    assert live("t.py::t", Asked(), ANY_TIME, place).failures == (failure,)
    assert "explain" not in played.asked


def test_a_number_of_futures_is_kept_to(played: Played, place: Place) -> None:
    live("t.py::t", Asked(futures=30), ANY_TIME, place)
    assert played.asked["explore"]["futures"] == 30
    assert "enough_s" not in played.asked["explore"]


def test_time_ends_exploring_and_that_is_complete(played: Played, place: Place) -> None:
    found = live("t.py::t", Asked(), Allowed(1e-9, lambda: 1.0), place)
    assert played.rounds == [8]
    assert found.complete
    assert played.asked["explore"]["futures"] > FUTURES


def test_ctrl_c_stops_the_session(played: Played, place: Place) -> None:
    played.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        live("t.py::t", Asked(), ANY_TIME, place)
    played.interrupts = False
    played.account = replace(made.coins_account(), ended="interrupted")
    with pytest.raises(KeyboardInterrupt):
        live("t.py::t", Asked(), ANY_TIME, place)


def test_what_cannot_be_explained_is_said(played: Played, place: Place) -> None:
    played.account = DivergedError("it is another run now")
    found = live("t.py::t", Asked(), ANY_TIME, place)
    assert "it could not be explained: it is another run now" in found.notes
    played.account = EngineError("no future can be run")
    with pytest.raises(EngineError):
        live("t.py::t", Asked(), ANY_TIME, place)


def test_a_test_has_its_own_time_or_its_share_or_any() -> None:
    own = allowed_for(Asked(budget_s=60.0), 5.0, lambda: 9.0)
    assert own.explore_s == 60.0
    assert 59.0 < own.explain_s() <= 60.0
    shared = allowed_for(Asked(), 5.0, lambda: 9.0)
    assert (shared.explore_s, shared.explain_s()) == (5.0, 9.0)
    free = allowed_for(Asked(), None, lambda: 0.0)
    assert (free.explore_s, free.explain_s()) == (None, 120.0)


def test_what_was_kept_is_reported_before_what_is_found(played: Played, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = replace(made.always(), account=None)
    monkeypatch.setattr(living, "kept_failures", lambda target, store: (kept,))
    monkeypatch.setattr(living, "verdicts", lambda target, store: ("one was prevented",))
    found = live("t.py::t", Asked(), ANY_TIME, place)
    assert [failure.id for failure in found.failures][:2] == [kept.id, made.coins().id]
    assert "one was prevented" in found.notes
