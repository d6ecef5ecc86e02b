"""What is known from an earlier time counts as long as everything that the program imports is the same."""

import sys
from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.results import Exploration
from crossroads.analysis.sources import load_failure, open_store

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

PROGRAM = "import random\nimport helper\n\ndef main():\n    helper.go(random.random())\n"
BROKEN = "def go(number):\n    raise ValueError(number)\n"


def explored(helper: str) -> Exploration:
    Path("helper.py").write_text(helper)
    return crossroads.explore("program.py", futures=40, store="store.sqlite", jobs=1)


def test_a_changed_module_makes_another_exploration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("program.py").write_text(PROGRAM)
    (before,) = explored(BROKEN).failures
    fixed = explored("def go(number):\n    pass\n")
    assert (fixed.resumed, fixed.explored.passed) == (0, 40)
    other = explored(BROKEN + "# the same in other words\n")
    assert other.resumed == 0
    assert other.failures[0].id != before.id
    again = explored(BROKEN)
    assert (again.resumed, again.failures[0].id) == (40, before.id)
    with open_store("store.sqlite") as store:
        assert {load_failure(store, id).outcome.exception for id in (before.id, other.failures[0].id)} == {"ValueError"}
