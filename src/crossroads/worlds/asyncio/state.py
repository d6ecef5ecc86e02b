"""What the asyncio world holds at one moment, in short texts for a reader: tasks, messages, connections, hosts. Nothing is changed."""

import asyncio
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

from crossroads.worlds.asyncio.addresses import spell
from crossroads.worlds.asyncio.course import NEVER
from crossroads.worlds.asyncio.endpoints import GONE
from crossroads.worlds.asyncio.lives import home_of
from crossroads.worlds.asyncio.network import Network
from crossroads.worlds.asyncio.passage import Passage
from crossroads.worlds.asyncio.tasks import living_tasks
from crossroads.worlds.asyncio.waiting import awaiting_place, by_name, own_frame, preview

SHOWN_MAX: Final = 200
"""Of each kind; more than these nobody reads."""

Row = dict[str, Any]


def tasks_of(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """The tasks of a loop that aren't done: name, host, and the line where each waits."""
    tasks = sorted(living_tasks(loop), key=by_name)[:SHOWN_MAX]
    return [{"name": task.get_name(), "host": _host_of(task), "where": awaiting_place(task)} for task in tasks]


def frames_of(loop: asyncio.AbstractEventLoop) -> list[tuple[str, FrameType]]:
    """(name, innermost frame in the program's own files) of the tasks that have one."""
    tasks = sorted(living_tasks(loop), key=by_name)[:SHOWN_MAX]
    return [(task.get_name(), frame) for task in tasks if (frame := own_frame(task)) is not None]


def flights_of(flights: Sequence[Passage]) -> list[Row]:
    """What is on its way: label, text, when it was sent, and when it will arrive where that is settled; seconds of world time."""
    return [
        {
            "label": flight.label,
            "text": preview(flight),
            "sent": flight.since / 1e9,
            "due": None if flight.due == NEVER else flight.due / 1e9,
        }
        for flight in flights[:SHOWN_MAX]
    ]


def connections_of(network: Network) -> list[Row]:
    """The sockets that programs hold: where each is, what it is connected with, and whether something waits in it."""
    rows = []
    for _, descriptor in sorted(network.descriptors.items())[:SHOWN_MAX]:
        endpoint = descriptor.endpoint
        if endpoint is GONE:
            continue
        if not getattr(endpoint, "remote", None) and not getattr(endpoint, "is_listening", False):
            continue
        state = "listens" if endpoint.is_listening else "has something to read" if endpoint.is_readable() else "nothing to read"
        rows.append({"host": endpoint.host.name, "local": _spell(endpoint.local), "remote": _spell(endpoint.remote), "state": state})
    return rows


def hosts_of(network: Network) -> list[Row]:
    """The machines, and whether they live."""
    return [{"name": host.name, "state": "alive" if host.alive else "dead"} for host in list(network.hosts.values())[:SHOWN_MAX]]


def _host_of(task: "asyncio.Task[Any]") -> str:
    context = getattr(task, "get_context", None)
    life = home_of(context()) if context is not None else None
    return "" if life is None else life.name


def _spell(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return spell(str(address[0]), int(address[1]))
    return "" if not address else str(address)
