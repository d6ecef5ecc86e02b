"""The process in which programs live: `python -m crossroads.runners.trunk CHANNEL`, started by engines, never by hand.

It installs a world, becomes a bare snapshot, and in its children imports the program and calls it. Hash seed and addresses are fixed
first, the latter by starting the interpreter once more.
"""

import gc
import os
import socket
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from crossroads.errors import TargetError
from crossroads.program import current
from crossroads.runners.programs import Program, load_program
from crossroads.snapshots import kernel, wire
from crossroads.snapshots.lasting import make_lasting
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.places import program_folders
from crossroads.snapshots.plans import LOADED, Plan
from crossroads.snapshots.server import Server
from crossroads.timeline.formats import world_from_data
from crossroads.timeline.outcomes import PASSED, Outcome
from crossroads.timeline.timelines import WorldSettings
from crossroads.worlds.targets import Target
from crossroads.worlds.temporaries import Temporaries
from crossroads.worlds.world import World, make_world

REHEARSALS: Final = 10
"""After so many lives the code of an asyncio program's start and end is as it stays."""

_RESTARTED = "CROSSROADS_RESTARTED"
_exit, _collect, _stats = os._exit, gc.collect, gc.get_stats


def main() -> NoReturn:
    """Be the trunk of the engine at the other end of the channel."""
    channel, order, world, addresses_fixed = enter()
    rehearse(world_from_data(order["world"]))
    server = Server(channel, order["memory_bytes"])
    server.serve(None, {"python": sys.version.split()[0], "addresses": addresses_fixed})
    live_one(server, world, Target(**order["target"]), order["world"])


def enter(before_world: Callable[[wire.Message], None] | None = None) -> tuple[socket.socket, wire.Message, World, bool]:
    """Make this interpreter one in which a program can live: the channel, the first message on it, the world, installed.

    Args:
        before_world: called with the message while sockets, clocks and threads are still the system's.
    """
    kernel.die_with_parent()
    addresses_fixed = _fix_addresses()
    channel = socket.socket(fileno=int(sys.argv[1]))
    try:
        order, _ = wire.receive(channel)
    except wire.Closed:
        os._exit(0)
    for name in (_RESTARTED, kernel.MARKER):
        os.environ.pop(name, None)
    sys.dont_write_bytecode = True
    known = set(sys.path)
    sys.path.extend(folder for folder in order["path"] if folder not in known)
    program_folders[:] = order["folders"]
    if before_world is not None:
        before_world(order)
    world = make_world(world_from_data(order["world"]))
    world.install()
    gc.disable()
    make_lasting()
    return channel, order, world, addresses_fixed


def rehearse(settings: WorldSettings) -> None:
    """Live a small program some times, in a world of its own: CPython writes into code as it runs for the first times, and each page of it
    that is written here needn't be copied for every future."""
    world = make_world(settings)
    rewind = world.keep()
    for seed in range(REHEARSALS):
        live = LiveRun(world, sys.maxsize, lambda _, outcome: _exit(1))
        live.follow(Plan({0: (seed, "")}, is_brief=True))
        world.attach(live)
        world.rehearse()
        live.finish_briefly(PASSED, 0.0)
        rewind()
    _collect(0)


def live_one(server: Server, world: World, target: Target, settings: wire.Message) -> NoReturn:
    """Load the program and call it: the rest of every process but the bare one."""

    def go(program: Program) -> NoReturn:
        if target.is_test:
            world.settle()
        temporaries.forget()
        _collect()
        pause(server, program, LOADED, None, temporaries)
        rewind = world.keep() if server.has_more else None
        leavings = Leavings()
        while True:
            live_once(server, world, program, settings["step_limit"], temporaries)
            assert rewind is not None
            rewind()
            # Only now nothing holds what that life has left, and it goes before it is found in the next one.
            if leavings.collect():
                # Finalizers ran, in time that passes only for them.
                rewind()

    temporaries = Temporaries()
    temporaries.install()
    sys.argv = [target.place]
    world.woke()
    try:
        load_program(target, settings["name"], go)
    except TargetError as error:
        server.refuse("target", str(error))
    finally:
        # Forked from a process that has ends of its own to see to: no exit handler may run here, whatever happened above.
        _exit(1)


class Leavings:
    """The cyclic garbage of lives one after the other; the present one begins now."""

    def __init__(self) -> None:
        self._collections = _collections()

    def collect(self) -> int:
        """Collect the garbage of the life that is over, and count it; what is left of each collection in that life has grown older."""
        before, now = self._collections, _collections()
        oldest = 2 if now[1:] != before[1:] else 1 if now[0] != before[0] else 0
        now[oldest] += 1
        self._collections = now
        return _collect(oldest)


def _collections() -> list[int]:
    """How often each generation was collected."""
    return [generation["collections"] for generation in _stats()]


def live_once(server: Server, world: World, program: Program, step_limit: int, temporaries: Temporaries) -> None:
    """One life of the program; returns where this process is to live another one."""

    def end(live: LiveRun, outcome: Outcome) -> NoReturn:
        program.clear()
        server.report(live, program.read_end(outcome))

    live = LiveRun(world, step_limit, end)
    live.pauses = server.pauses
    live.follow(server.plan)
    live.pause = lambda run: pause(server, program, run.index, run, temporaries)
    world.attach(live)
    current.run = live

    def life() -> None:
        world.run(program.function)
        if kernel.has_threads() and server.is_own_process:
            kernel.wait_for_threads()

    try:
        outcome = program.outcome(life, lambda: server.plan.explain_end)
        current.run = None
        server.go_on(live, outcome)
    except TargetError as error:
        server.refuse("target", str(error))


def pause(server: Server, program: Program, point: int, live: LiveRun | None, temporaries: Temporaries) -> None:
    """Be at a pause, with the program's temporary files; what comes back may be another process."""
    if program.folder is None and point in server.pauses and temporaries.are_there:
        temporaries.remove()
        server.decline(point, "temporary files")
    if program.folder is None or point not in server.pauses:
        server.pause(point, live)
        return
    trouble = program.folder.leave()
    if trouble:
        server.decline(point, trouble)
    server.pause(point, live)
    program.folder.enter()


def _fix_addresses() -> bool:
    fixed = kernel.fix_addresses()
    if fixed is False and _RESTARTED not in os.environ:
        os.environ[_RESTARTED] = "1"
        os.execv(sys.executable, sys.orig_argv)
    return fixed is True


if __name__ == "__main__":
    main()
