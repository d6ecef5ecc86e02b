"""The reference is up to date: its Python page is what the sources say, its command page has every verb, its examples run."""

import doctest
import os
import re
from importlib import import_module

import pytest
from docs_blocks import ROOT
from docs_pages import api_page

import crossroads
from crossroads.faces.cli.app import VERBS

API, CLI = ROOT / "docs/reference/api.md", ROOT / "docs/reference/cli.md"


def test_the_python_page() -> None:
    page = api_page()
    if os.environ.get("CROSSROADS_UPDATE_DOCS"):
        API.write_text(page)
    assert API.read_text() == page, "docs/reference/api.md is out of date; CROSSROADS_UPDATE_DOCS=1 brings it up to date"


def test_the_command_page_has_every_verb() -> None:
    assert re.findall(r"^\$ crossroads (\w+) --help$", CLI.read_text(), re.MULTILINE) == [verb.name for verb in VERBS]


@pytest.mark.parametrize("module", ["program", *sorted(set(crossroads._HOMES.values()))])
def test_examples_in_docstrings(module: str) -> None:
    assert doctest.testmod(import_module(f"crossroads.{module}")).failed == 0
