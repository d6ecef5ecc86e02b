"""A failure that follows from what the world doesn't have, and that the program has swallowed, is told as such."""

import sys
from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.results import Exploration
from crossroads.errors import TargetError

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


def test_what_an_import_asks_for_is_refused_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "impure"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import subprocess\n\n\ndef build():\n    subprocess.run(['true'])\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    program = tmp_path / "program.py"
    for line, place in (
        ("import impure; impure.build()", "impure/__init__.py:5 in build, from program.py:1 in <module>"),
        ("import subprocess; subprocess.run(['true'])", "program.py:1 in <module>"),
    ):
        program.write_text(f"{line}\nasync def main(): pass\n")
        with pytest.raises(TargetError) as caught:
            crossroads.explore(str(program), futures=1, store=tmp_path / "store.sqlite", jobs=1)
        assert str(caught.value).endswith(f"asked for at {place}")


def test_an_import_may_look_for_a_library(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("from ctypes.util import find_library\nNAME = find_library('c')\nasync def main(): assert NAME == 'libc.so.6'\n")
    found = crossroads.explore(str(program), futures=8, store=tmp_path / "store.sqlite", jobs=1)
    assert found.explored.passed == found.explored.futures
