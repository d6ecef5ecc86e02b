"""P1 where a program's behaviour hangs on where its objects lie: futures of one snapshot find the same heap, whatever others did before."""

from pathlib import Path

import pytest
from promise_tools import live, timeline, write

pytestmark = pytest.mark.slow

BY_ADDRESS = """
import random
from crossroads import mark

class Thing:
    def __init__(self, number, size):
        self.number, self.load = number, bytearray(size)

KEPT = [Thing(number, 10 * number) for number in range(100)]

def main():
    random.shuffle(KEPT)
    del KEPT[: random.randrange(50)]
    things = {Thing(number, random.choice([10, 300, 700, 5000])) for number in range(50)}
    mark(" ".join(str(thing.number) for thing in things))
    loads = sorted((thing.load for thing in things), key=id)
    mark(" ".join(str(len(load)) for load in loads))
    mark(id(things) - id(KEPT))
"""


def test_futures_of_a_snapshot_find_the_same_heap(here: Path) -> None:
    target = write(here, BY_ADDRESS)
    timelines = [timeline(target, seed) for seed in range(100)]
    lived = live(target, [*timelines, *reversed(timelines)])
    first, second = lived[:100], lived[:99:-1]
    assert {run.outcome.kind for run in lived} == {"passed"}
    assert [run.timeline.digest for run in first] == [run.timeline.digest for run in second]
    assert len({run.timeline.digest for run in first}) == 100
