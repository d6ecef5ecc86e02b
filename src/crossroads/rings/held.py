"""What lives print while there is a mark that can be gone back to: held back in files without names until it is certain.

Text that a discarded life has printed is cut off the files' ends again, or kept there dimmed; what is before the oldest mark is certain and
goes out. All processes of a ring share the files; one of them writes at a time.
"""

import os
import select
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fcntl import F_GETFL, F_SETFL, fcntl
from typing import Final, Literal

from crossroads.rings.board import STREAMS_MAX, Board
from crossroads.snapshots import kernel

Output = Literal["auto", "held", "live"]

TAIL_LINES, TAIL_BYTES = 20, 8_192
"""So much of a life's last output goes into the memory of its death."""

CHUNK_BYTES: Final = 65_536
DIM, PLAIN = b"\x1b[2m", b"\x1b[0m"

# Taken before any program under test could replace them.
_fstat, _dup2, _close, _write, _pread, _ftruncate = os.fstat, os.dup2, os.close, os.write, os.pread, os.ftruncate


@dataclass(frozen=True, slots=True)
class _Stream:
    """A file of held text, where it goes in the end, and the descriptors that write to it meanwhile."""

    file: int
    goal: int
    numbers: tuple[int, ...]
    index: int


class Held:
    """The held output of a ring.

    Args:
        board: has how much was shown already.
        output: "held" holds stdout and stderr back; "live" shows them as they come, and "auto" those of them that are terminals.
        show_lives: keep what discarded lives have printed, dimmed.
    """

    def __init__(self, board: Board, output: Output, show_lives: bool) -> None:
        self._board, self._show_lives = board, show_lives
        self._streams: list[_Stream] = []
        self._holds = False
        found: dict[tuple[int, int], list[int]] = {}
        for number in (1, 2) if output != "live" else ():
            try:
                if output == "held" or not os.isatty(number):
                    found.setdefault(_identity(number), []).append(number)
            except OSError:
                pass
        assert len(found) <= STREAMS_MAX
        for index, numbers in enumerate(found.values()):
            self._streams.append(_Stream(_nameless_file(), kernel.move_up(os.dup(numbers[0])), tuple(numbers), index))

    def begin(self) -> None:
        """In a life that sets its first mark: from now on, hold back."""
        if self._holds:
            return
        self._holds = True
        kernel.flush_stdio()
        self.take()

    def take(self) -> None:
        """If anything is held back now, hold those streams back that lead to where they led at first."""
        if not self._holds:
            return
        for stream in self._streams:
            goal = _identity(stream.goal)
            for number in stream.numbers:
                if _is(number, goal):
                    _dup2(stream.file, number)

    def holds_back(self, number: int) -> bool:
        """Whether stdout (1) or stderr (2) is held back while there are marks."""
        return any(number in stream.numbers for stream in self._streams)

    def goal(self, number: int) -> int:
        """A descriptor that leads where stdout (1) or stderr (2) leads in the end."""
        return next((stream.goal for stream in self._streams if number in stream.numbers), number)

    def end(self) -> None:
        """In the last life: everything is certain; print it, and hold nothing back any more."""
        kernel.flush_stdio()
        self.show()
        self._holds = False
        for stream in self._streams:
            file = _identity(stream.file)
            for number in stream.numbers:
                if _is(number, file):
                    _dup2(stream.goal, number)

    def sizes(self) -> tuple[int, ...]:
        """How much text there is now, by stream."""
        return tuple(_fstat(stream.file).st_size for stream in self._streams)

    def show(self, sizes: Sequence[int] | None = None) -> None:
        """Print what is certain: the text up to these sizes, or all of it."""
        for stream, size in zip(self._streams, self.sizes() if sizes is None else sizes, strict=True):
            name = f"shown_{stream.index}"
            shown = getattr(self._board, name)
            while shown < size:
                try:
                    shown += _write(stream.goal, _pread(stream.file, min(CHUNK_BYTES, size - shown), shown))
                except BlockingIOError:
                    select.select([], [stream.goal], [])
                except OSError:
                    # Nobody reads any more; the program finds out at its own next write.
                    shown = size
                self._board.note(name, shown)

    def discard(self, sizes: Sequence[int]) -> None:
        """Cut off what was printed beyond these sizes; or keep it, dimmed."""
        for stream, size in zip(self._streams, sizes, strict=True):
            text = _text(stream.file, size) if self._show_lives else b""
            _ftruncate(stream.file, size)
            if text:
                _write_all(stream.file, dimmed(text))

    def tail(self, sizes: Sequence[int]) -> str:
        """The last lines of what was printed beyond these sizes."""
        texts = [_text(stream.file, size, TAIL_BYTES) for stream, size in zip(self._streams, sizes, strict=True)]
        return "".join(_last_lines(text.decode("utf-8", "replace")) for text in texts)


def dimmed(text: bytes) -> bytes:
    """The text as it is shown when it is that of a discarded life: each line dimmed, once, the last one ended."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return b"".join((line if line.startswith(DIM) else DIM + line + PLAIN) + b"\n" for line in lines)


def _last_lines(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[-TAIL_LINES:])


def _text(file: int, begin: int, bytes_max: int = sys.maxsize) -> bytes:
    size = _fstat(file).st_size
    begin, parts = max(begin, size - bytes_max), []
    while begin < size and (part := _pread(file, min(CHUNK_BYTES, size - begin), begin)):
        parts.append(part)
        begin += len(part)
    return b"".join(parts)


def _write_all(file: int, text: bytes) -> None:
    while text:
        text = text[_write(file, text) :]


def _nameless_file() -> int:
    """A file that is gone when its last descriptor is; writes go to its end, wherever the end is by then."""
    with tempfile.TemporaryFile(buffering=0) as file:
        descriptor = kernel.move_up(os.dup(file.fileno()))
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | os.O_APPEND)
    return descriptor


def _identity(descriptor: int) -> tuple[int, int]:
    found = _fstat(descriptor)
    return found.st_dev, found.st_ino


def _is(descriptor: int, identity: tuple[int, int]) -> bool:
    try:
        return _identity(descriptor) == identity
    except OSError:
        return False
