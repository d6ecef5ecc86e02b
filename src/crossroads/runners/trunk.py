"""The process in which programs live: `python -m crossroads.runners.trunk CHANNEL`, started by engines, never by hand.

It installs a world, becomes a bare snapshot, and in its children imports the program and calls it. Hash seed and addresses are fixed
first, the latter by starting the interpreter once more.
"""

import gc
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from crossroads.errors import TargetError
from crossroads.program import current
from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import outcome_of, safe_text, type_name
from crossroads.snapshots.lasting import make_lasting
from crossroads.snapshots.live import LiveRun, program_folders
from crossroads.snapshots.plans import LOADED
from crossroads.snapshots.server import Server, wait_for_threads
from crossroads.timeline.formats import world_from_data
from crossroads.worlds.targets import Target, load_target
from crossroads.worlds.world import World, make_world

_RESTARTED = "CROSSROADS_RESTARTED"
_exit, _collect = os._exit, gc.collect


def main() -> NoReturn:
    """Be the trunk of the engine at the other end of the channel."""
    channel, order, world, addresses_fixed = enter()
    server = Server(channel, order["memory_bytes"])
    server.serve(None, {"python": sys.version.split()[0], "addresses": addresses_fixed})
    live_one(server, world, Target(**order["target"]), order["world"]["step_limit"])


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


def live_one(server: Server, world: World, target: Target, step_limit: int) -> NoReturn:
    """Import the program and call it: the rest of every process but the bare one."""
    sys.argv = [target.place]
    world.woke()
    try:
        _, function = load_target(target)
    except TargetError as error:
        server.refuse("target", str(error))
    except BaseException as error:
        server.refuse("import", import_problem(target, error))
    server.pause(LOADED, None)
    try:
        rewind = world.keep() if server.has_more else None
        while True:
            live_once(server, world, function, step_limit)
            assert rewind is not None
            rewind()
            # Only now nothing holds what that life has left, and it goes before it is old enough to be looked for in vain.
            _collect(0)
    finally:
        # Forked from a process that has ends of its own to see to: no exit handler may run here, whatever happened above.
        _exit(1)


def live_once(server: Server, world: World, function: Callable[[], Any], step_limit: int) -> None:
    """One life of the program; returns where this process is to live another one."""
    live = LiveRun(world, step_limit, lambda outcome: server.report(live, outcome))
    live.pauses = server.pauses
    live.follow(server.plan)
    live.pause = lambda run: server.pause(run.index, run)
    world.attach(live)
    current.run = live

    def life() -> None:
        world.run(function)
        if server.is_own_process:
            wait_for_threads()

    try:
        outcome = outcome_of(life, lambda: server.plan.explain_end)
        current.run = None
        server.go_on(live, outcome)
    except TargetError as error:
        server.refuse("target", str(error))


def import_problem(target: Target, error: BaseException) -> str:
    """Why the program's module can't be imported, in one sentence."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or target.place}, line {error.lineno}: {error.msg}; the program can't be imported"
    if isinstance(error, SystemExit):
        return f"{target.place} calls sys.exit() while it is imported; guard it with if __name__ == '__main__'"
    return f"{target.place} can't be imported: {type_name(error)}: {safe_text(error)}"


def _fix_addresses() -> bool:
    fixed = kernel.fix_addresses()
    if fixed is False and _RESTARTED not in os.environ:
        os.environ[_RESTARTED] = "1"
        os.execv(sys.executable, sys.orig_argv)
    return fixed is True


if __name__ == "__main__":
    main()
