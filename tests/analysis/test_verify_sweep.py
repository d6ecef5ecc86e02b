"""Failures of a cancel sweep are verified by a sweep: what is cancelled now is compared with what was."""

import sys
from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.verdict import Verdict

pytestmark = [pytest.mark.once, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")]

POOL = (Path(__file__).parents[1] / "worlds" / "asyncio" / "sweep_programs.py").read_text()
GIVEN_UP = "            self.waiters.remove(waiter)\n"
MENDED = POOL.replace(GIVEN_UP, GIVEN_UP + "        elif waiter.done() and not waiter.cancelled():\n            self.release()\n")
EDITS = {
    "as it was": (POOL, {"unchanged"}),
    "mended": (MENDED, {"prevented"}),
    "the coroutine has another name": (POOL.replace("acquire", "take"), {"cannot tell"}),
    "mended where it isn't broken": (POOL.replace("self.free += 1", "self.free = self.free + 1"), {"unchanged"}),
    "another await before it": (POOL.replace("if self.free:", "await asyncio.sleep(0)\n        if self.free:"), {"unchanged"}),
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("pool")
    (folder / "pool.py").write_text(POOL)
    found = crossroads.sweep_cancel(f"{folder / 'pool.py'}:leaky", cancel="Pool.acquire", futures=120, store=folder / "store.sqlite")
    failure = next(one for one in found.failures if one.outcome.message == "a slot is lost")
    crossroads.explain(failure, budget=500, store=folder / "store.sqlite")
    return folder, failure.id


def verdict(swept: tuple[Path, str], source: str) -> Verdict:
    folder, failure = swept
    (folder / "pool.py").write_text(source)
    return crossroads.verify(failure, futures=64, store=folder / "store.sqlite")


@pytest.mark.parametrize("edit", EDITS)
def test_a_swept_program(swept: tuple[Path, str], edit: str) -> None:
    source, expected = EDITS[edit]
    said = verdict(swept, source)
    assert said.kind in expected, said.sentence


def test_whole_futures_are_those_of_a_sweep(swept: tuple[Path, str]) -> None:
    start = verdict(swept, POOL).start
    assert start is not None
    assert start.before is not None
    assert (start.now.failed, start.now.futures) == (start.before.failed, start.before.futures)
    mended = verdict(swept, MENDED).start
    assert mended is not None
    assert mended.now.failed == 0
    assert mended.now.futures >= start.now.futures


def test_a_coroutine_that_isnt_met_is_named(swept: tuple[Path, str]) -> None:
    said = verdict(swept, EDITS["the coroutine has another name"][0])
    assert said.start is None
    assert any("Pool.acquire was never met" in note for note in said.notes), said.notes
