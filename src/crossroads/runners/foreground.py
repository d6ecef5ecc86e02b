"""One life in the foreground, on the user's terminal: `python -m crossroads.runners.foreground CHANNEL`, started by `replay`.

No fork, no limits; at points it evaluates an expression, stops, or opens the debugger. What it sees goes to the channel.
"""

import bdb
import json
import os
import pdb
import socket
import sys
from types import CodeType, ModuleType
from typing import Any, Final, NoReturn

from crossroads.errors import TargetError
from crossroads.program import current
from crossroads.runners.trunk import enter, import_problem
from crossroads.runners.witness import Witness
from crossroads.snapshots import wire
from crossroads.snapshots.endings import outcome_of, safe_text, type_name
from crossroads.snapshots.live import LiveRun, program_frame
from crossroads.snapshots.plans import Plan
from crossroads.snapshots.server import wait_for_threads
from crossroads.timeline.outcomes import Outcome
from crossroads.worlds.targets import Target, load_target

TEXT_CHARS_MAX: Final = 2_000
"""Of a watched value's repr."""

VALUE_CHARS_MAX: Final = 100_000
"""A value with a longer JSON form is given by its repr."""

_dumps = json.dumps


class Viewer:
    """Looks at points on the way.

    Args:
        channel: where what it sees goes.
        module: the program's; expressions are evaluated in it.
        watch: compiled expression, None for none.
        to: index of the point at which to stop, None for the end.
        debugger: whether to open the debugger there.
    """

    def __init__(self, channel: socket.socket, module: ModuleType, watch: CodeType | None, to: int | None, debugger: bool) -> None:
        self._channel, self._module, self._watch, self._to, self._debugger = channel, module, watch, to, debugger

    def look(self, live: LiveRun) -> None:
        """At a point: evaluate, and stop where it is asked for."""
        if self._watch is not None:
            self.show(live)
        if self._to is not None and live.index >= self._to:
            self._stop(live)

    def show(self, live: LiveRun) -> None:
        """Evaluate the expression, and send its value."""
        observe, live.observe = live.observe, None
        value: Any = None
        text = error = ""
        try:
            found = eval(self._watch, vars(self._module), self._locals())  # type: ignore[arg-type]
            value, text = _portable(found)
        except Exception as problem:
            error = f"{type_name(problem)}: {safe_text(problem)}"
        live.observe = observe
        wire.send(self._channel, {"watched": {**_describe(live), "value": value, "text": text, "error": error}})

    def _locals(self) -> dict[str, Any]:
        frame = program_frame()
        return dict(frame.f_locals) if frame is not None and frame.f_globals is vars(self._module) else {}

    def _stop(self, live: LiveRun) -> None:
        live.observe = None
        wire.send(self._channel, {"stopped": _describe(live)})
        frame = program_frame()
        if self._debugger and frame is not None:
            pdb.Pdb(nosigint=True, skip=["crossroads.*"]).set_trace(frame)
            return
        sys.stdout.flush()
        os._exit(0)


def main() -> NoReturn:
    """Live one timeline and say what was seen."""
    channel, order, world, _ = enter()
    target, view = Target(**order["target"]), order["view"]
    sys.argv = [target.place]
    try:
        module, function = load_target(target)
    except BaseException as error:
        _leave(channel, {"refused": str(error) if isinstance(error, TargetError) else import_problem(target, error)})

    def end(outcome: Outcome) -> NoReturn:
        result = live.finish(outcome)
        live.index = result["points"]
        live.kind, live.label = "end", outcome.exception or outcome.kind
        if view["watch"] is not None:
            viewer.show(live)
        if witness is not None:
            witness.tell(live)
        _leave(channel, {"result": result})

    live = LiveRun(world, order["world"]["step_limit"], end)
    viewer = Viewer(channel, module, _compiled(channel, view["watch"]), view["to"], view["pdb"])
    seen = view.get("witness")
    witness = None if seen is None else Witness(channel, module, world, seen["watch"], seen["points"])
    live.follow(Plan.from_message(order["plan"]))
    if view["watch"] is not None or view["to"] is not None:
        live.observe = viewer.look
    elif witness is not None:
        live.observe = witness.look
    world.attach(live)
    current.run = live

    def life() -> None:
        try:
            world.run(function)
        except bdb.BdbQuit:
            _leave(channel, {"stopped": _describe(live)})
        except Exception as error:
            if view["pdb"]:
                live.observe = None
                print(f"{type_name(error)}: {safe_text(error)}")
                pdb.post_mortem(error.__traceback__)
            raise
        wait_for_threads()

    try:
        outcome = outcome_of(life, lambda: not view["quiet"])
    except TargetError as error:
        _leave(channel, {"refused": str(error)})
    end(outcome)


def _describe(live: LiveRun) -> dict[str, Any]:
    return {"point": live.index, "kind": live.kind, "label": live.label, "where": live.place, "time": live.time}


def _compiled(channel: socket.socket, expression: str | None) -> CodeType | None:
    if expression is None:
        return None
    try:
        return compile(expression, "<watch>", "eval")
    except (SyntaxError, ValueError) as error:
        _leave(channel, {"refused": f"watch={expression!r} isn't an expression: {error}"})


def _portable(found: Any) -> tuple[Any, str]:
    """(as JSON has it, or its repr; its repr)."""
    text = repr(found)
    text = text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 3] + "..."
    try:
        encoded = _dumps(found, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        item = getattr(found, "item", None)
        if callable(item) and getattr(found, "ndim", None) == 0:
            return item(), text
        return text, text
    return (json.loads(encoded) if len(encoded) <= VALUE_CHARS_MAX else text), text


def _leave(channel: socket.socket, message: wire.Message) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    try:
        wire.send(channel, message)
    except wire.Closed:
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
