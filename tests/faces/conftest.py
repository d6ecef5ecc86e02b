"""Shared by the tests of the faces: where the small programs stand that reports quote, and the pinned reports."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def in_programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is the one with the programs that made-up failures speak of."""
    monkeypatch.chdir(HERE / "programs")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return HERE / "programs"
