"""Every code block of the documentation is executed, and prints what the page says.

After a change that is meant, run with CROSSROADS_UPDATE_DOCS=1, which writes into the pages what was printed, and read the difference.
"""

import os
import re
import shutil
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
from docs_blocks import ROOT, Block, Story, Teller, stories

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BY_SECTION = ("howto.md", "messages.md")
"""Pages whose sections stand each for itself."""

TASTES = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "PYTEST_ADDOPTS")
"""Variables with which people change what they are shown."""

STORIES = [story for page in PAGES for story in stories(page, by_section=page.name in BY_SECTION)]


@pytest.fixture
def teller(tmp_path: Path) -> Teller:
    """Somebody who has just installed crossroads, in an empty directory."""
    folder, commands = tmp_path / "work", tmp_path / "bin"
    folder.mkdir()
    commands.mkdir()
    for name, arguments in (("crossroads", "-m crossroads "), ("pytest", "-W ignore -m pytest -p no:cacheprovider "), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        (commands / name).chmod(0o755)
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name not in TASTES}
    environment |= {"PATH": f"{commands}:{environment['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONIOENCODING": "utf-8"}
    if "PYTHONPATH" in environment:
        folders = [os.path.abspath(part) for part in environment["PYTHONPATH"].split(os.pathsep)]
        environment["PYTHONPATH"] = os.pathsep.join([*folders, *plugin_folders(tmp_path)])
    return Teller(folder, environment)


def plugin_folders(folder: Path) -> list[str]:
    """Where pytest finds the plugin, for sources that are on the path without having been installed."""
    if any(point.name == "crossroads" for point in entry_points(group="pytest11")):
        return []
    about = folder / "site" / "crossroads-0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: crossroads\nVersion: 0\n")
    (about / "entry_points.txt").write_text("[pytest11]\ncrossroads = crossroads.pytest_plugin\n")
    return [str(about.parent)]


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_blocks(story: Story, teller: Teller) -> None:
    missing = [name for name in story.needs if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} isn't installed")
    told = [teller.tell(block) for block in story.blocks]
    if os.environ.get("CROSSROADS_UPDATE_DOCS"):
        rewrite(ROOT / story.page, story.blocks, told)
        return
    for block, text in zip(story.blocks, told, strict=True):
        assert text == block.text, f"{story.page} is out of date; CROSSROADS_UPDATE_DOCS=1 brings it up to date"


def rewrite(page: Path, blocks: tuple[Block, ...], told: list[str]) -> None:
    """Put what was printed into the page, as it is now: stories before this one may have changed it."""
    text = page.read_text()
    for block, new in zip(blocks, told, strict=True):
        if new != block.text:
            assert text.count(f"\n{block.text}```") == 1, f"{page}: this block isn't there, or twice:\n{block.text}"
            text = text.replace(f"\n{block.text}```", f"\n{new}```")
    page.write_text(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{link} leads to no heading"


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
