"""The processes that watch over others: the snapshot of a mark, which sleeps until somebody comes back to it; the other is the `face`.

    face        the process that was started: keeps its id, forwards signals, ends as the last life has ended
    snapshot    was the life up to a mark; forks the next life whenever one comes back to it, or comes back on behalf of a dead one
    life        the program, below the snapshot of its latest mark

Each is the parent of the next. They are killed with their parents, so nothing is left when one of them is. A snapshot has the program's
state at the mark and must keep it: below the fork it touches nothing of the program's and leaves by `os._exit`.
"""

import os
import resource
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from crossroads.errors import RingError
from crossroads.rings import draws, lines, system
from crossroads.rings.board import Board
from crossroads.rings.guards import Death, Ending, Guard
from crossroads.rings.held import Held
from crossroads.rings.lines import Cut, Letter, Line
from crossroads.rings.pasts import Relived
from crossroads.rings.quiet import unrecorded
from crossroads.rings.tracing import Trace
from crossroads.rings.untold import Untold
from crossroads.snapshots import kernel

LAST_WORD_S: Final = 1.0
"""How long a hung life may take to write its traceback, and a killed one to end."""

NOBODY: Final = 0
"""In place of the life's process id between two lives: signals wait."""

OUR_FAULT: Final = 70
"""Exit code of a supervisor that fails; nothing the program does should lead to it."""

# Taken before any program under test could replace them.
_exit, _close, _write, _kill, _getpid, _getppid = os._exit, os.close, os.write, os.kill, os.getpid, os.getppid
_waitpid, _poll, _monotonic_ns = os.waitpid, select.poll, time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Waking:
    """How a life comes out of a mark.

    Args:
        line: to its supervisor.
        memories: pickled, what earlier lives brought back to this mark, oldest first.
        returns: how often they came back to it; 0 when the mark has just been set.
        seed: of new draws; None for those that the mark had.
        is_return: whether a life has just come back, rather than set the mark (or set it again, in a past that is lived again).
    """

    line: Line
    memories: tuple[bytes, ...]
    returns: int
    seed: int | None
    is_return: bool


class Below:
    """The process that a supervisor watches, and the line to it."""

    def __init__(self, pid: int, line: Line) -> None:
        self.pid, self.line = pid, line
        self.ending = system.watch(pid)
        self.hears = True
        line.send(Letter(lines.GO))

    def letters(self) -> list[Letter]:
        """All that have arrived."""
        found: list[Letter] = []
        try:
            while self.hears and (letter := self.line.receive(wait=False)) is not None:
                found.append(letter)
        except Cut:
            self.hears = False
        return found

    def replace(self, pid: int) -> None:
        """The snapshot that was watched has left, and its child takes its place."""
        _waitpid(self.pid, 0)
        _close(self.ending)
        self.pid, self.ending = pid, system.watch(pid)

    def wait(self, others: Sequence[int], timeout_s: float | None) -> set[int]:
        """Wait until a descriptor is ready: one of the others, the line's or the ending's. Empty when the time is over."""
        poll = _poll()
        for descriptor in (*others, self.ending, *((self.line.number,) if self.hears else ())):
            poll.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(None if timeout_s is None else max(0.0, timeout_s * 1000))}

    def status(self) -> int:
        """The wait status of its end."""
        return _waitpid(self.pid, 0)[1]

    def leave(self) -> None:
        """Close what was open for it."""
        _close(self.ending)
        self.line.close()


@dataclass(frozen=True, slots=True)
class Means:
    """What all snapshots of a ring work with.

    Args:
        board, held, trace: of the ring.
        max_returns: how many returns it allows.
        objection: why a life that has died shouldn't be brought home to a mark, as the end of a sentence; "" where there is no reason.
        chronicle: is told of deaths.
    """

    board: Board
    held: Held
    trace: Trace
    max_returns: int
    objection: Callable[[int], str]
    chronicle: Untold


class Snapshot:
    """A mark's side of the fork.

    Args:
        number: of the mark.
        guard: what to watch for, if anything.
        up: the line to this process's own supervisor.
        means: of the ring.
        forgotten: told the number of an older mark that was given up.
        relived: how lives came out of it before, where a past is lived again.
    """

    def __init__(
        self, number: int, guard: Guard | None, up: Line, means: Means, forgotten: Callable[[int], None], relived: Relived | None = None
    ) -> None:
        self._number, self._guard, self._up, self._forgotten = number, guard, up, forgotten
        self._board, self._held, self._trace, self._max_returns = means.board, means.held, means.trace, means.max_returns
        self._objection, self._chronicle = means.objection, means.chronicle
        self._sizes = self._held.sizes()
        draws.current.forget()
        self._memories = list(relived.memories) if relived is not None else []
        self._returns = relived.returns if relived is not None else 0
        self._seed = relived.seed if relived is not None else None
        self._is_first = True
        self._timers, self._stillness = system.Timers(), system.Stillness()
        self._memory_bytes_max = kernel.memory_limit()
        self._owed: list[int] = []

    def sleep(self) -> Waking:
        """Fork the life that goes on from here, and then another one for every return. Returns in lives only.

        Raises:
            RingError: this process can't be forked soundly; nothing has happened.
        """
        self._board.note("life", NOBODY)
        self._owed = system.pending(_getpid())
        while True:
            near, far = lines.pair()
            self._board.note("signed_ns", _monotonic_ns())
            pid = kernel.fork()
            if not pid:
                near.close()
                self._up.close()
                return self._wake(far)
            far.close()
            if self._is_first:
                self._check_threads(pid, near)
            with unrecorded():
                self._supervise(pid, near)
            self._is_first = False

    def _check_threads(self, pid: int, near: Line) -> None:
        """Threads of libraries that know of forks (as OpenBLAS's do) end before one; others would be missing in the life."""
        threads = kernel.thread_names()
        if not threads:
            return
        kernel.kill(pid)
        kernel.reap(pid)
        near.close()
        self._board.note("life", _getpid())
        raise RingError(
            f"mark() can't copy threads, and there are some: {', '.join(threads)}; end them before, or start them after going back"
        )

    def _wake(self, line: Line) -> Waking:
        """In a life: wait for the supervisor, and put right what the fork has changed."""
        kernel.die_with_parent()
        try:
            letter = line.receive()
        except Cut:
            letter = None
        if letter is None or letter.kind != lines.GO:
            _exit(OUR_FAULT)
        self._board.note("life", _getpid())
        for number in self._owed:
            _kill(_getpid(), number)
        if not self._is_first:
            self._stillness.leave()
        self._timers.wind()
        memory = self._guard.memory_bytes if self._guard is not None else None
        system.limit_memory(self._memory_bytes_max if memory is None else memory)
        return Waking(line, tuple(self._memories), self._returns, self._seed, not self._is_first)

    def _supervise(self, pid: int, line: Line) -> None:
        """Watch over what is below until the next life is to be forked."""
        try:
            self._stillness.keep()
            kernel.adopt_orphans()
            system.limit_memory(resource.RLIM_INFINITY)
            self._below = Below(pid, line)
            while not self._round():
                pass
            self._below.leave()
        except BaseException:
            # Below on the stack is the program, at its mark: nothing that goes wrong here may surface there.
            try:
                system.end_children()
            finally:
                _exit(OUR_FAULT)

    def _round(self) -> bool:
        """Wait for one thing to happen; whether it was a return to this mark."""
        ready = self._below.wait((self._up.number,), self._silence_left_s())
        letters = self._below.letters()
        if letters:
            return [self._from_below(letter) for letter in letters][-1]
        if self._up.number in ready:
            letter = self._up.receive()
            assert letter is not None
            self._from_above(letter)
            return False
        if self._below.ending in ready:
            return self._has_died(self._below.status())
        return not ready and self._is_silent() and self._has_hung()

    def _from_below(self, letter: Letter) -> bool:
        if letter.kind == lines.MOVED:
            self._below.replace(letter.value)
        elif letter.mark != self._number:
            self._up.send(letter)
        elif letter.kind == lines.FORGET:
            self._vanish()
        elif letter.kind == lines.BACK:
            life = self._board.life
            self._board.note("life", NOBODY)
            # It has all signals blocked by now: what was sent to it since is meant for the next one.
            self._owed = system.pending(life)
            memory = lines.unpack(letter.descriptor) if letter.value & lines.REMEMBERS else None
            self._go_back(memory, bool(letter.value & lines.REDRAW))
            return True
        return False

    def _from_above(self, letter: Letter) -> None:
        if letter.kind == lines.MOVE:
            self._up = move_below(self._up, letter)
            letter = Letter(lines.FORGOTTEN, letter.mark)
        if letter.kind == lines.FORGOTTEN:
            self._forgotten(letter.mark)
        self._below.line.send(letter)

    def _vanish(self) -> NoReturn:
        """Leave the line of supervisors: what is below gets this snapshot's own supervisor."""
        self._below.line.send(Letter(lines.MOVE, self._number, _getppid(), os.dup(self._up.number)))
        answer = self._below.line.receive()
        assert answer is not None
        assert answer.kind == lines.MOVING, answer
        self._up.send(Letter(lines.MOVED, self._number, self._below.pid))
        _exit(0)

    def _go_back(self, memory: bytes | None, redraw: bool) -> None:
        system.end_children()
        if redraw:
            draws.current.find()
        self._held.discard(self._sizes)
        # What --show-lives keeps of discarded lives stays, whatever is discarded later.
        self._sizes = self._held.sizes()
        self._trace.clear()
        if memory is not None:
            self._memories.append(memory)
        ordinal = self._board.count("returns")
        self._returns, self._seed = self._returns + 1, self._chronicle.seed(ordinal) if redraw else None

    # Deaths.

    def _silence_left_s(self) -> float | None:
        guard = self._guard
        if guard is None or guard.wall is None or not guard.brings_home("hang") or self._board.reliving:
            return None
        return guard.wall - (_monotonic_ns() - self._board.signed_ns) / 1e9

    def _is_silent(self) -> bool:
        if (self._silence_left_s() or 0.0) > 0:
            return False
        if system.is_stopped(self._board.life):
            self._board.note("signed_ns", _monotonic_ns())
            return False
        return True

    def _has_hung(self) -> bool:
        assert self._guard is not None
        self._trace.ask(self._board.life, LAST_WORD_S)
        what = f"gave no sign of life for {self._guard.wall:g} s"
        if not self._bring_home("hang", what):
            system.end_children()
            system.end_like(signal.SIGKILL)
        return True

    def _has_died(self, status: int) -> bool:
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        what = (
            f"killed by {system.signal_name(killed)}"
            if killed
            else f"exit code {os.WEXITSTATUS(status)}, without the interpreter's own end"
        )
        is_asked = killed and killed == self._board.asked
        if is_asked or self._board.reliving or self._guard is None or not self._guard.brings_home("crash"):
            system.end_like(status)
        return self._bring_home("crash", what) or system.end_like(status)

    def _bring_home(self, how: Ending, what: str) -> bool:
        """Go back on behalf of the life; False if that may not be."""
        reason = self._reason_against()
        if reason:
            _write(2, f"crossroads: a life has died ({what}) and is not brought home, as {reason}\n".encode())
            return False
        self._board.note("life", NOBODY)
        self._owed = []
        system.end_children()
        traceback = self._trace.text()
        death = Death(how, what, self._trace.place(traceback), self._held.tail(self._sizes), traceback)
        memory = self._chronicle.pack(death)
        try:
            self._chronicle.brought_home(self._number, memory, self._board.returns + 1)
        except RingError as error:
            _write(2, f"crossroads: a life has died ({what}) and is not brought home: {error}\n".encode())
            return False
        self._go_back(memory, True)
        return True

    def _reason_against(self) -> str:
        if self._board.returns >= self._max_returns:
            return f"max_returns={self._max_returns} are used up"
        assert self._guard is not None
        text = "" if self._guard.force else self._objection(self._number)
        return f"that {text}" if text else ""


def move_below(line: Line, letter: Letter) -> Line:
    """As the child of a snapshot that leaves: change over to its supervisor; the line to that one.

    The system tells of an end once the children of the ended have their new parent.
    """
    kernel.die_with_parent(False)
    leaving = system.watch(_getppid())
    line.send(Letter(lines.MOVING))
    poll = _poll()
    poll.register(leaving, select.POLLIN)
    poll.poll()
    _close(leaving)
    line.close()
    kernel.die_with_parent()
    if _getppid() != letter.value:
        _exit(OUR_FAULT)
    return Line(letter.descriptor)
