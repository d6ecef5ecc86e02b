"""Bugs of published libraries, verified after an upgrade in place: fixed ones are prevented or gone, half-fixed ones never."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases_tools import LIBRARY_BUGS, Bug, Place, installed

pytestmark = [
    pytest.mark.long,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here"),
]

REDIS = next(bug for bug in LIBRARY_BUGS if bug.case == "redis-cancel-desync")

RELEASE = """        finally:
            if self.single_connection_client:
                self._single_conn_lock.release()
            if not self.connection:
                await pool.release(conn)

    async def parse_response(
"""

CLOSED_EVERY_SECOND_TIME = """        except asyncio.CancelledError:
            self._cancelled = getattr(self, "_cancelled", 0) + 1
            if self._cancelled % 2:
                await conn.disconnect(nowait=True)
            raise
"""

CLOSED = """        except asyncio.CancelledError:
            await conn.disconnect(nowait=True)
            raise
"""

PUT_BACK = "                await pool.release(conn)"

EDITS = {
    "lines alone": ("\n\n" + RELEASE, {"unchanged"}),
    "a pause": (RELEASE.replace(PUT_BACK, f"                await asyncio.sleep(0)\n{PUT_BACK}"), {"unchanged"}),
    "a longer pause": (RELEASE.replace(PUT_BACK, f"                await asyncio.sleep(0.01)\n{PUT_BACK}"), {"reduced", "unchanged"}),
    "the wrong exception": (CLOSED.replace("asyncio.CancelledError", "asyncio.TimeoutError") + RELEASE, {"unchanged"}),
    "every second time": (CLOSED_EVERY_SECOND_TIME + RELEASE, {"reduced"}),
    "a fix": (CLOSED + RELEASE, {"prevented", "gone"}),
}


def verified(place: Place, failure: str) -> tuple[int, dict[str, Any]]:
    done = place.crossroads("verify", failure, "--json", "-")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def found(place: Place) -> str:
    code, report = place.report()
    assert code == 1
    return str(report["failures"][0]["id"])


@pytest.mark.parametrize("bug", LIBRARY_BUGS, ids=lambda bug: bug.case)
def test_an_upgrade_is_told_from_none(bug: Bug, tmp_path: Path) -> None:
    buggy = installed(bug.case, "buggy", tmp_path)
    fixed = installed(bug.case, "fixed", tmp_path)
    failure = found(buggy)
    code, verdict = verified(fixed, failure)
    assert verdict["verdict"] in ("prevented", "gone"), verdict["sentence"]
    assert code == 0
    code, verdict = verified(buggy, failure)
    assert verdict["verdict"] == "unchanged", verdict["sentence"]
    assert code == 1


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    place = installed(REDIS.case, "buggy", tmp_path_factory.mktemp("redis"))
    return place, found(place)


@pytest.mark.parametrize("edit", EDITS)
def test_a_half_fixed_library_is_never_prevented(redis: tuple[Place, str], edit: str, tmp_path: Path) -> None:
    place, failure = redis
    shutil.copytree(place.package("redis"), tmp_path / "redis")
    client = tmp_path / "redis" / "asyncio" / "client.py"
    text, expected = EDITS[edit]
    source = client.read_text()
    assert RELEASE.rstrip("\n") in source
    client.write_text(source.replace(RELEASE.rstrip("\n"), text.rstrip("\n")))
    _, verdict = verified(replace(place, edited=tmp_path), failure)
    assert verdict["verdict"] in expected, verdict["sentence"]
