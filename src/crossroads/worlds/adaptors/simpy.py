"""SimPy's events as points: each step of an Environment, before the event's callbacks run.

An environment of the program's own that overrides `step` without calling SimPy's tells of nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches


def patch(on_event: Callable[[str, float], None]) -> Callable[[], None]:
    """Have each event told of, from when `simpy.core` is imported.

    Args:
        on_event: called with a label ("Timeout", "Request", "Process machine") and the event's time in the simulation's units, while the
            event is still in the queue and the environment's clock still shows the time of the one before.

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
                on_event(_label(head[3]), float(head[0]))
            stock_step(self)

        patches.undo()
        patches.set(core.Environment, "step", step)

    cancel = on_import("simpy.core", patch_core)

    def undo() -> None:
        cancel()
        patches.undo()

    return undo


def _label(event: Any) -> str:
    kind = type(event).__name__
    if kind == "Process":
        return f"Process {event.name}"
    if kind == "Initialize":
        return f"Initialize {event.callbacks[0].__self__.name}"
    return kind
