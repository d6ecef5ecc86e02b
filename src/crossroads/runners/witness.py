"""Looks at chosen points of one life in the foreground: watched expressions, the world's own state, and how much was printed by then."""

import os
import socket
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import safe_text, type_name
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.places import program_frame
from crossroads.worlds.adaptors import queues, simpy
from crossroads.worlds.holdings import Holdings
from crossroads.worlds.world import World

TEXT_CHARS_MAX: Final = 400
"""Of a watched value's repr."""


def holdings_of(view: wire.Message) -> Holdings | None:
    """Where a life is to be looked at: what remembers its queues, locks and resources, begun before the program is imported."""
    if view.get("witness") is None:
        return None
    holdings = Holdings()
    queues.watch(holdings)
    simpy.watch(holdings)
    return holdings


class Witness:
    """Tells of each chosen point as it is met.

    Args:
        channel: where it is told.
        module: the program's, in which expressions are evaluated.
        world: whose state is told.
        seen: `watch`, the expressions, and `points`, indices of the points to look at.
        holdings: what the program's tasks wait at.
    """

    def __init__(self, channel: socket.socket, module: ModuleType, world: World, seen: wire.Message, holdings: Holdings) -> None:
        self._channel, self._module, self._world, self._holdings = channel, module, world, holdings
        self._expressions = [compile(text, "<watch>", "eval") for text in seen["watch"]]
        self._points = frozenset(seen["points"])
        self._printed_fd = os.dup(1)
        self._size = 0

    def look(self, live: LiveRun) -> None:
        """At a point: tell, if it is a chosen one."""
        if live.index in self._points:
            self.tell(live)

    def tell(self, live: LiveRun) -> None:
        """Tell of the present moment; what stands there is told by the run's trace."""
        observe, live.observe = live.observe, None
        try:
            wire.send(self._channel, {"moment": self._moment(live)})
        except wire.Closed:
            # The program has closed our channel: its life goes on unseen.
            return
        live.observe = observe

    def _moment(self, live: LiveRun) -> wire.Message:
        return {
            "point": live.index,
            "kind": live.kind,
            "label": live.label,
            "time": live.time,
            "printed": self._printed(),
            "values": [self._evaluate(code) for code in self._expressions],
            "state": self._state(),
        }

    def _state(self) -> dict[str, Any]:
        """Of the world, and of what the program has made; nothing rather than trouble for objects that may be in any condition."""
        rewind = self._world.keep_time()
        found: dict[str, Any] = {}
        for part in (self._world, self._holdings):
            try:
                found |= part.state()
            except Exception:
                pass
        rewind()
        return found

    def _printed(self) -> int:
        """Bytes printed so far; stdout and stderr are one file here."""
        kernel.flush_stdio()
        try:
            self._size = os.fstat(self._printed_fd).st_size
        except OSError:
            pass
        return self._size

    def _evaluate(self, code: CodeType) -> list[str]:
        """(its repr, what it raised): where the program stands, else in each task that waits, else in the module."""
        frame = program_frame()
        if frame is not None:
            return self._value(code, frame)
        known = [(name, self._value(code, frame)) for name, frame in self._world.frames()]
        found = [f"{name}: {text}" for name, (text, error) in known if not error]
        return [_cut("; ".join(found)), ""] if found else self._value(code, None)

    def _value(self, code: CodeType, frame: FrameType | None) -> list[str]:
        names = vars(self._module)
        local = dict(frame.f_locals) if frame is not None and frame.f_globals is names else {}
        try:
            return [_cut(repr(eval(code, names, local))), ""]
        except Exception as problem:
            return ["", f"{type_name(problem)}: {safe_text(problem)}"]


def _cut(text: str) -> str:
    text = str.encode(text[: TEXT_CHARS_MAX + 1], "utf-8", "replace").decode()
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
