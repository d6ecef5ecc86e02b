"""A replay under the debugger of an editor: debugpy waits for it, and stops at a point. There is no way back in time there.

Debugpy lives in threads of this process, which therefore isn't forked. They begin before the world is installed, with the system's own
sockets and clocks.
"""

import sys
from types import FrameType
from typing import Any, Final

from crossroads.snapshots import wire

HOST, PORT = "127.0.0.1", 5678
"""Where editors look for debugpy unless they are told otherwise."""

SWITCH: Final = "debugpy"


def wait_for_editor(order: wire.Message) -> None:
    """Where the order asks for it, wait until an editor has attached."""
    if not order["view"].get(SWITCH):
        return
    debugpy: Any = __import__(SWITCH)
    try:
        debugpy.listen((HOST, PORT))
    except RuntimeError as problem:
        print(f"crossroads: debugpy can't listen at {HOST}:{PORT}: {problem}; end what has this port", file=sys.stderr, flush=True)
        raise SystemExit(4) from None
    print(f"Waiting for a debugger to attach at {HOST}:{PORT}.", file=sys.stderr, flush=True)
    debugpy.wait_for_client()


def stop_in_editor(frame: FrameType | None) -> None:
    """Stop in the editor at the next line of this frame; where there is none, at the next line of the program."""
    pydevd: Any = __import__("pydevd")
    pydevd.settrace(suspend=True, trace_only_current_thread=True, patch_multiprocessing=False, stop_at_frame=frame)
