"""What would run outside of the asyncio world's control is refused where the program asks for it, with a way out."""

import _thread
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn

from crossroads.errors import NotSimulated
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches

FORKS: Final = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system")


def install(patches: Patches) -> Callable[[], None]:
    """Refuse threads and processes.

    Args:
        patches: where to put what refuses them.

    Returns:
        A function that lets modules not imported yet be as they are.
    """
    patches.set(threading.Thread, "start", _refuse_thread)
    patches.set(_thread, "start_new_thread", _refusing("_thread.start_new_thread()", "use loop.run_in_executor or asyncio.to_thread"))
    patches.set(subprocess.Popen, "__init__", _refusing("subprocess.Popen", "put a fake in its place"))
    for name in FORKS:
        if hasattr(os, name):
            patches.set(os, name, _refusing(f"os.{name}()", "put a fake in its place"))

    def patch_processes(module: Any) -> None:
        patches.set(module.BaseProcess, "start", _refusing("multiprocessing.Process.start()", "use asyncio.to_thread, or call its target"))

    return on_import("multiprocessing.process", patch_processes)


def refuse_descriptor(descriptor: int) -> NoReturn:
    """Refuse to wait for a real descriptor."""
    raise NotSimulated(
        f"descriptor {descriptor} is real: pipes, files and sockets from outside aren't simulated in the asyncio world; "
        "use sockets of the socket module"
    )


def _refuse_thread(self: threading.Thread) -> NoReturn:
    raise NotSimulated(
        f"thread {self.name!r} would run outside of the asyncio world's control; use loop.run_in_executor or asyncio.to_thread, "
        "or loop.call_later in place of a threading.Timer"
    )


def _refusing(what: str, way_out: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotSimulated(f"{what} would run something outside of the asyncio world's control; {way_out}")

    return refuse
