"""What every engine is: lives timelines, one future at a time, each in a process of its own, and hands over runs.

Work is written as generators that yield what they wait for, so that one thread can drive several engines (`driving.drive`).
An engine owns one trunk process. Futures branch from its snapshots; which ones there are is the difference between engines:

    fork     lays snapshots along the past that timelines share, and branches from the nearest
    replay   lives every timeline from a bare interpreter: import, start, everything
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeVar

from crossroads.errors import EngineError, InternalError, TargetError
from crossroads.snapshots import kernel, wire
from crossroads.snapshots.ladder import NO_PAST, Ladder, Rung
from crossroads.snapshots.limits import FIRST_WALL_S, LOAD_WALL_S, Limits
from crossroads.snapshots.plans import BARE, NO_LIMIT, Plan, Reach, Traced, text_of, text_of_lot
from crossroads.snapshots.results import killed_its_supervisor, runs_from
from crossroads.snapshots.run import Run
from crossroads.timeline.timelines import Timeline

EngineName = Literal["fork", "replay"]

PATIENCE_S: Final = 30.0
"""Beyond its wall limit a snapshot may take so long to answer before it counts as lost."""

DYING_S: Final = 1.0
"""A lost snapshot may take so long to be gone, so that the one below finds what it has left."""

START_WALL_S: Final = 60.0
"""A new interpreter may take so long to start on a loaded machine."""

PLANS_A_MESSAGE: Final = 64
"""Plans sent at once: enough to hide the way to and fro."""

RESTARTS_MAX: Final = 1000
"""A program whose every future kills the trunk is given up after so many."""

WALL_FACTOR, WALL_S_MIN = 20.0, 5.0

DOUBT_FACTOR: Final = 4.0
"""The first future that reaches a wall limit made by us is lived again with so many times that limit: it may just be longer than others."""

_OUR_FOLDER: Final = os.path.dirname(os.path.abspath(__file__)).removesuffix(os.path.join("crossroads", "snapshots")).rstrip(os.sep)

T = TypeVar("T")


class Wait(NamedTuple):
    """What a step of an engine waits for: the channel to be readable, or the time to pass."""

    channel: socket.socket
    timeout_s: float


Steps = Generator[Wait, bool, T]
"""Work of an engine; it's sent True when the channel is readable, False when the time has passed."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How trunks are started.

    Args:
        command: argument list, to which the channel's descriptor is appended.
        order: first message to the trunk: target, world, path, folders.
        limits: for each future.
        memory_bytes_max: what all snapshots of one engine may hold together before some are given up.
    """

    command: tuple[str, ...]
    order: dict[str, Any]
    limits: Limits = field(default_factory=Limits)
    memory_bytes_max: int = 2 * 1024**3


class Engine:
    """One trunk and its snapshots. Use `run`; `close` it in the end."""

    name: EngineName

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._ladder = Ladder()
        self._trunk: subprocess.Popen[bytes] | None = None
        self._marker = f"{kernel.MARKER}={secrets.token_hex(16)}"
        self._has_lost = False
        self._suspects: set[Timeline] = set()
        self._restarts = 0
        self._jobs = 0
        self.longest_s = 0.0
        """Wall time of the longest future that ended by itself."""
        self._has_hung = self._is_in_doubt = False
        self.python = ""
        self.addresses_fixed = True

    def run(
        self,
        timelines: Sequence[Timeline],
        deliver: Callable[[int, Run], None],
        *,
        trace: Traced = "none",
        pristine: bool = False,
        until: Sequence[Reach] = (),
    ) -> Steps[None]:
        """Live timelines, and deliver each run with its index in `timelines`, in any order.

        Args:
            timelines: what they have in common is lived once where the engine can.
            deliver: called with each run as soon as it is there.
            trace: points to record in each.
            pristine: begin each from a process that has lived nothing of the program's yet but its import, and keep tracebacks.
            until: for each timeline how far it may go, a point behind that where it branches or a world time, before it is given up
                and ends with GIVEN_UP. (): none is.

        Raises:
            TargetError: the program can't be imported or called.
            EngineError: no trunk can be started, or none survives.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the trunk and everything below it."""
        for rung in self._ladder:
            if rung.parent is None:
                self._ladder.drop(rung)
        if self._trunk is not None:
            try:
                self._trunk.wait(1.0)
            except subprocess.TimeoutExpired:
                self._trunk.kill()
                self._trunk.wait()
                self._has_lost = True
            if self._trunk.stderr is not None:
                self._trunk.stderr.close()
            self._trunk = None
        if self._has_lost:
            kernel.kill_marked(self._marker)
            self._has_lost = False

    # The trunk.

    def _bare(self) -> Steps[Rung]:
        """The trunk's own snapshot, started anew if it is gone."""
        for rung in self._ladder:
            if rung.point == BARE:
                return rung
        self.close()
        if self._restarts > RESTARTS_MAX:
            text = f"the process that runs the futures was killed {self._restarts} times, and is given up; run with a smaller --futures"
            raise EngineError(text)
        self._restarts += 1
        ours, theirs = socket.socketpair()
        self._trunk = subprocess.Popen(
            [*self._launch.command, str(theirs.fileno())],
            env=trunk_environment(self._marker),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        try:
            wire.send(ours, {**self._launch.order, "memory_bytes": self._launch.limits.memory_bytes})
            greeting, _ = yield from self._answer(ours, START_WALL_S)
        except wire.Closed:
            ours.close()
            raise EngineError(f"no future can be run: {self._last_words()}") from None
        self.python, self.addresses_fixed = str(greeting["python"]), bool(greeting["addresses"])
        rung = Rung(BARE, NO_PAST, ours, int(greeting["pid"]), None)
        self._ladder.add(rung)
        return rung

    def _last_words(self) -> str:
        assert self._trunk is not None
        self._trunk.kill()
        _, said = self._trunk.communicate()
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "the interpreter that should run them ended without a word"

    def _answer(self, channel: socket.socket, timeout_s: float) -> Steps[tuple[wire.Message, list[int]]]:
        if not (yield Wait(channel, timeout_s)):
            raise wire.Closed("no answer in time")
        return wire.receive(channel)

    # Snapshots.

    def _climb(self, base: Rung, timeline: Timeline, points: Sequence[int], wall_s: float) -> Steps[wire.Message | None]:
        """Lay snapshots at `points`, in order, above `base` along the timeline; what came instead of the last one, None if it is there."""
        pairs = [socket.socketpair() for _ in points]
        message = {
            "do": "climb",
            "plan": Plan.of(timeline, base.point).to_message(),
            "points": list(points),
            "wall_s": wall_s,
        }
        try:
            wire.send(base.channel, message, tuple(theirs.fileno() for _, theirs in pairs))
            for _, theirs in pairs:
                theirs.close()
            reply, _ = yield from self._answer(base.channel, wall_s + PATIENCE_S)
            ended: wire.Message | None = reply["ended"]
            if ended is None:
                yield from self._welcome(base, timeline, points, [ours for ours, _ in pairs])
                return None
        except wire.Closed:
            self._lose(base)
            ended = {"outcome": ["crashed", "SIGKILL", "its supervisor was killed", "", None], "lost": True}
        for ours, theirs in pairs:
            ours.close()
            theirs.close()
        return ended

    def _welcome(self, base: Rung, timeline: Timeline, points: Sequence[int], channels: Sequence[socket.socket]) -> Steps[None]:
        top: Rung | None = None
        for point, channel in reversed(list(zip(points, channels, strict=True))):
            greeting, _ = yield from self._answer(channel, PATIENCE_S)
            assert greeting["at"] == point, (greeting, point)
            rung = Rung(point, timeline.past(point), channel, int(greeting["pid"]), top or base, self._jobs, float(greeting["walked_s"]))
            self._ladder.add(rung)
            top = top or rung

    def _lose(self, rung: Rung) -> None:
        """Give up a snapshot that is dead or says nothing: what was below its process may be anywhere by now."""
        self._has_lost = True
        if rung in list(self._ladder):
            self._ladder.drop(rung)
        kernel.end_marked(rung.pid, self._marker, DYING_S)

    # Futures.

    def _branch(
        self,
        rung: Rung,
        indices: Sequence[int],
        timelines: Sequence[Timeline],
        deliver: Callable[[int, Run], None],
        trace: Traced,
        explain_end: bool,
        until: Sequence[Reach] = (),
    ) -> Steps[list[int]]:
        """Live futures from a snapshot; the indices that are left undone because the snapshot was lost."""
        left = list(indices)
        while left:
            wall_s = self.wall_s
            chunk = left[: PLANS_A_MESSAGE if self.longest_s and not self._is_in_doubt else 1]
            plans = [
                text_of([Plan.of(timelines[index], rung.point, trace, explain_end, until[index] if until else NO_LIMIT)]) for index in chunk
            ]
            try:
                wire.send(rung.channel, {"do": "branch", "plans": plans, "wall_s": wall_s})
                for index in chunk:
                    run = (yield from self._ended(rung, [timelines[index]], wall_s))[0]
                    if self._note_time(run, wall_s):
                        deliver(index, run)
                        left.remove(index)
            except wire.Closed:
                self._lose(rung)
                suspect = timelines[left[0]]
                if suspect in self._suspects:
                    deliver(left.pop(0), killed_its_supervisor(suspect))
                self._suspects.add(suspect)
                return left
        return left

    def _branch_together(self, rung: Rung, timelines: Sequence[Timeline]) -> Steps[list[Run] | None]:
        """Live futures one after the other in one process, up to the first that doesn't end in order; None if the snapshot was lost."""
        wall_s = self.wall_s
        try:
            wire.send(rung.channel, {"do": "branch", "plans": [text_of_lot(timelines)], "wall_s": wall_s})
            return (yield from self._ended(rung, timelines, wall_s))
        except wire.Closed:
            self._lose(rung)
            return None

    def _ended(self, rung: Rung, timelines: Sequence[Timeline], wall_s: float) -> Steps[list[Run]]:
        """The runs of timelines that one process was to live; the last of them may be one that ended the process."""
        while True:
            message, _ = yield from self._answer(rung.channel, wall_s + PATIENCE_S)
            if message != wire.ALIVE:
                return runs_from(timelines, message, self.python)

    @property
    def wall_s(self) -> float:
        """Wall limit for the next future, seconds."""
        given = self._launch.limits.wall_s
        if given is not None:
            return given
        if not self.longest_s:
            return WALL_S_MIN if self._has_hung else FIRST_WALL_S
        usual = min(FIRST_WALL_S, max(WALL_S_MIN, WALL_FACTOR * self.longest_s))
        return min(FIRST_WALL_S, DOUBT_FACTOR * usual) if self._is_in_doubt else usual

    def _note_time(self, run: Run, wall_s: float) -> bool:
        """Learn from how long a future took; False where it is to be lived again with more time."""
        if run.timeline.digest:
            self.longest_s = max(self.longest_s, run.seconds)
            self._is_in_doubt = False
        elif run.outcome.kind == "hung" and not self._has_hung:
            self._is_in_doubt = self._launch.limits.wall_s is None and self.longest_s > 0.0
            if wall_s < self.wall_s:
                return False
            self._has_hung, self._is_in_doubt = True, False
        return True


def refusal(ended: wire.Message) -> Exception:
    """The error to raise when a program can't even be imported."""
    if "refused" in ended:
        return TargetError(str(ended["refused"][1]))
    outcome = ended.get("outcome")
    if not outcome:
        return InternalError(f"the start of the program ended with {ended!r}")
    if outcome[0] == "hung":
        text = f"importing the program took longer than {LOAD_WALL_S:.0f} s; is there an endless loop outside of its functions?"
        return TargetError(text)
    return TargetError(f"importing the program ended its process: {outcome[2]}")


def trunk_command(module: str) -> tuple[str, ...]:
    """The argument list that starts `module` in an interpreter like this one, without the working directory on its path.

    The folder that this package lies in goes with it: whoever imported us may have found it by a path of this process alone.
    """
    start = f"import sys; {_OUR_FOLDER!r} in sys.path or sys.path.append({_OUR_FOLDER!r}); from {module} import main; main()"
    return (sys.executable, "-P", "-c", start)


def trunk_environment(marker: str = "") -> dict[str, str]:
    """This process's environment, with the hash seed fixed and numeric libraries kept to one thread.

    Args:
        marker: "NAME=value", by which all processes below can be found.
    """
    name, _, value = marker.partition("=")
    return {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **({name: value} if name else {}),
    }
