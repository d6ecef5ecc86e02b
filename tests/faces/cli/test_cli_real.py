"""The command from end to end, with nothing faked: explore and explain a small program, then use what was found."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli_command import ENVIRONMENT

from crossroads.timeline.formats import loads

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

PROGRAM = """
from crossroads import chance, decide, mark

def main():
    mark("harbour")
    route = decide("route", ["coast", "open sea"])
    weather = chance("weather", ["calm", "storm"], weights=[0.5, 0.5])
    if (route, weather) == ("open sea", "storm"):
        raise RuntimeError("the boat was lost")
"""


def crossroads(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "crossroads", *arguments, "--store", "found.sqlite"]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harbour")
    (folder / "boat.py").write_text(PROGRAM)
    run = crossroads(folder, "run", "boat.py", "--futures", "60", "--json", "report.json")
    assert (run.returncode, run.stderr) == (1, "")
    assert "RuntimeError: the boat was lost" in run.stdout
    return folder


def test_from_running_to_replaying(harbour: Path) -> None:
    report = json.loads((harbour / "report.json").read_text())
    (failure,) = report["failures"]
    assert failure["account"]["method"] == "enumerated"
    assert failure["account"]["baseline"]["value"] == 0.25
    assert [step["label"] for step in failure["account"]["turning_points"]] == ["route", "weather"]
    name = failure["id"]

    assert name in crossroads(harbour, "list").stdout
    shown = crossroads(harbour, "show", name).stdout
    assert shown.splitlines()[0] == f"Failure {name} of boat.py:main"
    assert "'coast'               not taken      50 %     0 % (exact)" in shown
    assert "These steps together explain the rise from 25 % at the start to 100 %." in shown

    replayed = crossroads(harbour, "replay", name)
    assert replayed.returncode == 1
    assert "The same run again" in replayed.stdout
    assert crossroads(harbour, "replay", name, "--survivor").returncode == 0
    watched = crossroads(harbour, "replay", name, "--watch", "route", "--json")
    values = {row["label"]: row for row in map(json.loads, watched.stdout.splitlines())}
    assert values["weather"]["value"] == "open sea"

    assert crossroads(harbour, "export", name, "timeline.json").returncode == 0
    assert loads((harbour / "timeline.json").read_text()).target == "boat.py:main"


def test_a_changed_program_is_said(harbour: Path, tmp_path: Path) -> None:
    shutil.copytree(harbour, tmp_path, dirs_exist_ok=True)
    name = json.loads(crossroads(tmp_path, "list", "--json").stdout)[0]["id"]
    (tmp_path / "boat.py").write_text(PROGRAM.replace('raise RuntimeError("the boat was lost")', "pass"))
    assert "the program has changed since this was found" in " ".join(crossroads(tmp_path, "show", name).stdout.split())
    replayed = crossroads(tmp_path, "replay", name)
    assert replayed.returncode == 3
    assert "Diverged" in replayed.stdout
    assert "recorded:" in replayed.stdout
