"""Every test has a cache directory of its own, and leaves no ring's protection behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossroads.rings import protection


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    yield
    if protection.current.protection is not None:
        protection.current.protection.ended()
    protection.current.remembered.clear()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that isn't protected, with one in it that may be."""
    (tmp_path / "data").mkdir()
    return tmp_path
