"""Every test of a promise also tests that nothing is left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from promise_tools import nothing_left


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """The working directory of a test that leaves nothing behind."""
    with nothing_left(tmp_path) as folder:
        yield folder
