"""A future that goes on beyond a world time is given up there; one that doesn't is as it would be without that limit."""

import sys
from pathlib import Path

import pytest
from living import runner, timelines, write

from crossroads.snapshots.live import GIVEN_UP
from crossroads.snapshots.plans import Reach

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

BODY = """
    mark("begun")
    for _ in range(20):
        try:
            async with asyncio.timeout(1):
                await asyncio.Event().wait()
        except TimeoutError:
            pass
    mark("ended")
"""


def test_a_future_is_given_up_at_a_world_time(tmp_path: Path) -> None:
    path = write(tmp_path, BODY)
    with runner(path) as local:
        (whole,) = local.run(timelines(path, range(1)))
        again = [whole.timeline.branch(1, seed=0)] * 4
        cut, longer, unlimited, by_point = local.run(again, until=[Reach(time=5.0), Reach(time=50.0), Reach(), Reach(2)])
    assert whole.outcome.kind == "passed"
    assert 20 < whole.time < 21
    assert cut.outcome == GIVEN_UP
    assert 5 < cut.time < 7
    assert longer.timeline == unlimited.timeline
    assert by_point.outcome == GIVEN_UP
    assert by_point.time == pytest.approx(20, abs=1)
