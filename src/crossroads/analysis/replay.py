"""Replay: live a recorded timeline again, from the start, in the foreground, with a look at any of its points."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crossroads.analysis.branching import FuturesFrom
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import StorePath, load_failure, load_timeline, open_store, python_tag, runner_for
from crossroads.errors import EngineError, MissingPackage, SettingError, TargetError
from crossroads.snapshots import wire
from crossroads.snapshots.endings import sudden_end
from crossroads.snapshots.engine import trunk_command, trunk_environment
from crossroads.snapshots.plans import Plan, Traced
from crossroads.snapshots.results import lived
from crossroads.timeline.timelines import Timeline


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen at one point.

    Args:
        point, kind, label, where, time: as in CurvePoint.
        value: of the expression, as JSON has it (tuples as lists); its repr where JSON doesn't; None where it raised.
        text: its repr, at most 2,000 characters.
        error: "" or what the expression raised: "IndexError: list index out of range".
    """

    point: int
    kind: str
    label: str
    where: str
    time: float
    value: Any = None
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """One more life of a recorded timeline.

    Args:
        timeline: as it was lived now; without outcome where it was stopped on the way.
        expected: as it was recorded.
        same: whether ending and digest are the recorded ones, as far as both are known.
        watched: what was seen, in order of the points.
        stopped: the point at which it was stopped, None at the end.
    """

    timeline: Timeline
    expected: Timeline
    same: bool
    watched: tuple[Watched, ...] = ()
    stopped: Watched | None = None


def replay(
    source: Failure | Timeline | str | os.PathLike[str],
    *,
    to: int | None = None,
    watch: str | None = None,
    debugger: bool = False,
    debugpy: bool = False,
    store: StorePath = None,
    on_point: Callable[[Watched], None] | None = None,
    quiet: bool = False,
) -> Replay:
    """Live a timeline again in a process of its own, its output on this terminal.

    Args:
        source: a failure, a timeline, the id of a failure in the store, or the path of an exported timeline.
        to: index of a point to stop at, 0 <= to; None goes on to the end.
        watch: an expression, evaluated at each point in the program's module, where the program stands in it with its local names;
            under the debugger, wherever it stops.
        debugger: open pdb, at `to` or where the run fails, with commands to go back and forth, and to live futures.
        debugpy: wait for an editor to attach with debugpy, at 127.0.0.1:5678; stops there at `to`.
        store: path of the store; None: the project's own.
        on_point: called with what is seen, as it is seen.
        quiet: the program's output goes to stderr, and no traceback is printed.

    Raises:
        SettingError: `to` isn't a point of the timeline, or `watch` isn't an expression.
        StoreError, TimelineError: there is no such failure, or no such timeline.
        TargetError: the program can't be imported or called.
        MissingPackage: debugpy isn't installed.
    """
    timeline = find_timeline(source, store)
    view = _view(timeline, to, watch, debugger, debugpy) | {"quiet": quiet and not debugger}
    seen: list[Watched] = []
    stopped: Watched | None = None
    result: wire.Message | None = None
    stdout = sys.stderr.fileno() if quiet and _has_descriptor() else None
    with Life(timeline, view, stdout=stdout) as life, FuturesFrom(timeline) as futures_from:
        for message in life.messages():
            if "futures" in message:
                life.tell({"answer": futures_from.live(int(message["at"]), int(message["futures"]))})
            if "refused" in message:
                raise TargetError(str(message["refused"]))
            if "watched" in message:
                seen.append(Watched(**message["watched"]))
                if on_point is not None:
                    on_point(seen[-1])
            elif "stopped" in message:
                stopped = Watched(**message["stopped"])
            elif "result" in message:
                result = message["result"]
        ended = life.end()
    if result is None and stopped is not None:
        return Replay(replace(timeline, outcome=None, digest="", points=0), timeline, True, tuple(seen), stopped)
    again = lived(replace(timeline, outcome=None, digest="", points=0), result or ended, python_tag()).timeline
    return Replay(again, timeline, _is_same(again, timeline), tuple(seen), stopped)


def _view(timeline: Timeline, to: int | None, watch: str | None, debugger: bool, debugpy: bool) -> dict[str, Any]:
    """What to look at on the way, as `runners.foreground` has it, once all of it is checked."""
    if debugpy and find_spec("debugpy") is None:
        raise MissingPackage("debugpy isn't installed, and editors attach through it; install it with: pip install debugpy")
    if debugpy and debugger:
        raise SettingError("pdb and debugpy can't both debug a run; leave one of them out")
    if to is not None and not 0 <= to <= (timeline.points or to):
        raise SettingError(f"to={to} must be a point of the timeline, from 0 to {timeline.points}")
    if watch is not None:
        _check_expression(watch)
    if debugger:
        end = timeline.points
        return {"to": end if to is None and end else to, "end": end, "watch": [] if watch is None else [watch], "pdb": True}
    return {"to": to, "watch": watch, "pdb": False, "debugpy": debugpy}


def find_timeline(source: Failure | Timeline | str | os.PathLike[str], store: StorePath = None) -> Timeline:
    """The timeline that is meant.

    Raises:
        StoreError, TimelineError: there is none.
    """
    if isinstance(source, Timeline):
        return source
    if isinstance(source, Failure):
        return source.timeline
    path = Path(source)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return load_timeline(path)
    with open_store(store) as kept:
        return load_failure(kept, str(source)).timeline


class Life:
    """The process in which a timeline is lived in the foreground.

    Args:
        timeline: what to live.
        view: what to look at on the way, as `runners.foreground` has it.
        trace: points to record in the result.
        stdout, stderr: descriptors; None: this process's own.
    """

    def __init__(
        self, timeline: Timeline, view: dict[str, Any], trace: Traced = "none", stdout: int | None = None, stderr: int | None = None
    ) -> None:
        with runner_for(timeline) as runner:
            order = runner.order()
        self._channel, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [*trunk_command("crossroads.runners.foreground"), str(theirs.fileno())],
            env=trunk_environment(),
            pass_fds=(theirs.fileno(),),
            stdout=stdout,
            stderr=stderr,
        )
        theirs.close()
        try:
            wire.send(self._channel, {**order, "view": view, "plan": Plan.of(timeline, trace=trace).to_message()})
        except wire.Closed:
            raise EngineError("no run can be lived: the interpreter that should do it didn't start; try with --debug") from None

    def __enter__(self) -> "Life":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def messages(self) -> Any:
        """What it says, until it ends."""
        while True:
            try:
                message, _ = wire.receive(self._channel)
            except wire.Closed:
                return
            yield message

    def tell(self, message: wire.Message) -> None:
        """Send it a message; one that has ended by now is left alone."""
        try:
            wire.send(self._channel, message)
        except wire.Closed:
            pass

    def limit(self, seconds: float) -> None:
        """Wait at most so long for what it says next; after that it counts as closed, and is killed at the exit."""
        self._channel.settimeout(seconds)

    def end(self) -> wire.Message:
        """How the process ended, where it left no result."""
        code = self._process.wait()
        return {"outcome": sudden_end(-code if code < 0 else code << 8)}


def _has_descriptor() -> bool:
    try:
        sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _check_expression(watch: str) -> None:
    try:
        compile(watch, "<watch>", "eval")
    except (SyntaxError, ValueError) as error:
        raise SettingError(f"watch={watch!r} isn't an expression: {error}") from None


def _is_same(lived: Timeline, expected: Timeline) -> bool:
    if expected.outcome is None or lived.outcome is None:
        return expected.outcome is lived.outcome or expected.outcome is None
    if lived.digest and expected.digest:
        return lived.digest == expected.digest
    return lived.outcome.origin == expected.outcome.origin
