"""The reference is up to date: its Python page is what the sources say, its command page has every verb, its examples run."""

import doctest
import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from docs_blocks import ROOT
from docs_pages import api_page, world_page

import crossroads
from crossroads import world
from crossroads.faces.cli.app import VERBS

API, CLI, WORLD = (ROOT / f"docs/reference/{name}.md" for name in ("api", "cli", "world"))


@pytest.mark.parametrize(("path", "make"), [(API, api_page), (WORLD, world_page)], ids=["api", "world"])
def test_the_python_pages(path: Path, make: Callable[[], str]) -> None:
    page = make()
    if os.environ.get("CROSSROADS_UPDATE_DOCS"):
        path.write_text(page)
    assert path.read_text() == page, f"{path.name} is out of date; CROSSROADS_UPDATE_DOCS=1 brings it up to date"


def test_the_page_of_hosts_has_every_public_name() -> None:
    assert sorted(re.findall(r"^### (\w+)$", WORLD.read_text(), re.MULTILINE)) == sorted(world.__all__)


def test_the_command_page_has_every_verb() -> None:
    assert re.findall(r"^\$ crossroads (\w+) --help$", CLI.read_text(), re.MULTILINE) == [verb.name for verb in VERBS]


@pytest.mark.parametrize("module", ["program", "world", *sorted(set(crossroads._HOMES.values()))])
def test_examples_in_docstrings(module: str) -> None:
    assert doctest.testmod(import_module(f"crossroads.{module}")).failed == 0
