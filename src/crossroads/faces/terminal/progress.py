"""One line on stderr that says how far it is, while it is a terminal; nothing in a pipe.

It is redrawn by the calls that report progress, never by a thread of its own: crossroads forks, and threads and forks don't mix.
"""

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.text import Text

from crossroads.analysis.progress import Progress
from crossroads.faces.terminal.glyphs import RULE, writable
from crossroads.faces.terminal.numbers import count, duration, grouped
from crossroads.faces.terminal.texts import clean, cut

REDRAW_S = 0.1
"""Seconds of wall time between two drawings."""

BAR_WIDTH_MIN, BAR_WIDTH_MAX = 8, 20
"""Columns of the bar; where there is less room than this it is left out."""


def progress_line(progress: Progress, width: int) -> str:
    """How far it is: "exploring ━━━━━━     412 of 1000 futures, 230/s, 2 failures found, 3 s left"."""
    parts = [f"{grouped(progress.done)} of {count(progress.total, 'future')}" if progress.total > 0 else count(progress.done, "future")]
    if progress.rate > 0:
        parts.append(f"{progress.rate:.0f}/s" if progress.rate >= 10 else f"{progress.rate:.1f}/s")
    if progress.stage == "exploring" and progress.found:
        parts.append(f"{count(progress.found, 'failure')} found")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.note:
        parts.append(clean(progress.note))
    text = ", ".join(parts)
    room = min(BAR_WIDTH_MAX, width - len(progress.stage) - len(text) - 2)
    bar = f"{_bar(progress, room)} " if room >= BAR_WIDTH_MIN else ""
    return cut(f"{progress.stage} {bar}{text}", width)


def _bar(progress: Progress, width: int) -> str:
    share = progress.done / progress.total if progress.total > 0 else 0.0
    filled = max(0, min(width, int(share * width)))
    return RULE * filled + " " * (width - filled)


class ProgressLine:
    """Shows progress on a stream while it is open; as a context manager it wipes the line at the end.

    Args:
        stream: where to draw; stderr by default. Nothing is drawn unless it is a terminal.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        self._shown = self._stream.isatty() and not self._console.is_dumb_terminal
        self._drawn_at = float("-inf")
        self._is_drawn = False

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.wipe()

    def update(self, progress: Progress) -> None:
        """Draw how far it is, unless it was drawn a moment ago."""
        now = time.monotonic()
        if not self._shown or now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        self._is_drawn = True
        text = writable(progress_line(progress, max(1, self._console.width - 1)), self._stream.encoding)
        self._stream.write("\r\x1b[2K")
        self._console.print(Text(text), end="", soft_wrap=True)
        self._stream.flush()

    def wipe(self) -> None:
        """Take the line away."""
        if self._is_drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._is_drawn = False
