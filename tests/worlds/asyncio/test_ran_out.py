"""A traced life tells which of the program's timers have run out between its points, and is the same life."""

import sys
from pathlib import Path

import pytest
from living import live, write

from crossroads.worlds.asyncio.passes import RAN_OUT_MAX

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

BODY = """
    mark("begun")
    async with asyncio.timeout(5):
        await asyncio.sleep(0.001)
    mark("slept")
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        mark("given up")
    asyncio.get_running_loop().call_later(0.001, mark, "called")
    await asyncio.wait([asyncio.create_task(asyncio.sleep(0.002)) for _ in range(2)])
    mark("slept twice")
"""


def test_timers_that_run_out_are_told_and_those_that_are_cancelled_are_not(tmp_path: Path) -> None:
    path = write(tmp_path, BODY)
    (run,), (untold,) = live(path, range(1), trace="all"), live(path, range(1))
    assert run.timeline == untold.timeline
    told = {point.label: [text.partition(" at ")[0] for text in point.ran_out] for point in run.trace if point.kind == "mark"}
    assert told == {
        "begun": [],
        "slept": ["the sleep"],
        "given up": ["the timeout"],
        "called": [],
        "slept twice": ["the timer mark", "the sleep", "the sleep"],
    }
    assert all(text.endswith(" in main") for point in run.trace for text in point.ran_out if " at " in text)


def test_of_thousands_that_run_out_the_first_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, 'mark("begun")\nfor _ in range(300):\n    await asyncio.sleep(0.01)\nmark("ended")')
    (run,), (untold,) = live(path, range(1), trace="all"), live(path, range(1))
    assert run.timeline == untold.timeline
    told = next(point.ran_out for point in run.trace if point.label == "ended")
    assert len(told) == RAN_OUT_MAX + 1
    assert {text.partition(" at ")[0] for text in told[:-1]} == {"the sleep"}
    assert told[-1] == ""
