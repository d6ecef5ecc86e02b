"""Where a life was when it died without a word: its last traceback, written by `faulthandler` into anonymous memory."""

import faulthandler
import fcntl
import os
import re
import resource
import signal
import sys
from typing import Any, Final

from crossroads.rings import system
from crossroads.snapshots import kernel
from crossroads.snapshots.places import is_library

TEXT_BYTES_MAX: Final = 65_536
_FRAME: Final = re.compile(r'File "(.+)", line (\d+) in (\S+)')

_kill, _pread, _ftruncate, _fstat = os.kill, os.pread, os.ftruncate, os.fstat


class Trace:
    """The last traceback of guarded lives. Where the program has its own `faulthandler` on, that stays, and there is nothing here."""

    def __init__(self) -> None:
        self._file = -1
        self._buffered: list[Any] = []

    def begin(self) -> None:
        """In a life that is to be guarded: from now on it leaves a traceback, and what it prints isn't lost with it."""
        if self._file < 0 and not faulthandler.is_enabled():
            self._file = kernel.move_up(os.memfd_create("traceback"))
            fcntl.fcntl(self._file, fcntl.F_SETFL, fcntl.fcntl(self._file, fcntl.F_GETFL) | os.O_APPEND)
            faulthandler.enable(self._file)
        for stream in (sys.stdout, sys.stderr):
            if getattr(stream, "line_buffering", True) is False:
                stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
                self._buffered.append(stream)

    def end(self) -> None:
        """In the last life: leave everything as it was found."""
        if self._file >= 0:
            faulthandler.disable()
            os.close(self._file)
            self._file = -1
        for stream in self._buffered:
            try:
                stream.reconfigure(line_buffering=False)
            except ValueError:
                pass
        self._buffered = []

    def ask(self, life: int, timeout_s: float) -> None:
        """Have a hung life write its traceback, which ends it."""
        if self._file < 0:
            return
        try:
            resource.prlimit(life, resource.RLIMIT_CORE, (0, 0))
            _kill(life, signal.SIGABRT)
        except OSError:
            return
        system.wait_for_end(life, timeout_s)

    def text(self) -> str:
        """What there is; "" for nothing."""
        if self._file < 0:
            return ""
        return _pread(self._file, TEXT_BYTES_MAX, 0).decode("utf-8", "replace")

    def clear(self) -> None:
        """Make room for the next life's."""
        if self._file >= 0:
            _ftruncate(self._file, 0)

    def place(self, text: str) -> str:
        """ "file:line in function" of the innermost frame in the program's own files, or of the innermost one at all; "" for none."""
        frames = _FRAME.findall(text)
        own = [frame for frame in frames if not is_library(frame[0])] or frames
        return f"{own[0][0]}:{own[0][1]} in {own[0][2]}" if own else ""
