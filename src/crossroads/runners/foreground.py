"""One life in the foreground, on the user's terminal: `python -m crossroads.runners.foreground CHANNEL`, started by `replay`.

No limits; at points it evaluates an expression, or stops. What it sees goes to the channel. Under the debugger alone it forks: a keeper
stays below it, and snapshots are laid, so that the user can go back.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, NoReturn

from crossroads.errors import TargetError
from crossroads.program import current
from crossroads.runners.debugger import Debugger, frame_at
from crossroads.runners.keeper import Keeper
from crossroads.runners.programs import Program, load_program
from crossroads.runners.remote import SWITCH, stand_still, stop_in_editor, wait_for_editor
from crossroads.runners.traveller import Traveller
from crossroads.runners.trunk import enter
from crossroads.runners.witness import Witness, holdings_of
from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import safe_text, type_name
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.places import program_frame
from crossroads.snapshots.plans import Plan
from crossroads.timeline.outcomes import Outcome
from crossroads.worlds.holdings import Holdings
from crossroads.worlds.targets import Target
from crossroads.worlds.world import World

TEXT_CHARS_MAX: Final = 2_000
"""Of a watched value's repr."""

VALUE_CHARS_MAX: Final = 100_000
"""A value with a longer JSON form is given by its repr."""

_dumps = json.dumps


class Viewer:
    """Looks at points on the way.

    Args:
        channel: where what it sees goes.
        program: expressions are evaluated in its module.
        watch: compiled expression, None for none.
        to: index of the point at which to stop, None for the end.
        world: where to stop in an editor rather than for good, the program's.
    """

    def __init__(
        self, channel: socket.socket, program: Program, watch: CodeType | None, to: int | None, world: World | None = None
    ) -> None:
        self._channel, self._program, self._watch, self._to, self._world = channel, program, watch, to, world
        self._module = program.module

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
        if self._world is not None:
            stop_in_editor(frame_at(live, self._world))
            return
        wire.send(self._channel, {"stopped": _describe(live)})
        sys.stdout.flush()
        self._program.clear()
        os._exit(0)


def main() -> NoReturn:
    """Live one timeline and say what was seen."""
    channel, order, world, _ = enter(wait_for_editor)
    target, view = Target(**order["target"]), order["view"]
    traveller = None
    if view["pdb"]:
        traveller = Traveller(*Keeper(channel).keep({"to": view["to"], "watch": view["watch"], "breaks": []}), world.woke)
        channel = traveller.channel
        world.woke()
    if view.get(SWITCH):
        stand_still(world)
    holdings = holdings_of(view)

    def go(program: Program) -> NoReturn:
        if target.is_test:
            world.settle()
        if traveller is not None:
            _live_debugged(traveller, order, world, program)
        _live_watched(channel, order, world, program, holdings)

    sys.argv = [target.place]
    try:
        load_program(target, order["world"]["name"], go)
    except TargetError as error:
        _leave(channel, {"refused": str(error)})


def _live_watched(channel: socket.socket, order: wire.Message, world: World, program: Program, holdings: Holdings | None) -> NoReturn:
    view = order["view"]

    def end(outcome: Outcome) -> NoReturn:
        program.clear()
        result = live.finish(outcome)
        live.index = result["points"]
        live.kind, live.label = "end", outcome.exception or outcome.kind
        if view["watch"] is not None:
            viewer.show(live)
        if witness is not None:
            witness.tell(live)
        _leave(channel, {"result": result})

    live = LiveRun(world, order["world"]["step_limit"], lambda _, outcome: end(program.read_end(outcome)))
    viewer = Viewer(channel, program, _compiled(channel, view["watch"]), view["to"], world if view.get(SWITCH) else None)
    witness = None if holdings is None else Witness(channel, program.module, world, view["witness"], holdings)
    live.follow(Plan.from_message(order["plan"]))
    if view["watch"] is not None or view["to"] is not None:
        live.observe = viewer.look
    elif witness is not None:
        live.observe = witness.look
    world.attach(live)
    current.run = live
    end(_outcome(channel, program, lambda: world.run(program.function), lambda: not view["quiet"]))


def _live_debugged(traveller: Traveller, order: wire.Message, world: World, program: Program) -> NoReturn:
    def finish(outcome: Outcome) -> NoReturn:
        program.clear()
        traveller.speak()
        _leave(traveller.channel, {"result": live.finish(outcome)})

    def end(live: LiveRun, outcome: Outcome) -> NoReturn:
        """The world ends this life, wherever it is."""
        outcome = program.read_end(outcome)
        if outcome.is_failure:
            live.pauses = ()
            debugger.land_at_end(f"{outcome.exception or outcome.kind}: {outcome.message}", None)
        finish(outcome)

    def life() -> None:
        try:
            world.run(program.function)
        except (Exception, SystemExit) as error:
            if not (isinstance(error, SystemExit) and error.code in (None, 0)):
                live.pauses = ()
                debugger.land_at_end(f"{type_name(error)}: {safe_text(error)}", error.__traceback__)
            raise

    live = LiveRun(world, order["world"]["step_limit"], end)
    debugger = Debugger(traveller, live, world, program.module, order["view"]["end"])
    traveller.stop = debugger.land
    live.follow(Plan.from_message(order["plan"]))
    traveller.set_out(live)
    world.attach(live)
    current.run = live
    finish(_outcome(traveller.channel, program, life, lambda: True))


def _outcome(channel: socket.socket, program: Program, life: Callable[[], None], explain_end: Callable[[], bool]) -> Outcome:
    def whole_life() -> None:
        life()
        kernel.wait_for_threads()

    try:
        return program.outcome(whole_life, explain_end)
    except TargetError as error:
        _leave(channel, {"refused": str(error)})


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
    kernel.flush_stdio()
    try:
        wire.send(channel, message)
    except wire.Closed:
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
