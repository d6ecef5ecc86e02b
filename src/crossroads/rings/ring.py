"""`ring`: the part of a program within which it can go back in time.

On entry the process becomes the face of the program, and a fork of it goes on as its first life.
"""

import os
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Final, Literal

from crossroads import program
from crossroads.errors import RingError, SettingError
from crossroads.rings import companions as travelling
from crossroads.rings import lines, system
from crossroads.rings.board import Board
from crossroads.rings.companions import Companion
from crossroads.rings.face import Face
from crossroads.rings.findings import Finding
from crossroads.rings.held import Held, Output
from crossroads.rings.quiet import unrecorded
from crossroads.rings.supervision import OUR_FAULT
from crossroads.rings.traveller import Settings, Traveller, check_alone
from crossroads.rings.untold import Untold
from crossroads.snapshots import kernel

__all__ = ["Ring", "ring"]

OUTPUTS: Final = ("auto", "held", "live")
MARKS_MAX: Final = 10_000

_exit, _getpid, _getppid = os._exit, os.getpid, os.getppid


class Ring:
    """What `ring` gives: a context manager. After its end, `findings` says what can't be taken back any more."""

    def __init__(self, settings: Settings, output: Output, show_lives: bool, companions: Sequence[Companion] | None) -> None:
        self._settings, self._output, self._show_lives, self._companions = settings, output, show_lives, companions
        self._role: Literal["future", "joined", "own"] = "own"
        self._chronicle = Untold()
        self._since = 0
        self.findings: tuple[Finding, ...] = ()

    def told_to(self, chronicle: Untold) -> "Ring":
        """Have marks and returns told to a chronicle, before it is entered; returns the ring itself."""
        self._chronicle = chronicle
        return self

    def __enter__(self) -> "Ring":
        if program.current.run is not None:
            self._role = "future"
            return self
        traveller = program.current.ring
        if traveller is not None and traveller.is_own:
            assert isinstance(traveller, Traveller)
            self._role, self._since = "joined", traveller.latest
            return self
        if missing := system.missing():
            raise RingError(f"a ring needs {missing}; run the program there")
        check_alone("a ring")
        self._role = "own"
        self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        traveller = program.current.ring
        if self._role == "future" or not isinstance(traveller, Traveller) or not traveller.is_own:
            return
        if self._role == "own":
            traveller.leaving(error)
        if isinstance(error, Exception):
            traveller.leave_by(error, self._since)
        if self._role == "own":
            program.current.ring = None
            self.findings = traveller.end(error)

    def _begin(self) -> None:
        companions = travelling.assembled() if self._companions is None else self._companions
        resting = _Resting.traveller
        if resting is not None and resting.is_own:
            self._since = resting.latest
            resting.begin_again(Held(resting.board, self._output, self._show_lives), self._settings, companions)
            program.current.ring = resting
            return
        board = Board()
        held = Held(board, self._output, self._show_lives)
        face, parent = self._chronicle.identity or (_getpid(), _getppid())
        self._chronicle.begin(board, held)
        near, far = lines.pair()
        restore = kernel.block_signals()
        timers = system.Timers()
        pid = kernel.fork()
        if pid:
            far.close()
            with unrecorded():
                Face(board, held, partial(travelling.release, companions), self._chronicle).run(pid, near)
        near.close()
        _live(far, board)
        timers.wind()
        traveller = Traveller(far, board, held, self._settings, companions, face, parent, self._chronicle)
        _Resting.traveller = program.current.ring = traveller
        restore()


class _Resting:
    """The traveller of this process, also when no ring is open: its face stays."""

    traveller: Traveller | None = None


def _live(line: lines.Line, board: Board) -> None:
    """In the first life: wait for the face."""
    kernel.die_with_parent()
    try:
        letter = line.receive()
    except lines.Cut:
        letter = None
    if letter is None or letter.kind != lines.GO:
        _exit(OUR_FAULT)
    board.note("life", _getpid())


def ring(
    *,
    max_returns: int = 1000,
    max_marks: int = 64,
    strict: bool = False,
    output: Output = "auto",
    show_lives: bool = False,
    companions: Sequence[Companion] | None = None,
) -> Ring:
    """A part of the program within which it can go back: `with crossroads.ring():`.

    Until the program ends, the process that was started does nothing but stand for it: it keeps the process id, passes signals on to the
    living life, and ends as the last life ends. A ring within a ring belongs to the outer one, whose settings hold. In a future that
    `crossroads run` explores a ring does nothing, and going back is refused.

    What is printed between a mark and a return to it isn't shown, as if it had never been: stdout and stderr are held back from the
    first mark on, and shown as soon as no mark before them is left, at the latest at the end. A terminal isn't held back, as somebody sits
    there who wants to see what goes on and may be asked something; so there, discarded lives are seen, too. What a discarded life has
    read from a pipe or a terminal is gone for the next one. Processes that a discarded life has started are killed.

    Args:
        max_returns: so many returns, to all marks together, and no more; at least 0.
        max_marks: marks that can be gone back to at one time, each of which is a sleeping process; at least 1. If there are more, the
            place in the code that has set most of them gives up its oldest one.
        strict: let a return fail with an error where the world isn't as it was at the mark and can't be put right.
        output: "held" holds output back on terminals, too; "live" shows everything as it comes.
        show_lives: show what discarded lives have printed, too, dimmed, and at each return on stderr what can't be put right.
        companions: who look after the world; the usual ones by default.

    Returns:
        A context manager.

    Raises:
        SettingError: a value breaks its rule.
        RingError: on entry, where there are other threads or child processes, or no Linux.
    """
    if max_returns < 0:
        raise SettingError(f"max_returns={max_returns!r} must be at least 0; 1000 is the usual number")
    if not 1 <= max_marks <= MARKS_MAX:
        raise SettingError(f"max_marks={max_marks!r} must be from 1 to {MARKS_MAX:,}; 64 is the usual number")
    if output not in OUTPUTS:
        raise SettingError(f"output={output!r} must be one of {', '.join(OUTPUTS)}")
    return Ring(Settings(max_returns, max_marks, strict, show_lives), output, show_lives, companions)
