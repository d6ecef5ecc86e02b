"""The replay engine: every timeline from a bare interpreter, so that nothing needs to be fork-safe but the start of Python itself.

Slower by the program's import and start-up for each future; sound with threads, and the measure that the fork engine is held against.
"""

from collections.abc import Callable, Sequence

from crossroads.snapshots.engine import Engine, Steps
from crossroads.snapshots.plans import Reach, Traced
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Timeline


class ReplayEngine(Engine):
    """Lives timelines from the start."""

    name = "replay"

    def run(
        self,
        timelines: Sequence[Timeline],
        deliver: Callable[[int, Run], None],
        *,
        trace: Traced = "none",
        pristine: bool = False,
        until: Sequence[Reach] = (),
    ) -> Steps[None]:
        self._jobs += 1
        left = list(range(len(timelines)))
        while left:
            bare = yield from self._bare()
            left = yield from self._branch(bare, left, timelines, deliver, trace, pristine, until)
