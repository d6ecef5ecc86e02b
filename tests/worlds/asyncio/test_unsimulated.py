"""A failure that follows from what the world doesn't have, and that the program has swallowed, is told as such."""

import sys
from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.results import Exploration

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

PROGRAM = """
import asyncio, random

async def main():
    if random.random() < 0.5:
        try:
            await asyncio.create_subprocess_exec("true")
        except Exception{caught}
    raise ValueError("there is no answer")
"""


def explored(folder: Path, caught: str) -> Exploration:
    (folder / "program.py").write_text(PROGRAM.replace("{caught}", caught))
    return crossroads.explore(str(folder / "program.py"), futures=40, store=folder / "store.sqlite", jobs=1)


def test_what_was_swallowed_is_told_once(tmp_path: Path) -> None:
    found = explored(tmp_path, ":\n            pass")
    assert {failure.outcome.exception for failure in found.failures} == {"ValueError"}
    (note,) = (note for note in found.notes if "the world doesn't have" in note)
    assert "subprocess" in note


def test_what_was_not_swallowed_tells_itself(tmp_path: Path) -> None:
    found = explored(tmp_path, ":\n            raise")
    assert {failure.outcome.exception for failure in found.failures} == {"ValueError", "crossroads.NotSimulated"}
    assert not [note for note in found.notes if "the world doesn't have" in note]
