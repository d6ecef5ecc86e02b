"""A replay under the debugger of an editor: debugpy waits for it, and stops at a point. There is no way back in time there.

Debugpy lives in threads of this process, which therefore isn't forked. They begin before the world is installed, and keep the system's
clock, sockets and threads afterwards; what is looked at while the program stands still takes none of the world's time.
"""

import _thread
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from types import FrameType, ModuleType
from typing import Any, Final

from crossroads.snapshots import wire
from crossroads.worlds import outsiders
from crossroads.worlds.world import World

HOST, PORT = "127.0.0.1", 5678
"""Where editors look for debugpy unless they are told otherwise."""

SWITCH: Final = "debugpy"

KEPT: Final = (time, socket, _thread)
"""Modules whose functions worlds replace; debugpy goes on with copies of them."""

QUIET: Final = "PYDEVD_DISABLE_FILE_VALIDATION"
"""Debugpy would warn of breakpoints in modules that are frozen into the interpreter, where nobody sets any."""


def wait_for_editor(order: wire.Message) -> None:
    """Where the order asks for it, wait until an editor has attached."""
    if not order["view"].get(SWITCH):
        return
    debugpy: Any = _imported()
    try:
        debugpy.listen((HOST, PORT))
    except RuntimeError as problem:
        print(f"crossroads: debugpy can't listen at {HOST}:{PORT}: {problem}; end what has this port", file=sys.stderr, flush=True)
        raise SystemExit(4) from None
    print(f"Waiting for a debugger to attach at {HOST}:{PORT}.", file=sys.stderr, flush=True)
    debugpy.wait_for_client()
    _keep_system(os.path.dirname(debugpy.__file__) + os.sep)


def stand_still(world: World) -> None:
    """From now on no time of the world passes while the program is stopped: to look at an object may well read a clock."""
    stock: Callable[..., Any] = __import__("pydevd").PyDB.do_wait_suspend

    @wraps(stock)
    def do_wait_suspend(*args: Any, **options: Any) -> Any:
        rewind = world.keep_time()
        try:
            return stock(*args, **options)
        finally:
            rewind()

    __import__("pydevd").PyDB.do_wait_suspend = do_wait_suspend


def stop_in_editor(frame: FrameType | None) -> None:
    """Stop in the editor at the next line of this frame; where there is none, at the next line of the program."""
    pydevd: Any = __import__("pydevd")
    pydevd.settrace(suspend=True, trace_only_current_thread=True, patch_multiprocessing=False, stop_at_frame=frame)


def _imported() -> Any:
    is_set = QUIET in os.environ
    os.environ.setdefault(QUIET, "1")
    debugpy = __import__(SWITCH)
    # Read as soon as its inner modules are; the program shall find its environment as it is.
    __import__("debugpy.server.api")
    if not is_set:
        del os.environ[QUIET]
    return debugpy


def _keep_system(folder: str) -> None:
    """Leave the system's clock, sockets and threads to the modules below a folder, whatever is put in their place later."""
    copies = {module.__name__: _copy(module) for module in KEPT}
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", "")).startswith(folder):
            for name, value in list(vars(module).items()):
                if isinstance(value, ModuleType) and value in KEPT:
                    setattr(module, name, copies[value.__name__])
    outsiders.FOLDERS.append(folder)
    threads: Any = sys.modules["_pydevd_bundle.pydevd_daemon_thread"]
    threads.PyDBDaemonThread.start = threading.Thread.start


def _copy(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__, module.__doc__)
    vars(copy).update(vars(module))
    return copy
