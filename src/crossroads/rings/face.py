"""The face of a ring: the process that was started, which stands for the program until its last life has ended."""

import os
import signal
from collections.abc import Callable
from typing import Final, NoReturn

from crossroads.rings import lines, system
from crossroads.rings.board import Board
from crossroads.rings.held import Held
from crossroads.rings.lines import Letter, Line
from crossroads.rings.supervision import LAST_WORD_S, NOBODY, OUR_FAULT, Below
from crossroads.rings.untold import Untold
from crossroads.snapshots import kernel

PATIENCE_S: Final = 0.005
"""How long signals are left waiting before the next life is looked for again."""

# Taken before any program under test could replace them.
_exit, _close, _kill, _waitpid = os._exit, os.close, os.kill, os.waitpid


class Face:
    """The process that was started, from the moment at which the first life was forked from it.

    Args:
        board, held: of the ring.
        release: called when all lives have ended.
        chronicle: is told of the end.
    """

    def __init__(self, board: Board, held: Held, release: Callable[[], None], chronicle: Untold) -> None:
        self._board, self._held, self._release, self._chronicle = board, held, release, chronicle
        self._waiting: list[int] = []

    def run(self, pid: int, line: Line) -> NoReturn:
        """Be the face of the program until it ends. Signals have to be blocked before the fork."""
        try:
            stillness = system.Stillness()
            stillness.keep()
            kernel.adopt_orphans()
            signals = system.signal_descriptor()
            below = Below(pid, line)
            while True:
                ready = below.wait((signals,), PATIENCE_S if self._waiting else None)
                letters = below.letters()
                for letter in letters:
                    self._answer(letter, below)
                if signals in ready:
                    self._hear(signals, below)
                self._pass_on()
                if below.ending in ready and not letters:
                    break
            status = below.status()
            if self._board.reliving:
                self._chronicle.died()
            else:
                self._held.show()
                self._chronicle.shown()
            system.wait_for_end(self._board.life, LAST_WORD_S)
            self._release()
            system.end_like(status)
        except BaseException:
            _exit(OUR_FAULT)

    def _answer(self, letter: Letter, below: Below) -> None:
        if letter.kind == lines.MOVED:
            below.replace(letter.value)
        elif letter.kind in (lines.BACK, lines.FORGET):
            if letter.descriptor >= 0:
                _close(letter.descriptor)
            below.line.send(Letter(lines.NO_SUCH if letter.kind == lines.BACK else lines.FORGOTTEN, letter.mark))

    def _hear(self, signals: int, below: Below) -> None:
        """Take the signals that were sent to the program's process id; what a terminal sends, the life has got already."""
        for sent in system.read_signals(signals):
            if sent.number == signal.SIGCHLD:
                self._reap_orphans(below)
                continue
            if sent.number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                self._board.note("asked", sent.number)
            if sent.by_process and sent.pid != self._board.life:
                self._waiting.append(sent.number)

    def _pass_on(self) -> None:
        """Give the life its signals, once there is one."""
        life = self._board.life
        if life == NOBODY:
            return
        for number in self._waiting:
            try:
                _kill(life, number)
            except OSError:
                pass
        self._waiting.clear()

    def _reap_orphans(self, below: Below) -> None:
        for child in kernel.children():
            if child != below.pid:
                try:
                    _waitpid(child, os.WNOHANG)
                except ChildProcessError:
                    pass
