"""Patches of this very interpreter, always taken back."""

from collections.abc import Iterator

import pytest

from crossroads.worlds.clock import Clock
from crossroads.worlds.entropy import Entropy


@pytest.fixture
def entropy() -> Iterator[Entropy]:
    installed = Entropy()
    installed.install()
    installed.rekey(1)
    yield installed
    installed.uninstall()


@pytest.fixture
def drawing() -> Iterator[tuple[Entropy, list[str]]]:
    """Entropy that tells of draws, and the names that it tells."""
    installed = Entropy(draws=True)
    installed.install()
    installed.rekey(1)
    names: list[str] = []
    installed.on_draw = names.append
    yield installed, names
    installed.uninstall()


@pytest.fixture
def clock() -> Iterator[Clock]:
    installed = Clock()
    installed.install()
    yield installed
    installed.uninstall()
