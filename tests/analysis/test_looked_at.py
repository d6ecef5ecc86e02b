"""A failing run that isn't the same when it is lived again is no run to explain, and the reason is said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from crossroads.analysis.explain import trace_path
from crossroads.errors import DivergedError
from crossroads.snapshots.run import Run
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Timeline

FAILING = Timeline("p.py:main", (Epoch(0, 1),), outcome=Outcome("failed", "ValueError", "no", "p.py:1 in main"), digest="first", points=3)


class Runner:
    """Lives every timeline to the same end, with one digest or, where points are looked at, another."""

    def __init__(self, plain: str, looked_at: str) -> None:
        self.plain, self.looked_at = plain, looked_at

    def run(self, timelines: Sequence[Timeline], trace: object = "none") -> list[Run]:
        digest = self.plain if trace == "none" else self.looked_at
        return [Run(replace(timeline, digest=digest)) for timeline in timelines]


def test_the_same_run_is_a_path() -> None:
    runner: Any = Runner("first", "first")
    assert trace_path(runner, FAILING).end == 3


@pytest.mark.parametrize(("plain", "reason"), [("first", "addresses of its objects"), ("second", "if the program has changed")])
def test_why_another_run_is_another_one(plain: str, reason: str) -> None:
    runner: Any = Runner(plain, "second")
    with pytest.raises(DivergedError, match=reason):
        trace_path(runner, FAILING)
