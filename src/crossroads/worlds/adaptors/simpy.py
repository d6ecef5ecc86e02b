"""SimPy's events as points: each step of an Environment, before the event's callbacks run; and its resources and processes for a reader.

An environment of the program's own that overrides `step` without calling SimPy's tells of nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from crossroads.snapshots.places import describe_place, is_own
from crossroads.worlds.adaptors.events import OnEvent
from crossroads.worlds.holdings import Holding, Holdings, Row, Waiting, amount, items, row_of
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


def watch(holdings: Holdings) -> None:
    """Remember the resources and processes that are made from now on, for a reader of their state."""
    on_import("simpy.resources.base", lambda base: holdings.watch(base.BaseResource, "resources"))
    on_import("simpy.events", lambda events: holdings.watch(events.Process, "processes"))
    holdings.tell(lambda: _state(holdings))


def _state(holdings: Holdings) -> dict[str, list[Row]]:
    processes = [one.thing for one in holdings.living("processes") if one.thing.is_alive]
    names = _names(processes)
    return {
        "resources": [_resource(one, names) for one in holdings.living("resources")],
        "processes": [_process(one, names[id(one)]) for one in processes],
    }


def _names(processes: list[Any]) -> dict[int, str]:
    """A process by its generator's name, and by its number where several of that name live."""
    by_name: dict[str, list[Any]] = {}
    for process in processes:
        by_name.setdefault(process.name, []).append(process)
    return {id(one): f"{name} {at + 1}" if len(same) > 1 else name for name, same in by_name.items() for at, one in enumerate(same)}


def _process(process: Any, name: str) -> Row:
    frame = where = None
    inner = process._generator
    while inner is not None:
        frame = getattr(inner, "gi_frame", None)
        if frame is not None and is_own(frame.f_code.co_filename):
            where = describe_place(frame.f_code, frame.f_lineno)
        inner = getattr(inner, "gi_yieldfrom", None)
    target = process.target
    return {"name": name, "where": where or "", "for": "" if target is None else type(target).__name__}


def _resource(holding: Holding, names: dict[int, str]) -> Row:
    resource = holding.thing
    if hasattr(resource, "users"):
        holds, put, get = f"{amount(resource.count, resource.capacity)} in use", "request", "release"
        users = [names.get(id(request.proc), "") for request in resource.users]
        holds += f" by {', '.join(users)}" if any(users) else ""
    elif hasattr(resource, "level"):
        holds, put, get = f"level {amount(resource.level, resource.capacity)}", "put", "get"
    else:
        holds, put, get = items(len(getattr(resource, "items", ())), resource.capacity), "put", "get"
    waiting: Waiting = [(put, names.get(id(event.proc), "the program")) for event in resource.put_queue]
    waiting += [(get, names.get(id(event.proc), "the program")) for event in resource.get_queue]
    return row_of(holding, holds, waiting)


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
