"""Kept regressions, known failures and cancel sweeps, from a flaky test to its mended version."""

import pytest
from plugin_outside import command, ids_in

pytest_plugins = ("pytester",)
pytestmark = pytest.mark.slow

POOL = """
import asyncio, pytest

class Pool:
    def __init__(self):
        self.free, self.waiting = 1, []

    async def acquire(self):
        if self.free:
            self.free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        {wait}

    def release(self):
        while self.waiting:
            waiter = self.waiting.pop(0)
            if not waiter.done():
                waiter.set_result(None)
                return
        self.free += 1

@pytest.mark.crossroads(cancel="Pool.acquire", futures=30)
async def test_no_slot_is_lost():
    pool = Pool()

    async def user():
        await pool.acquire()
        await asyncio.sleep(0.01)
        pool.release()

    await asyncio.gather(user(), user(), return_exceptions=True)
    assert pool.free == 1
"""

LEAKY = "await waiter"
MENDED = """try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise"""


@pytest.mark.long
def test_from_a_sweep_to_a_kept_regression_and_its_verdict(project: pytest.Pytester) -> None:
    path = project.makepyfile(test_pool=POOL.replace("{wait}", LEAKY))
    found = project.runpytest_subprocess()
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["Shortest way there: 1 choice over a calm run*", '*await of Pool.acquire is over"*'])
    (failure,) = ids_in(found.stdout.str())

    assert command(project, "keep", failure).ret == 0
    again = project.runpytest_subprocess()
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["Replayed 1 kept regression: 1 run failed.", "*explain it:*crossroads run *"])
    (kept,) = (project.path / "tests" / "crossroads").iterdir()
    kept.rename(project.path / "elsewhere.json")

    still = project.runpytest_subprocess("--crossroads-verify")
    still.assert_outcomes(failed=1)
    still.stdout.fnmatch_lines(["Unchanged: *", "*still fails*"])

    (project.path / "elsewhere.json").rename(kept)
    path.write_text(POOL.replace("{wait}", MENDED))
    mended = project.runpytest_subprocess("--crossroads-verify")
    mended.assert_outcomes(passed=1)
    mended.stdout.fnmatch_lines([f"*::test_no_slot_is_lost: failure {failure}: prevented: *"])

    path.write_text(POOL.replace("{wait}", MENDED).replace("Pool.acquire", "Pool.take").replace("acquire", "take"))
    stale = project.runpytest_subprocess()
    stale.assert_outcomes(passed=1)
    stale.stdout.fnmatch_lines(["*.json is*"])
