"""The ring's part in the life itself: sets marks, keeps account of those that can be gone back to, and sends what is remembered."""

import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from crossroads.errors import RingError, SettingError
from crossroads.program import NOTHING, Mark
from crossroads.rings import draws, lines, system
from crossroads.rings.board import Board
from crossroads.rings.companions import Companion, objection
from crossroads.rings.findings import Finding
from crossroads.rings.guards import Death, Guard
from crossroads.rings.held import Held
from crossroads.rings.identity import Identity
from crossroads.rings.lines import Cut, Letter, Line
from crossroads.rings.loops import Loops
from crossroads.rings.pasts import Relived
from crossroads.rings.supervision import OUR_FAULT, Means, Snapshot, Waking, move_below
from crossroads.rings.tracing import Trace
from crossroads.rings.untold import Untold
from crossroads.snapshots import kernel
from crossroads.snapshots.endings import safe_text, type_name, without_us
from crossroads.snapshots.places import is_library

Place = tuple[str, int]
"""File and line of a call of `mark`."""

_monotonic_ns, _exit = time.monotonic_ns, os._exit


@dataclass(frozen=True, slots=True)
class Settings:
    """The bounds of a ring; see `ring`."""

    max_returns: int
    max_marks: int
    strict: bool
    tells: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """A mark on the current past."""

    label: object
    place: Place
    guard: Guard | None
    sizes: tuple[int, ...]


class Traveller:
    """One in each life, copied by each fork: so its account of the past is that of this life.

    Args:
        line: to the supervisor.
        board, held: of the ring.
        settings: of the ring.
        companions: who take part in marks and returns.
        face, parent: the process ids that the program is to see.
        chronicle: is told of marks and returns.
    """

    def __init__(
        self,
        line: Line,
        board: Board,
        held: Held,
        settings: Settings,
        companions: Sequence[Companion],
        face: int,
        parent: int,
        chronicle: Untold,
    ) -> None:
        self._line, self._board, self._held, self._settings = line, board, held, settings
        self._companions, self._chronicle = tuple(companions), chronicle
        self._identity = Identity(face, parent)
        self._identity.install()
        self._trace = Trace()
        self._past: dict[int, Laid] = {}
        self._memory_bytes_max = kernel.memory_limit()

    @property
    def is_own(self) -> bool:
        """Whether this process is the life, and not one that it has forked."""
        return self._identity.is_own

    @property
    def board(self) -> Board:
        """Of all rings of this process."""
        return self._board

    @property
    def latest(self) -> int:
        """The number of the latest mark that was set in any life."""
        return self._board.marks

    # Marks.

    def mark(self, label: object, guard: object) -> Mark:
        """Set a mark; returns once for the first life and again for every return."""
        if not self.is_own:
            return NOTHING
        if guard is not None and not isinstance(guard, Guard):
            raise SettingError(f"guard={guard!r} must be a crossroads.Guard, such as crossroads.Guard(wall=60)")
        check_alone("mark()")
        frame = sys._getframe(2)
        place = frame.f_code.co_filename, frame.f_lineno
        loops = Loops()
        self._make_room(place)
        relived = self._chronicle.relived()
        if relived is not None:
            self._board.note("marks", relived.number - 1)
        number = self._board.count("marks")
        kernel.flush_stdio()
        with self._chronicle.aside():
            for companion in self._companions:
                companion.marked(number)
        waking = self._lay(number, Laid(label, place, guard, ()), loops, relived)
        memory = self._memory(label, waking.memories)
        if waking.is_return:
            findings = self._land(number, waking)
        elif relived is not None:
            self._redraw(waking)
            findings = self._chronicle.arrived(relived)
        else:
            findings = ()
        return Mark(label, memory, waking.returns, findings, number)

    def _lay(self, number: int, laid: Laid, loops: Loops, relived: Relived | None) -> Waking:
        """Fork: the caller's process stays as a snapshot, this returns in lives."""
        guard = laid.guard
        if guard is not None:
            self._trace.begin()
        self._held.begin()
        kernel.flush_stdio()
        self._chronicle.mark(number, laid.label, laid.place)
        if relived is not None and not relived.is_alive:
            return Waking(self._line, tuple(relived.memories), relived.returns, relived.seed, False)
        restore = kernel.block_signals()
        try:
            means = Means(self._board, self._held, self._trace, self._settings.max_returns, self._objection, self._chronicle)
            waking = Snapshot(number, guard, self._line, means, self._forget_here, relived).sleep()
            self._line = waking.line
            self._identity.woke()
            self._past[number] = replace(laid, sizes=self._held.sizes())
            loops.renew()
        finally:
            restore()
        return waking

    def _memory(self, label: object, memories: tuple[bytes, ...]) -> tuple[Any, ...]:
        try:
            return tuple(self._chronicle.unpack(one) for one in memories)
        except Exception as error:
            raise RingError(
                f"what mark({label!r}) remembers can't be read in this life ({type(error).__name__}: {error}); "
                "remember values of types that are defined before the mark"
            ) from None

    def _land(self, number: int, waking: Waking) -> tuple[Finding, ...]:
        """Put right in a life what differs from the mark, and name the rest."""
        self._chronicle.returned()
        self._redraw(waking)
        with self._chronicle.aside():
            findings = tuple(finding for companion in self._companions for finding in companion.returned(number))
        self._chronicle.landed(number, findings)
        left = [finding.text for finding in findings if not finding.mended]
        if self._settings.tells:
            tell(left)
        if left and self._settings.strict:
            raise RingError(f"the world isn't as it was at the mark: {'; '.join(left)}; without strict=True this is in the mark's landing")
        return findings

    def _redraw(self, waking: Waking) -> None:
        if waking.seed is not None:
            draws.current.renew(waking.seed)

    # Giving marks up.

    def _make_room(self, place: Place) -> None:
        """Give up the oldest mark of the place in the code that has most of them, until one more may be set."""
        while len(self._past) >= self._settings.max_marks:
            counts = Counter([place, *(laid.place for laid in self._past.values())])
            most = max(counts[laid.place] for laid in self._past.values())
            oldest = next(number for number, laid in self._past.items() if counts[laid.place] == most)
            self.forget(oldest)
            self._chronicle.gone(oldest)
            self._held.show(next(iter(self._past.values())).sizes if self._past else None)

    def forget(self, number: int) -> None:
        """Give one mark's snapshot up."""
        restore = kernel.block_signals()
        try:
            letter = self._ask(Letter(lines.FORGET, number))
            if letter.kind == lines.MOVE:
                self._line = move_below(self._line, letter)
            self._forget_here(number)
        finally:
            restore()

    def _forget_here(self, number: int) -> None:
        self._past.pop(number, None)

    # Returns.

    def go_back(self, mark: Mark, remember: object, redraw: bool, force: bool) -> NoReturn:
        """Go back to a mark; see `crossroads.go_back`."""
        if not self.is_own:
            raise RingError("go_back() works in the program's own process alone; this one was forked from it")
        if mark.number not in self._past:
            raise RingError(
                f"mark {mark.label!r} isn't on the current past: its life was discarded, its ring has ended, or it was given up for newer "
                f"ones, as the ring keeps max_marks={self._settings.max_marks}"
            )
        self._check_returns_left(mark.label)
        memory = None if remember is NOTHING else self._chronicle.pack(remember)
        with self._chronicle.aside():
            for companion in self._companions:
                companion.returning(mark.number, force)
        self._send_back(mark.number, memory, redraw)

    def _check_returns_left(self, label: object) -> None:
        limit = self._settings.max_returns
        if self._board.returns >= limit:
            raise RingError(f"go_back({label!r}) would be return {limit + 1} of max_returns={limit}; give the ring a larger max_returns")

    def _send_back(self, number: int, memory: bytes | None, redraw: bool) -> NoReturn:
        kernel.flush_stdio()
        self._chronicle.going_back(number, memory, redraw, self._board.returns + 1)
        flags = (lines.REDRAW if redraw else 0) | (lines.REMEMBERS if memory is not None else 0)
        restore = kernel.block_signals()
        try:
            self._ask(Letter(lines.BACK, number, flags, lines.parcel(memory) if memory is not None else -1))
            self._chronicle.stayed()
            raise RingError(f"mark {number} isn't there any more; it was given up for newer ones")
        finally:
            restore()

    def _ask(self, letter: Letter) -> Letter:
        """Send a letter, and wait for the answer; to BACK there is none but the end of this process, unless there is no such snapshot."""
        try:
            self._line.send(letter)
        except Cut as error:
            raise RingError(f"the ring's line to its marks was closed ({error}); leave descriptors alone that aren't yours") from None
        try:
            answer = self._line.receive()
        except Cut:
            answer = None
        if answer is None:
            # The supervisor has ended, so this process is about to be killed; until then it may not do anything.
            _exit(OUR_FAULT)
        return answer

    def leave_by(self, error: Exception, since: int) -> None:
        """An exception leaves a ring: go back to the latest guarded mark with a number above `since`, if there is one for it."""
        system.limit_memory(self._memory_bytes_max)
        out_of_memory = isinstance(error, MemoryError)
        for number, laid in reversed(self._past.items()):
            guard = laid.guard
            if number <= since or guard is None:
                continue
            how = "memory" if out_of_memory and guard.brings_home("memory") else "exception"
            if how == "memory" or guard.brings_home("exception"):
                if self._board.returns < self._settings.max_returns and (guard.force or not self._objection(number)):
                    kernel.flush_stdio()
                    output = self._held.tail(laid.sizes)
                    death = Death("memory" if how == "memory" else "exception", _what(error), _raised_at(error), output, _traceback(error))
                    self._send_back(number, self._chronicle.pack(death), True)
                return

    def _objection(self, number: int) -> str:
        return objection(self._companions, number)

    # The end.

    def leaving(self, error: BaseException | None) -> None:
        """The program is about to leave its ring, by an exception or without."""
        self._chronicle.leaving(error)

    def end(self, error: BaseException | None = None) -> tuple[Finding, ...]:
        """The ring ends: what its companions have to say. No mark can be gone back to any more."""
        try:
            return tuple(finding for companion in self._companions for finding in companion.ended())
        finally:
            for number in reversed(list(self._past)):
                self.forget(number)
            self._held.end()
            self._chronicle.ended(error)
            self._trace.end()
            system.limit_memory(self._memory_bytes_max)

    def begin_again(self, held: Held, settings: Settings, companions: Sequence[Companion]) -> None:
        """Another ring begins in the same process, after the end of one."""
        self._held, self._settings, self._companions = held, settings, tuple(companions)


def check_alone(what: str) -> None:
    """Raise RingError where this process can't be forked as a whole: other threads, or children that only it can wait for."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    if threads:
        notebook = "; in a notebook put the code into a file and use: crossroads live FILE.py" if "ipykernel" in sys.modules else ""
        raise RingError(f"{what} can't copy threads, and there are some: {', '.join(threads)}; end them before{notebook}")
    children = kernel.children()
    if children:
        raise RingError(
            f"{what} can't be where a child process is (process {children[0]}), as no other process may wait for it; wait for it before"
        )


def tell(texts: Iterable[str]) -> None:
    """Say to whoever sits there what can't be put right."""
    for text in texts:
        print(f"crossroads: {text}", file=sys.stderr)


def _what(error: BaseException) -> str:
    text = safe_text(error)
    return f"{type_name(error)}: {text}" if text else type_name(error)


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, without_us(error.__traceback__)))
    except Exception:
        return f"{type(error).__name__}: <its traceback can't be had>\n"


def _raised_at(error: BaseException) -> str:
    """ "file:line in function" of the innermost frame in the program's own files, or of the innermost one."""
    own = innermost = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        innermost = f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}"
        own = own if is_library(code.co_filename) else innermost
        trace = trace.tb_next
    return own or innermost
