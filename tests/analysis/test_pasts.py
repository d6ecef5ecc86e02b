"""How failures came about, kept by whoever has lived them."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crossroads.analysis.explain import explain
from crossroads.analysis.explore import explore
from crossroads.analysis.pasts import PAST, RecordedPast, past_from_data, record_past
from crossroads.analysis.sources import open_store, runner_for

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")]

DICE = """
import random
from crossroads import chance, mark

def main():
    for turn in range(3):
        mark("turn")
        if chance("coin", ["head", "tail"]) == "tail" and random.random() < 0.5:
            raise (KeyError if turn else ValueError)(turn)
"""


def kept_in(store: Path) -> dict[str, RecordedPast]:
    with open_store(store) as kept:
        outcomes = [(row.timeline.outcome, row.pieces[PAST]) for row in kept.failures()]
        return {outcome.exception: past_from_data(past) for outcome, past in outcomes if outcome is not None}


def test_exploring_and_explaining_keep_what_living_it_again_tells(tmp_path: Path) -> None:
    path, store = tmp_path / "dice.py", tmp_path / "store.sqlite"
    path.write_text(DICE)
    found = {failure.outcome.exception: failure for failure in explore(path, futures=64, store=store).failures}
    assert set(found) == {"KeyError", "ValueError"}
    explored = kept_in(store)
    explain(found["KeyError"], budget=500, store=store)
    explained = kept_in(store)
    for name, failure in found.items():
        with runner_for(failure.timeline) as runner:
            past = record_past(runner, failure.timeline, raised=explored[name].raised)
        assert past is not None
        assert "raise" in past.raised
        assert explored[name] == past
        assert replace(explained[name], others=()) == past
    assert [other.exception for other in explained["KeyError"].others] == ["ValueError"]
