"""Bugs of published libraries, found, explained and replayed by the command as it is typed; and programs that may never fail.

Cases whose packages nobody has installed are skipped: `make cases` runs all.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cases_tools import CONTROLS, LIBRARY_BUGS, PYTHON_BUGS, QUIET_FUTURES, Bug, Place, PythonBug, bare, fits, installed

from crossroads.analysis.shrink import UNFINISHED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

REPLAYS = 2

STEPS_MAX = 5
"""Choices over a calm run; one is the median of all cases."""


LONG = ("cpython-nested-taskgroups", "cpython-serve-forever-cancel")
"""They take a minute or so: `make long` has them."""


def name_of(bug: Bug) -> str:
    return bug.case


def assert_found_and_explained(place: Place, bug: Bug) -> None:
    code, report = place.report()
    assert code == 1
    failure = report["failures"][0]
    assert failure["outcome"] == "failed"
    assert failure["exception"].rpartition(".")[2] == bug.exception
    assert bug.message in failure["message"]
    account = failure["account"]
    assert account is not None, report["notes"]
    assert account["turning_points"]
    assert account["last_way_out"] is not None
    assert_replayed(place, failure["id"])
    assert_shrunk(place, failure)


def assert_shrunk(place: Place, failure: dict[str, Any]) -> None:
    """The shortest way there fails the same way in new processes, and without any one of its choices it doesn't."""
    name, shrunk = failure["id"], failure["shrunk"]
    if UNFINISHED in shrunk["notes"]:
        shrunk = json.loads(place.crossroads("shrink", name, "--json").stdout)["shrunk"]
    assert shrunk["minimal"]
    assert len(shrunk["steps"]) <= STEPS_MAX
    for _ in range(REPLAYS):
        done = place.crossroads("replay", name, "--shrunk", "--json")
        assert done.returncode == 1, done.stdout + done.stderr
        assert json.loads(done.stdout)["same"]
    named = shrunk["named"]
    for left_out in named.get("named", ()):
        less = named | {"named": [one for one in named["named"] if one != left_out], "outcome": None, "digest": "", "points": 0}
        if not less["named"]:
            del less["named"]
        (place.folder / "less.json").write_text(json.dumps(less))
        outcome = json.loads(place.crossroads("replay", "less.json", "--json").stdout)["timeline"]["outcome"]
        assert (outcome["exception"], outcome["where"]) != (failure["exception"], failure["where"])
    if shrunk["survivor"] is not None:
        assert place.crossroads("replay", name, "--shrunk", "--survivor").returncode == 0


def assert_replayed(place: Place, name: str) -> None:
    """The same run in new processes, and one that took the way out."""
    lives = []
    for _ in range(REPLAYS):
        done = place.crossroads("replay", name, "--json")
        assert done.returncode == 1, done.stdout + done.stderr
        lives.append(json.loads(done.stdout))
    assert all(life["same"] for life in lives)
    assert lives[0]["timeline"] == lives[1]["timeline"]
    assert place.crossroads("replay", name, "--survivor").returncode == 0


def assert_quiet(place: Place) -> None:
    code, report = place.report("--futures", str(QUIET_FUTURES))
    assert report["failures"] == []
    assert report["explored"] == {"futures": QUIET_FUTURES, "passed": QUIET_FUTURES, "failed": 0, "other": {}}
    assert code == 0


@pytest.mark.parametrize("bug", [pytest.param(bug, marks=[pytest.mark.long] * (bug.case in LONG)) for bug in PYTHON_BUGS], ids=name_of)
def test_a_bug_of_asyncio(bug: PythonBug, tmp_path: Path) -> None:
    place = bare(bug.case, tmp_path)
    if fits(bug.fails_on):
        assert_found_and_explained(place, bug)
    elif fits(bug.passes_on):
        assert_quiet(place)
    else:
        pytest.skip("nobody has seen whether this version of Python has the bug")


@pytest.mark.once
@pytest.mark.parametrize("bug", LIBRARY_BUGS, ids=name_of)
def test_a_bug_of_a_library(bug: Bug, tmp_path: Path) -> None:
    assert_found_and_explained(installed(bug.case, "buggy", tmp_path), bug)


@pytest.mark.once
@pytest.mark.parametrize("bug", LIBRARY_BUGS, ids=name_of)
def test_the_fixed_library_never_fails(bug: Bug, tmp_path: Path) -> None:
    assert_quiet(installed(bug.case, "fixed", tmp_path))


@pytest.mark.parametrize("case", CONTROLS)
def test_a_correct_program_never_fails(case: str, tmp_path: Path) -> None:
    assert_quiet(bare(case, tmp_path))
