"""What is promised is what `__all__` lists and the reference documents, and each name shows where it is to be imported from."""

import re
from pathlib import Path

import pytest

import crossroads

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def test_the_reference_documents_every_public_name_and_no_other() -> None:
    documented = re.findall(r"^### (\w+)$", (REFERENCE / "api.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(crossroads.__all__)


@pytest.mark.parametrize("name", crossroads.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(crossroads, name).__doc__


def test_names_are_listed_in_order() -> None:
    assert list(crossroads.__all__) == sorted(crossroads.__all__)
    assert dir(crossroads) == list(crossroads.__all__)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Explore'"):
        crossroads.Explore  # noqa: B018
