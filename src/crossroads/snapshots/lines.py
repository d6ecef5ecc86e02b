"""Which source lines a life executes: each once, in the program's own files, at next to no cost after the first time.

CPython 3.12 and later switch a line's event off once it was heard (PEP 669). Before, every line of the program's own is traced, which
slows it down several times over.
"""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final

LINES_MAX: Final = 5_000
"""Lines noted for one life; programs whose own files have more than that executed are told apart by the first of them."""

TOOL_ID: Final = 4
"""Of the six that sys.monitoring has, one that neither debuggers, coverage, profilers nor optimisers use."""

IS_FAST: Final = sys.version_info >= (3, 12)

Tracer = Callable[[FrameType, str, Any], Any]


class LineRecorder:
    """Notes lines from `start` to `stop`.

    Args:
        is_own: whether a file belongs to the program.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own
        self._own: dict[str, bool] = {}
        self._lines: dict[tuple[str, int], None] = {}
        self._is_on = False

    def start(self) -> None:
        """Begin; nothing is noted where the program or its debugger has the tool already."""
        if not IS_FAST:
            self._trace_frames()
            return
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
        if monitoring.get_tool(TOOL_ID) is not None:
            return
        monitoring.use_tool_id(TOOL_ID, "crossroads")
        monitoring.register_callback(TOOL_ID, monitoring.events.LINE, self._on_line)
        monitoring.set_events(TOOL_ID, monitoring.events.LINE)
        monitoring.restart_events()
        self._is_on = True

    def restart(self) -> None:
        """Forget what was noted, and note from here on."""
        self._lines.clear()
        if self._is_on:
            sys.monitoring.restart_events()  # type: ignore[attr-defined, unused-ignore]

    def stop(self) -> list[tuple[str, int]]:
        """End; the lines, sorted."""
        if not IS_FAST:
            sys.settrace(None)
        elif self._is_on:
            monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
            monitoring.set_events(TOOL_ID, 0)
            monitoring.free_tool_id(TOOL_ID)
            self._is_on = False
        return sorted(self._lines)

    def _on_line(self, code: CodeType, line: int) -> object:
        self._note(code.co_filename, line)
        return sys.monitoring.DISABLE  # type: ignore[attr-defined, unused-ignore]

    def _trace_frames(self) -> None:
        """Trace new frames and those that are under way; suspended ones count as new when they go on."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if self._belongs(frame.f_code.co_filename):
                frame.f_trace = self._on_frame_line
            frame = frame.f_back
        sys.settrace(self._on_call)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Tracer | None:
        return self._on_frame_line if self._belongs(frame.f_code.co_filename) else None

    def _on_frame_line(self, frame: FrameType, event: str, argument: Any) -> Tracer:
        if event == "line":
            self._note(frame.f_code.co_filename, frame.f_lineno)
        return self._on_frame_line

    def _belongs(self, filename: str) -> bool:
        known = self._own.get(filename)
        if known is None:
            known = self._own[filename] = self._is_own(filename)
        return known

    def _note(self, filename: str, line: int) -> None:
        if self._belongs(filename) and len(self._lines) < LINES_MAX:
            self._lines[filename, line] = None
