"""Bugs of published libraries that show when a coroutine is cancelled: the cancel sweep finds them, and nothing in the fixed versions.

The scenarios wait for their own timeouts; here whatever waits in the named coroutine is cancelled, wherever it waits. Cases whose packages
nobody has installed are skipped: `make cases` runs all.
"""

import sys
from pathlib import Path

import pytest
from cases_tools import Place, installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

FUTURES = 120

SWEPT = [
    ("aiohttp-connector-slot-lost", "BaseConnector.connect", "a request waits for a connection slot"),
    ("aiojobs-cancelled-spawn", "Scheduler.spawn", "scheduler stuck"),
    ("psycopg-pool-cancelled-waiter", "AsyncConnectionPool.getconn", "couldn't get a connection"),
]

QUIET_WHEN_FIXED = SWEPT[1:]
"""aiohttp 3.10.11, and 3.14.5 as well, still don't pass the slot on: its own scenario asks for another one soon after, which hides it."""

CHECKED_AFTER_ALL = """

def all_of(*awaitables):
    return asyncio.gather(*awaitables, return_exceptions=True)
"""
"""What lets a scenario come to its checks though one of its callers was cancelled."""


def patient(place: Place) -> Place:
    scenario = place.folder / "scenario.py"
    scenario.write_text(
        scenario.read_text().replace("asyncio.gather(", "all_of(").replace("import asyncio\n", "import asyncio\n" + CHECKED_AFTER_ALL, 1)
    )
    return place


@pytest.mark.parametrize(("case", "cancel", "message"), SWEPT)
def test_the_bug_is_found(case: str, cancel: str, message: str, tmp_path: Path) -> None:
    code, report = patient(installed(case, "buggy", tmp_path)).report("--cancel", cancel, "--futures", str(FUTURES))
    assert code == 1
    found = [one["failure"] for one in report["sweep"]["awaits"] if one["failed"]]
    assert any(message in failure["message"] for failure in found), report["sweep"]["awaits"]


@pytest.mark.parametrize(("case", "cancel", "message"), QUIET_WHEN_FIXED)
def test_nothing_is_found_in_the_fixed_library(case: str, cancel: str, message: str, tmp_path: Path) -> None:
    code, report = patient(installed(case, "fixed", tmp_path)).report("--cancel", cancel, "--futures", str(FUTURES))
    assert report["failures"] == []
    assert code == 0
    assert any(one["futures"] > one["ended"] for one in report["sweep"]["awaits"])
