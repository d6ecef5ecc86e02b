"""Leading changed code along the recorded past of a run: same seed, and each choice forced by its name, as far as the code goes along."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from crossroads.analysis.matching import Match, match
from crossroads.analysis.pasts import RecordedPast, Step, steps_of
from crossroads.analysis.path import is_choice
from crossroads.analysis.results import Account
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.plans import Traced
from crossroads.snapshots.run import Run
from crossroads.stats.probability import Probability
from crossroads.timeline.keys import Units
from crossroads.timeline.timelines import Epoch, NamedOverride, Timeline

ROUNDS_MAX: Final = 12
"""Lives in which it is found out how far the code goes along: two, and one for each later epoch of the recorded run."""


FORCED: Final = (1.0, 0.5, 0.25, 0.1)
"""Shares of the choices that are forced in the search among unlikely options."""


@dataclass(frozen=True, slots=True)
class Guided:
    """A run of changed code, led along a recorded past.

    Args:
        timeline: what led it, by name.
        run: as it was lived.
        match: how far it was the recorded one.
        past: what was recorded.
        lives: how many runs it took.
    """

    timeline: Timeline
    run: Run
    match: Match
    past: RecordedPast
    lives: int

    def branch(self, point: int, seed: int) -> Timeline:
        """A future from a point of this run: led up to there, then free."""
        met = {old for old, new in self.match.places.items() if new < point}
        named = tuple(one for step, one in _overrides(self.past.steps) if step.point in met)
        return replace(self.timeline, named=named).branch(point, seed)

    def unlikely(self, number: int, seed: int) -> Timeline:
        """A future in which some of the choices of this run are forced to options taken at random, whatever their weight.

        Every second one keeps the recorded seed, so that only the forced choices and what follows from them are other ones.
        """
        share = FORCED[number // 2 % len(FORCED)]
        units = Units(seed)
        named = []
        for point in self.run.trace:
            options = [option for option, weight in enumerate(point.weights) if weight > 0]
            if is_choice(point) and units.draw("forced", point.name, point.occurrence) < share:
                option = options[int(units.draw("option", point.name, point.occurrence) * len(options))]
                named.append(NamedOverride(point.name, point.occurrence, option, point.options[option]))
        epochs = self.timeline.epochs[:1] if number % 2 else (Epoch(0, seed),)
        return replace(self.timeline, epochs=epochs, named=tuple(named))

    def redrawn(self, seed: int) -> Timeline:
        """A future in which everything is drawn anew but the recorded options."""
        return replace(self.timeline, epochs=(Epoch(0, seed),))


def crossing_of(past: RecordedPast, account: Account | None) -> int | None:
    """The point at which the run was decided: its last turning point, else the last way out, else its last choice or point.

    None where nothing of it was recorded.
    """
    if not past.steps:
        return None
    known = {step.point for step in past.steps}
    if account is not None:
        found = [step.point for step in account.turning_points] or ([account.last_way_out.point] if account.last_way_out else [])
        if found and found[-1] in known:
            return found[-1]
    choices = [step.point for step in past.steps if step.is_choice]
    return choices[-1] if choices else past.steps[-1].point


def behind(account: Account | None, crossing: int) -> Probability | None:
    """What is known of q right behind the crossing."""
    if account is None:
        return None
    turning_point = next((step for step in account.turning_points if step.point == crossing), None)
    if turning_point is not None:
        return turning_point.after
    return next((point.failure for point in account.curve if point.point > crossing and point.failure.futures), None)


def at(account: Account | None, point: int) -> Probability | None:
    """What is known of q at a point of the recorded run, or at the last one before it that was looked at."""
    if account is None:
        return None
    turning_point = next((step for step in account.turning_points if step.point == point), None)
    if turning_point is not None:
        return turning_point.before
    known = [found.failure for found in account.curve if found.point <= point and found.failure.futures]
    return known[-1] if known else None


def guide(runner: LocalRunner, recorded: Timeline, past: RecordedPast, crossing: int) -> Guided:
    """Lead the program as it is now along a recorded past.

    Args:
        runner: for it.
        recorded: the run.
        past: how it came about.
        crossing: the point up to which it is led.

    Raises:
        TargetError, EngineError: the program can't be run.
    """
    by_name = recorded.world.name == "asyncio"
    overrides = [(step, one) for step, one in _overrides(past.steps) if step.point <= crossing]
    timeline = Timeline(recorded.target, recorded.epochs[:1], world=recorded.world, named=tuple(one for _, one in overrides))
    later = [epoch for epoch in recorded.epochs[1:] if epoch.point <= crossing]
    trace: Traced = "all" if past.is_whole else tuple(step.point for step in past.steps)
    lives = 0
    while True:
        lives += 1
        run = runner.run([timeline], trace=trace)[0]
        found = match(past, steps_of(run.trace), crossing, run.timeline.points, by_name=by_name)
        met = tuple(one for step, one in overrides if step.point in found.places)
        place = _place(found, later[0].point) if later else None
        if place is not None:
            timeline = replace(timeline, epochs=(*timeline.epochs, replace(later.pop(0), point=place)))
        elif met == timeline.named or lives >= ROUNDS_MAX:
            return Guided(timeline, run, found, past, lives)
        timeline = replace(timeline, named=met)


def _overrides(steps: Iterable[Step]) -> list[tuple[Step, NamedOverride]]:
    return [(step, NamedOverride(step.name, step.occurrence, step.taken, step.option)) for step in steps if step.taken is not None]


def _place(found: Match, point: int) -> int | None:
    """Where a point of the recorded run is in the new one."""
    if point in found.places:
        return found.places[point]
    return found.places[point - 1] + 1 if point - 1 in found.places else None
