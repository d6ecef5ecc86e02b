"""What stands around a project in which pytest runs: crossroads as if it was installed, and its command."""

import re
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"

FUTURES = ("--crossroads-futures", "40")
"""Enough to find what these tests are about, few enough to be quick."""


def installed(folder: Path) -> Path:
    """What an installer would write, so that pytest finds the plugin though the sources are only on the path."""
    about = folder / "crossroads-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: crossroads\nVersion: 0\n")
    (about / "entry_points.txt").write_text("[pytest11]\ncrossroads = crossroads.pytest_plugin\n")
    (about / "RECORD").write_text("crossroads/__init__.py,,\ncrossroads/pytest_plugin.py,,\n")
    return folder


def command(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run the command crossroads in the project."""
    return project.run(sys.executable, "-m", "crossroads", *words)


def ids_in(text: str) -> list[str]:
    """The failures that a report speaks of."""
    return list(dict.fromkeys(re.findall(r"crossroads replay ([0-9a-f]{8})", text)))
