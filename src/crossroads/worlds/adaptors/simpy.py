"""SimPy's events as points: each step of an Environment, before the event's callbacks run.

An environment of the program's own that overrides `step` without calling SimPy's tells of nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from crossroads.worlds.adaptors.events import OnEvent
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches


def patch(on_event: OnEvent) -> Callable[[], None]:
    """Have each event told of, from when `simpy.core` is imported.

    Args:
        on_event: called with a label ("Timeout of machine", "Request of machine", "Process machine"), the event's time in the
            simulation's units, and the generator of the process that waits for it, None where none does; while the event is still in
            the queue and the environment's clock still shows the time of the one before.

    Returns:
        A function that undoes it.
    """
    patches = Patches()

    def patch_core(core: Any) -> None:
        stock_step = core.Environment.step

        @wraps(stock_step)
        def step(self: Any) -> None:
            queue = self._queue
            if queue:
                head = queue[0]
                event = head[3]
                process = _waiting(event)
                on_event(_label(event, process), float(head[0]), None if process is None else process._generator)
            stock_step(self)

        patches.undo()
        patches.set(core.Environment, "step", step)

    cancel = on_import("simpy.core", patch_core)

    def undo() -> None:
        cancel()
        patches.undo()

    return undo


def _waiting(event: Any) -> Any:
    """The first process that goes on when the event is processed, None where there is none."""
    for callback in event.callbacks or ():
        owner = getattr(callback, "__self__", None)
        if hasattr(owner, "_generator"):
            return owner
    return None


def _label(event: Any, process: Any) -> str:
    kind = type(event).__name__
    if kind == "Process":
        return f"Process {event.name}"
    if process is None:
        return kind
    return f"{kind} {process.name}" if kind == "Initialize" else f"{kind} of {process.name}"
