"""What tasks wait at, in lives that are looked at: asyncio's queues and locks, anyio's streams in memory. How full, and who waits for what.

Asyncio is imported by the program, or not at all.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from crossroads.worlds.holdings import Holding, Holdings, Row, Waiting, items, row_of
from crossroads.worlds.imports import on_import

STREAMS: Final = ("_MemoryObjectStreamState", "MemoryObjectStreamState")


def watch(holdings: Holdings) -> None:
    """Remember the queues, locks and streams that are made from now on."""

    def watch_locks(locks: Any) -> None:
        for name in LOCKS:
            # A stream's waiters wait at events that tell nothing to a reader.
            holdings.watch(getattr(locks, name), name, without="anyio/streams/")

    def watch_streams(memory: Any) -> None:
        for name in STREAMS:
            if name in vars(memory):
                holdings.watch(vars(memory)[name], "streams")

    on_import("asyncio.queues", lambda queues: holdings.watch(queues.Queue, "queues"))
    on_import("asyncio.locks", watch_locks)
    on_import("anyio.streams.memory", watch_streams)
    holdings.tell(lambda: _state(holdings))


def _state(holdings: Holdings) -> dict[str, list[Row]]:
    who = _Waiters()
    streams = [_stream(one, who) for one in holdings.living("streams")]
    queues = [row for one in holdings.living("queues") if (row := _queue(one, who)) is not None]
    locks = [row for name, look in LOCKS.items() for one in holdings.living(name) if (row := look(one, who)) is not None]
    return {"queues": queues + streams, "locks": locks}


class _Waiters:
    """Names of the tasks that wait for futures, looked up once for each loop."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._loops: list[Any] = []

    def of(self, what: str, futures: Iterable[Any] | None) -> Waiting:
        """Who waits for the futures that aren't done."""
        return [(what, self._name(future)) for future in futures or () if not future.done()]

    def _name(self, future: Any) -> str:
        loop = future.get_loop()
        if loop not in self._loops:
            self._loops.append(loop)
            for task in sys.modules["asyncio"].all_tasks(loop):
                self._names[id(getattr(task, "_fut_waiter", None))] = task.get_name()
        return self._names.get(id(future), "somebody")


def _queue(holding: Holding, who: _Waiters) -> Row | None:
    queue = holding.thing
    waiting = who.of("get", queue._getters) + who.of("put", queue._putters) + who.of("join", queue._finished._waiters)
    if not (holding.is_own or waiting or queue.qsize()):
        return None
    return row_of(holding, items(queue.qsize(), queue.maxsize), waiting)


def _shown(holding: Holding, holds: str, waiting: Waiting, is_held: bool = False) -> Row | None:
    """One that is held or waited at; None for others, of which there may be many."""
    return row_of(holding, holds, waiting) if waiting or is_held else None


def _lock(holding: Holding, who: "_Waiters") -> Row | None:
    lock = holding.thing
    return _shown(holding, "held" if lock.locked() else "free", who.of("acquire", lock._waiters), lock.locked())


def _condition(holding: Holding, who: "_Waiters") -> Row | None:
    condition = holding.thing
    waiting = who.of("notify", condition._waiters) + who.of("acquire", getattr(condition._lock, "_waiters", ()))
    return _shown(holding, "held" if condition.locked() else "free", waiting, condition.locked())


def _semaphore(holding: Holding, who: "_Waiters") -> Row | None:
    semaphore = holding.thing
    return _shown(holding, f"{semaphore._value} left", who.of("acquire", semaphore._waiters), semaphore.locked())


def _event(holding: Holding, who: "_Waiters") -> Row | None:
    return _shown(holding, "set" if holding.thing.is_set() else "not set", who.of("wait", holding.thing._waiters))


def _barrier(holding: Holding, who: "_Waiters") -> Row | None:
    barrier = holding.thing
    return _shown(holding, f"{barrier.n_waiting} of {barrier.parties} there", who.of("pass", barrier._cond._waiters))


LOCKS: Final[dict[str, Callable[[Holding, "_Waiters"], Row | None]]] = {
    "Lock": _lock,
    "Condition": _condition,
    "Semaphore": _semaphore,
    "Event": _event,
    "Barrier": _barrier,
}


def _stream(holding: Holding, who: _Waiters) -> Row:
    state = holding.thing
    waiting: Waiting = [("receive", receiver.task_info.name) for receiver in state.waiting_receivers.values()]
    for event in state.waiting_senders:
        inner = getattr(event, "_event", event)
        waiting += who.of("send", getattr(inner, "_waiters", ()))
    closed = [f"no {end}" for end, count in (("sender", state.open_send_channels), ("receiver", state.open_receive_channels)) if not count]
    holds = ", ".join([items(len(state.buffer), state.max_buffer_size), *closed])
    return {**row_of(holding, holds, waiting), "name": "memory stream"}
