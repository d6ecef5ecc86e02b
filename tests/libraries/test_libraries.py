"""Real libraries together: correct programs that pass on stock asyncio, and in every future.

Programs whose libraries nobody has installed are skipped: `make cases` runs all.
"""

import sys
from pathlib import Path

import pytest
from libraries_tools import FUTURES, PROGRAMS, explored, on_stock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]


def name_of(program: Path) -> str:
    return program.stem


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_passes_on_stock_asyncio(program: Path, tmp_path: Path) -> None:
    done = on_stock(program, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_passes_in_every_future(program: Path, tmp_path: Path) -> None:
    report = explored(program, tmp_path)
    assert report["failures"] == []
    assert report["explored"] == {"futures": FUTURES, "passed": FUTURES, "failed": 0, "other": {}}
    assert report["engine"] == "fork"
