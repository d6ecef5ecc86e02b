"""Finding the past of a run in a run of changed code: which steps were met as they were recorded, and where the two part. Pure functions.

Choices are matched by name and occurrence and by the text of the option taken, whatever stands around them. Where a plain program
draws by itself, its points are matched in order by label and by the state of its draws, which tells whether as much was drawn before. Of
a long run only a sample is known, and that is matched by number.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from crossroads.analysis.pasts import RecordedPast, Step

LINE: Final = re.compile(r":\d+(?= in )")
"""The line in "file:line in function", which any edit above it moves."""

CONTENT: Final = re.compile(r"((?:message|datagram) \d+) \[.*\]$")
"""What a message says, behind its number."""

PASSIVE: Final = ("mark", "event")
"""Kinds of points at which nothing is drawn."""

MOST: Final = 0.5
"""A run that has met more than this part of the past and comes to its crossing has come there in much the same way."""


@dataclass(frozen=True, slots=True)
class Match:
    """How far the past of a run was met in another.

    Args:
        steps: how many steps of the past have to be met, the crossing included.
        matched: how many of them were, as recorded.
        arrived: index, in the new run, of the crossing as recorded; None where it wasn't met.
        others: steps met before it that the past doesn't have.
        places: new index by old one, of the steps met.
        parted: (old point of the first step that wasn't met, new point at which the runs part); None where all were met and no others.
        last: the last step that both have before they part.
        expected, met: what differs first, in words; "" where nothing does.
        drew_otherwise: whether the program's own draws were in another state at the crossing than recorded.
        unit: what was matched: "choice", "point" or "sampled point".
    """

    steps: int
    matched: int
    arrived: int | None
    others: int = 0
    places: dict[int, int] = field(default_factory=dict)
    parted: tuple[int, int] | None = None
    last: Step | None = None
    expected: str = ""
    met: str = ""
    drew_otherwise: bool = False
    unit: str = "choice"

    @property
    def is_exact(self) -> bool:
        """Whether the run came to the crossing just as it was recorded."""
        return self.arrived is not None and self.matched == self.steps and not self.others and not self.drew_otherwise

    @property
    def has_most(self) -> bool:
        """Whether the run came to the crossing and met most of the past on its way; never where draws have to be the same and aren't."""
        if self.arrived is None:
            return False
        return self.has_all if self.unit != "choice" else self.matched > MOST * self.steps

    @property
    def has_all(self) -> bool:
        """Whether every step was met, others beside them or not."""
        return self.arrived is not None and self.matched == self.steps


def plain_text(text: str) -> str:
    """The text of an option or place without line numbers, and without the content of a message that it names."""
    return CONTENT.sub(r"\1", LINE.sub("", text))


def draws_itself(past: RecordedPast, crossing: int) -> bool:
    """Whether the program drew anything by itself on its way to the crossing and the point behind it."""
    return len({step.draws for step in past.steps if step.point <= crossing + 1}) > 1


def match(past: RecordedPast, steps: Sequence[Step], crossing: int, end: int, *, by_name: bool) -> Match:
    """Find a past in another run.

    Args:
        past: of the run as it was.
        steps: of the new run.
        crossing: the point of the past up to which it has to be found.
        end: index of the new run's end.
        by_name: whether all that happens is keyed by names, as in the asyncio world, rather than drawn in order.
    """
    wanted = [step for step in past.steps if step.point <= crossing]
    if not past.is_whole:
        return _by_number(wanted, steps, end)
    if by_name or not draws_itself(past, crossing):
        return _by_name([step for step in wanted if step.is_choice or step.point == crossing], steps, end)
    return _in_order(wanted, steps, end)


def _by_name(wanted: Sequence[Step], steps: Sequence[Step], end: int) -> Match:
    met = {_key(step): step for step in reversed(steps)}
    goal = wanted[-1] if wanted else None
    found = None if goal is None else met.get(_key(goal))
    if goal is None or found is None or not _same_option(goal, found):
        found = None
    elif not goal.is_choice and not all((there := met.get(_key(step))) and _same_option(step, there) for step in wanted):
        # That a message arrives says little: without the choices before it, it isn't the crossing.
        found = None
    limit = end if found is None else found.point
    places = {
        step.point: there.point
        for step in wanted
        if (there := met.get(_key(step))) is not None and there.point <= limit and _same_option(step, there)
    }
    old_of = {new: old for old, new in places.items()}
    foreign = next((step for step in steps if step.is_choice and step.point <= limit and step.point not in old_of), None)
    others = sum(step.is_choice and step.point <= limit and step.point not in old_of for step in steps)
    missing = next((step for step in wanted if step.point not in places or (foreign and places[step.point] > foreign.point)), None)
    drew = goal is not None and found is not None and goal.draws != found.draws
    common = Match(len(wanted), len(places), None if found is None else found.point, others, places, drew_otherwise=drew)
    if missing is None and foreign is None:
        return common
    before = [step for step in wanted if step.point in places and (foreign is None or places[step.point] < foreign.point)]
    last = max(before, key=lambda step: places[step.point]) if before else None
    at = foreign.point if foreign is not None else (places[last.point] + 1 if last is not None else 0)
    return _parted(common, missing or wanted[-1], foreign, last, min(at, end))


def _in_order(wanted: Sequence[Step], steps: Sequence[Step], end: int) -> Match:
    """Steps are looked for in order, each behind the one before it; marks may come and go, draws may not."""
    positions: dict[tuple[object, ...], list[int]] = {}
    for index, step in enumerate(steps):
        positions.setdefault(_stream_key(step), []).append(index)
    places: dict[int, int] = {}
    last: Step | None = None
    missing: Step | None = None
    at = -1
    for step in wanted:
        candidates = positions.get(_stream_key(step), [])
        following = bisect_right(candidates, at)
        if following < len(candidates):
            at = candidates[following]
            places[step.point] = steps[at].point
            last = step if missing is None else last
        elif missing is None:
            missing = step
    arrived = places.get(wanted[-1].point) if wanted else None
    if arrived is not None:
        # A mark that is gone changes nothing where the state of the draws is the recorded one behind it.
        wanted = [step for step in wanted if step.kind not in PASSIVE or step.point in places]
        missing = next((step for step in wanted if step.point not in places), None)
    others = sum(step.is_choice and step.point not in places.values() for step in steps[: at + 1])
    common = Match(len(wanted), len(places), arrived, others, places, unit="point")
    if missing is None:
        return common
    behind = places[last.point] + 1 if last is not None else 0
    foreign = next((step for step in steps if step.point >= behind), None)
    return _parted(common, missing, foreign, last, min(behind, end))


def _by_number(wanted: Sequence[Step], steps: Sequence[Step], end: int) -> Match:
    there = {step.point: step for step in steps}
    places: dict[int, int] = {}
    last: Step | None = None
    for step in wanted:
        found = there.get(step.point)
        if found is None or (found.kind, found.name, found.draws) != (step.kind, step.name, step.draws) or not _same_option(step, found):
            common = Match(len(wanted), len(places), None, 0, places, unit="sampled point")
            behind = places[last.point] + 1 if last is not None else 0
            return _parted(common, step, found, last, min(behind, end))
        places[step.point] = step.point
        last = step
    return Match(len(wanted), len(places), wanted[-1].point if wanted else None, 0, places, unit="sampled point")


def _parted(common: Match, missing: Step, foreign: Step | None, last: Step | None, at: int) -> Match:
    expected, met = describe(missing), describe(foreign) if foreign is not None else "the end"
    if expected == met:
        met = f"{met} with other draws before it"
    return replace(common, parted=(missing.point, at), last=last, expected=expected, met=met)


def describe(step: Step) -> str:
    """A step in a sentence: what stands there, and what was taken."""
    return f"{step.name!r}" + (f" ({plain_text(step.option)})" if step.option else "")


def _key(step: Step) -> tuple[str, str, int]:
    return "choice" if step.is_choice else step.kind, step.name, step.occurrence


def _stream_key(step: Step) -> tuple[object, ...]:
    return step.kind, step.name, plain_text(step.option), step.draws


def _same_option(one: Step, other: Step) -> bool:
    return plain_text(one.option) == plain_text(other.option)
