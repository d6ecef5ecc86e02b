"""Exploring and explaining within the time that there is; what runs programs is played."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faces_values as made
import pytest

from crossroads.analysis.progress import Progress
from crossroads.analysis.results import Exploration
from crossroads.analysis.sources import load_failure, open_store
from crossroads.errors import DivergedError, EngineError
from crossroads.faces.pytest import living
from crossroads.faces.pytest.living import Allowed, Place, allowed_for, live, nothing_lost
from crossroads.faces.pytest.settings import FUTURES, Asked
from crossroads.store.keys import ExplorationKey
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings

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

    def shrink(self, failure: Any, **asked: Any) -> Any:
        raise DivergedError("there is no shorter way")

    def sweep_cancel(self, target: str, **asked: Any) -> Any:
        self.asked["sweep"] = asked
        return SimpleNamespace(exploration=self.exploration)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    player = Played(made.exploration(made.coins(account=False), replace(made.boat(), account=None)))
    for name in ("explore", "explain", "shrink", "sweep_cancel"):
        monkeypatch.setattr(living, name, getattr(player, name))
    return player


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "store.sqlite", 3)


def test_the_most_frequent_failure_is_explained(played: Played, place: Place) -> None:
    found = live("t.py::t", Asked(seed=4, faults=("crash",), wall_s=2.0, steps=9), ANY_TIME, place)
    assert [failure.account is not None for failure in found.failures] == [True, False]
    explored, explained = played.asked["explore"], played.asked["explain"]
    assert (explored["futures"], explored["seed"], explored["faults"], explored["steps"]) == (FUTURES, 4, ("crash",), 9)
    assert explored["enough_s"] == 12.0
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
    assert played.asked["explore"]["enough_s"] is None


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
    assert (free.explore_s, free.explain_s()) == (None, 45.0)


def test_a_coroutine_to_cancel_makes_it_a_sweep(played: Played, place: Place) -> None:
    found = live("t.py::t", Asked(cancel="Pool.acquire", futures=60), ANY_TIME, place)
    assert found.failures[0].account is not None
    assert (played.asked["sweep"]["cancel"], played.asked["sweep"]["futures"]) == ("Pool.acquire", 60)
    assert "explore" not in played.asked


def test_failures_that_are_not_found_again_stay_with_all_that_is_known(tmp_path: Path) -> None:
    store, key = tmp_path / "store.sqlite", ExplorationKey("t.py::t", WorldSettings(), 0, "c0de", "3.13")
    timeline = Timeline("t.py::t", (Epoch(0, 1),), outcome=Outcome("failed", "ValueError"), digest="ab", points=3)
    with open_store(store) as kept:
        kept.add_failure(key, "0a0b0c0d", timeline, "", 0, 5)
        kept.record_block(key, 0, 10, {"passed": 8, "failed": 2}, {"0a0b0c0d": 2})
        kept.save_piece("0a0b0c0d", "past", {"known": True})
    with nothing_lost("t.py::t", store), open_store(store) as kept:
        kept.forget(key)
        kept.record_block(key, 0, 50, {"passed": 50}, {})
    with open_store(store) as kept:
        failure, row = load_failure(kept, "0a0b"), kept.failure("0a0b")
    assert (failure.count, failure.probability.failed, failure.probability.futures) == (2, 2, 10)
    assert row.pieces["past"] == {"known": True}
