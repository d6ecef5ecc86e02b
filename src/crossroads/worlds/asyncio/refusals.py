"""What would run outside of the asyncio world's control is refused where the program asks for it, with a way out."""

import _thread
import os
import subprocess
import threading
from collections.abc import Callable
from functools import wraps
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
    lookups: list[str] = []

    def refuse(owner: Any, name: str, what: str, way_out: str) -> None:
        stock = getattr(owner, name)

        def refusing(*args: Any, **kwargs: Any) -> Any:
            if lookups:
                return stock(*args, **kwargs)
            raise NotSimulated(f"{what} would run something outside of the asyncio world's control; {way_out}")

        patches.set(owner, name, refusing)

    patches.set(threading.Thread, "start", _refuse_thread)
    refuse(_thread, "start_new_thread", "_thread.start_new_thread()", "use loop.run_in_executor or asyncio.to_thread")
    refuse(subprocess.Popen, "__init__", "subprocess.Popen", "put a fake in its place")
    for name in FORKS:
        if hasattr(os, name):
            refuse(os, name, f"os.{name}()", "put a fake in its place")

    def patch_processes(module: Any) -> None:
        refuse(module.BaseProcess, "start", "multiprocessing.Process.start()", "use asyncio.to_thread, or call its target")

    def patch_lookup(module: Any) -> None:
        patches.set(module, "find_library", _looking_up(module.find_library, lookups))

    cancels = [on_import("multiprocessing.process", patch_processes), on_import("ctypes.util", patch_lookup)]

    def cancel() -> None:
        for one in cancels:
            one()

    return cancel


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


def _looking_up(stock: Callable[[str], str | None], lookups: list[str]) -> Callable[[str], str | None]:
    """`find_library`, which asks ldconfig, gcc and ld for a name: the same in every run, and libraries do so as they are imported."""

    @wraps(stock)
    def find_library(name: str) -> str | None:
        lookups.append(name)
        try:
            return stock(name)
        finally:
            lookups.pop()

    return find_library
