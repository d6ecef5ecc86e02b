"""Exploring that may end early: after its time, but never without a failure, and the next call goes on from there."""

import sys
from pathlib import Path

import pytest

from crossroads.analysis.explore import FIRST_ROUND, explore
from crossroads.errors import SettingError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

COIN = """
from crossroads import chance

def main():
    assert chance("coin", ["heads", "tails"]) == "heads"

def well():
    chance("coin", ["heads", "tails"])
"""


def test_enough_is_a_failure_and_the_time(tmp_path: Path) -> None:
    (tmp_path / "coin.py").write_text(COIN)
    store = tmp_path / "store.sqlite"
    first = explore(f"{tmp_path}/coin.py", futures=300, enough_s=0, store=store)
    assert first.explored.futures == FIRST_ROUND
    assert first.complete
    assert first.failures
    assert f"exploring ended after {FIRST_ROUND} futures" in first.notes[0]
    rest = explore(f"{tmp_path}/coin.py", futures=300, store=store)
    assert (rest.resumed, rest.explored.futures, rest.notes) == (FIRST_ROUND, 300, ())


def test_without_a_failure_it_is_never_enough(tmp_path: Path) -> None:
    (tmp_path / "coin.py").write_text(COIN)
    found = explore(f"{tmp_path}/coin.py:well", futures=60, enough_s=0, store=tmp_path / "store.sqlite")
    assert (found.explored.futures, found.notes) == (60, ())


def test_the_time_is_checked(tmp_path: Path) -> None:
    (tmp_path / "coin.py").write_text(COIN)
    with pytest.raises(SettingError, match="enough_s=-1 must be at least 0"):
        explore(f"{tmp_path}/coin.py", enough_s=-1, store=tmp_path / "store.sqlite")
