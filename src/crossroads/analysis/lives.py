"""Two lives side by side: the failing run, its nearest surviving neighbour, and what was seen on the way of each.

The neighbour is looked for where one choice alone differs: then all later draws are the same, as choices are drawn by name. Where no such
run survives it is the one that took the last way out, which draws anew from there.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from crossroads.analysis.neighbours import Change, nearest_survivor, other_options
from crossroads.analysis.replay import Life
from crossroads.analysis.results import Account
from crossroads.analysis.sources import python_tag
from crossroads.errors import EngineError, TargetError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.live import TRACE_MAX
from crossroads.snapshots.results import lived
from crossroads.snapshots.run import Run
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Override, Timeline

POINTS_MAX: Final = 1_200
"""Points that are looked at in one life."""

BEFORE: Final = 40
"""Of them, those before the last common point."""

WALL_S: Final = 60.0
"""For one life; a run that hangs is looked at until then."""

TRACEBACK: Final = "Traceback (most recent call last):"

OUTPUT_BYTES_MAX: Final = 200_000
"""Kept of what a life prints, its beginning and its end."""


@dataclass(frozen=True, slots=True)
class Value:
    """A watched expression at one point.

    Args:
        text: its repr, at most 400 characters; "" where it raised.
        error: what it raised, "" where it didn't.
    """

    text: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen at one point of a life.

    Args:
        point: what stands there.
        printed: what was printed from then until the next moment.
        values: of the watched expressions, in their order.
        state: of the world, as `World.state` gives it.
    """

    point: Point
    printed: str = ""
    values: tuple[Value, ...] = ()
    state: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WitnessedLife:
    """One life that was looked at.

    Args:
        timeline: as it was lived now.
        same: whether it ended as it was recorded.
        moments: in order of their points; the last one is the end, unless the process died.
        choices: how many choices it made, of those recorded.
    """

    timeline: Timeline
    same: bool
    moments: tuple[Moment, ...]
    choices: int = 0


@dataclass(frozen=True, slots=True)
class TwoLives:
    """The failing run beside one that survives.

    Args:
        doomed: the failing run.
        survivor: its neighbour.
        common: the last point that they share; what is taken there differs.
        option: what the survivor took there, "" where something was drawn anew.
        different: choices that differ, of those that both runs made; 1 where one choice alone was changed.
    """

    doomed: WitnessedLife
    survivor: WitnessedLife
    common: int
    option: str
    different: int


def find_lives(
    runner: LocalRunner, failing: Timeline, account: Account | None, *, watch: Sequence[str] = ()
) -> tuple[WitnessedLife, TwoLives | None]:
    """Live the failing run again with a look at its points, and its nearest surviving neighbour.

    Args:
        runner: for the program of both.
        failing: a failure.
        account: of it; its last way out is the neighbour where none with one other choice survives. None: only the failing run.
        watch: expressions, as for `replay`.

    Raises:
        TargetError, EngineError: the program can't be run.
    """
    if account is None:
        return witness(failing, _points(failing.points, failing.points, []), watch), None
    near = _nearest(runner, failing)
    if near is None and account.last_way_out is not None:
        out = account.last_way_out
        near = out.survivor, out.point, out.option
    common = near[1] if near is not None else max((step.point for step in account.turning_points), default=failing.points)
    special = [point for step in account.turning_points for point in (step.point, step.point + 1)]
    doomed = witness(failing, _points(failing.points, common, special), watch)
    if near is None:
        return doomed, None
    survivor = witness(near[0], _points(near[0].points, common, []), watch)
    return doomed, TwoLives(doomed, survivor, common, near[2], _different(runner, failing, near[0], common))


def witness(timeline: Timeline, points: Sequence[int], watch: Sequence[str] = ()) -> WitnessedLife:
    """Live a timeline in the foreground, its output kept instead of shown, and look at some points.

    Args:
        timeline: lived before.
        points: indices to look at; the end always is.
        watch: expressions.

    Raises:
        TargetError, EngineError: the program can't be run.
    """
    seen: list[dict[str, Any]] = []
    result: dict[str, Any] | None = None
    deadline = time.monotonic() + WALL_S
    view = {"to": None, "watch": None, "pdb": False, "quiet": False, "witness": {"watch": list(watch), "points": sorted(points)}}
    with tempfile.TemporaryFile(buffering=0) as printed:
        with Life(timeline, view, tuple(sorted({*points, timeline.points})), printed.fileno(), printed.fileno()) as life:
            life.limit(WALL_S)
            for message in life.messages():
                if "refused" in message:
                    raise TargetError(str(message["refused"]))
                if "moment" in message:
                    seen.append(message["moment"])
                result = message.get("result", result)
                if time.monotonic() > deadline:
                    break
            late = result is None and time.monotonic() > deadline
            ended = {"outcome": ["hung", "wall limit", f"did not end within {WALL_S:.0f} s", "", None]} if late else life.end()
        output = _read(printed.fileno())
    run = lived(replace(timeline, outcome=None, digest="", points=0), result or ended, python_tag())
    return WitnessedLife(run.timeline, _is_same(run.timeline, timeline), _moments(seen, run, output), len(run.choices))


def _nearest(runner: LocalRunner, failing: Timeline) -> tuple[Timeline, int, str] | None:
    """The survivor that differs in one choice alone, a late one: (run, point, option taken there)."""
    if failing.points >= TRACE_MAX:
        return None
    try:
        path = runner.run([failing], trace="all")[0].trace
    except EngineError:
        return None
    changes = [Change(_with_option(failing, point.index, option), point, option) for point, option in other_options(path)]
    near = nearest_survivor(
        lambda timelines, traced: runner.run(timelines, trace="all" if traced else "none", pristine=traced), changes, path
    )
    return None if near is None else (near.timeline, near.point.index, near.point.options[near.option])


def _with_option(failing: Timeline, point: int, option: int) -> Timeline:
    """The failing run with one option forced and everything else as it was."""
    others = [override for override in failing.overrides if override.point != point]
    overrides = tuple(sorted((*others, Override(point, option)), key=lambda override: override.point))
    return replace(failing, overrides=overrides, outcome=None, digest="", points=0)


def _different(runner: LocalRunner, failing: Timeline, survivor: Timeline, common: int) -> int:
    """How many of the survivor's choices are other ones: 1 where a single option was forced."""
    if survivor.epochs == failing.epochs:
        return 1
    one, other = (run.choices for run in runner.run([failing, survivor], trace=(0,), pristine=True))
    pairs = zip([c for c in one if c.point >= common], [c for c in other if c.point >= common], strict=False)
    return sum((a.taken, a.options) != (b.taken, b.options) for a, b in pairs)


def _points(end: int, common: int, special: Sequence[int]) -> list[int]:
    """Those worth a look in a run of any length: around the special ones, from the last common point on, and before the end.

    A run that died without a word has no known length, 0: then the first ones.
    """
    if not end:
        return list(range(POINTS_MAX))
    if end <= POINTS_MAX:
        return list(range(end + 1))
    room = POINTS_MAX // 3
    wanted = {0, *range(max(0, common - BEFORE), min(end, common + room) + 1), *range(max(0, end - room), end + 1)}
    for point in special[:20]:
        wanted |= set(range(max(0, point - 8), min(end, point + 8) + 1))
    return sorted(wanted)


def _moments(seen: Sequence[dict[str, Any]], run: Run, output: bytes) -> tuple[Moment, ...]:
    known = {point.index: point for point in run.trace}
    printed = _shares(output, [int(told["printed"]) for told in seen])
    moments = []
    for told, text in zip(seen, printed, strict=True):
        index = int(told["point"])
        point = known.get(index) or Point(index, told["kind"], str(told["label"]), "", float(told["time"]))
        values = tuple(Value(str(text), str(error)) for text, error in told["values"])
        moments.append(Moment(point, text, values, dict(told["state"])))
    return tuple(moments)


def _shares(output: bytes, ends: Sequence[int]) -> list[str]:
    """What was printed from each moment to the next; the first has what came before it, the last the traceback of the end."""
    if not ends:
        return []
    cuts = [0, *ends[1:], len(output)]
    texts = [output[begin:end].decode("utf-8", "replace") for begin, end in pairwise(cuts)]
    if len(texts) > 1 and (at := texts[-2].rfind(TRACEBACK)) >= 0:
        texts[-2:] = [texts[-2][:at], texts[-2][at:] + texts[-1]]
    return texts


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    data = os.pread(descriptor, min(size, OUTPUT_BYTES_MAX), 0)
    if size <= OUTPUT_BYTES_MAX:
        return data
    end = os.pread(descriptor, OUTPUT_BYTES_MAX // 2, size - OUTPUT_BYTES_MAX // 2)
    return data[: OUTPUT_BYTES_MAX // 2] + b"\n...\n" + end


def _is_same(now: Timeline, recorded: Timeline) -> bool:
    if now.outcome is None or recorded.outcome is None:
        return False
    return now.digest == recorded.digest if now.digest and recorded.digest else now.outcome.origin == recorded.outcome.origin
