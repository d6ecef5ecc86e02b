"""Tells a journal of marks and returns, and lives a past again that a journal tells of.

The object is copied by each fork, like everything of the program's; so where it stands in the past is where its life stands.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Final, NoReturn

from crossroads.errors import RingError
from crossroads.program import NOTHING
from crossroads.rings import draws, origins, plain
from crossroads.rings.board import Board
from crossroads.rings.findings import Finding
from crossroads.rings.held import Held
from crossroads.rings.hush import STREAMS, Hush
from crossroads.rings.journals import Journal
from crossroads.rings.pasts import Past, Relived
from crossroads.rings.quiet import unrecorded
from crossroads.rings.untold import Untold
from crossroads.worlds.plain import PlainWorld

__all__ = ["Chronicle", "printable"]

LABEL_CHARS_MAX: Final = 200

DIVERGED: Final = 3
"""Exit code of a program whose past wasn't the same again, as of `crossroads replay`."""

_exit, _write, _collect = os._exit, os.write, gc.collect


class Chronicle(Untold):
    """A journal is told.

    Args:
        journal: open.
        past: what is in it.
        world: the program's, already installed.
    """

    identity = (1, 0)  # as in a container: the same wherever the program is woken

    def __init__(self, journal: Journal, past: Past, world: PlainWorld) -> None:
        self._journal, self._past, self._world = journal, past, world
        self._next = 0 if past.marks else -1
        self._told = set(sys.modules)
        self._hush = Hush(())
        self._seed: int = past.program["seed"]

    @property
    def is_reliving(self) -> bool:
        """Whether the past is being lived again, and not over yet."""
        return self._next >= 0

    def begin(self, board: Board, held: Held) -> None:
        self._board, self._held = board, held
        board.note("returns", self._past.returns)
        if self.is_reliving:
            board.note("reliving", 1)
            self._hush = Hush(tuple(number for number, shown in zip(STREAMS, self._past.shown, strict=True) if shown))
        else:
            self._begin_session()
        self._world.rekey(self._seed)
        draws.current.renew = self._world.rekey

    def _begin_session(self) -> None:
        self._journal.add("session", {"held": [self._held.holds_back(number) for number in STREAMS]})

    # The past, lived again.

    def relived(self) -> Relived | None:
        return self._past.marks[self._next] if self.is_reliving else None

    @contextmanager
    def aside(self) -> Iterator[None]:
        rewind = self._world.keep_time()
        try:
            yield
        finally:
            rewind()

    def mark(self, number: int, label: object, place: tuple[str, int]) -> None:
        with unrecorded():
            text, where, fingerprint = _label(label), origins.short_place(*place), self._fingerprint()
            files, packages = self._imported()
            if not self.is_reliving:
                fields = {"mark": number, "label": text, "place": where, "draws": fingerprint, "files": files, "packages": packages}
                self._journal.add("mark", fields)
                return
        relived = self._past.marks[self._next]
        if (text, where) != (relived.label, relived.place):
            self._diverge(f"the program set mark {text!r} at {where}")
        if fingerprint != relived.draws:
            self._diverge("the program got there with other draws or at another time of its own clock")
        self._hush.speak(tuple(stream for stream, shown in zip(STREAMS, self._past.shown, strict=True) if shown == number), self._held)
        if number == self._past.marks[-1].number:
            self._board.note("reliving", 0)
            self._begin_session()

    def arrived(self, relived: Relived) -> tuple[Finding, ...]:
        self._next += 1
        if self._next < len(self._past.marks):
            return relived.landing
        self._over()
        self._board.note("marks", self._past.marks_count)
        woken = Finding("wake", self._journal.path, "the program was woken from its journal at this mark", True)
        landing = (*(found for found in relived.landing if found.kind != woken.kind), woken)
        self.landed(relived.number, landing)
        return landing

    def returned(self) -> None:
        """Some marks were forked while there was still past ahead."""
        self._over()

    def _over(self) -> None:
        self._next = -1
        self._hush.speak(STREAMS, self._held)

    def leaving(self, error: BaseException | None) -> None:
        if self.is_reliving and (error is None or isinstance(error, Exception | SystemExit)):
            self._diverge(f"the program ended by {type(error).__name__}: {error}" if error is not None else "the program ended")

    def _diverge(self, what: str) -> NoReturn:
        marks = self._past.marks
        recorded = marks[self._next]
        self._say(
            f"the past isn't the same again: {what}, where its journal has mark {recorded.label!r} at {recorded.place} "
            f"({self._next + 1} of {len(marks)}); what it reads from outside has to be as it was: files, input, environment, network"
        )
        _exit(DIVERGED)

    # What is new.

    def seed(self, ordinal: int) -> int:
        return int.from_bytes(blake2b(b"%d %d" % (self._seed, ordinal), digest_size=8).digest(), "big")

    def going_back(self, number: int, memory: bytes | None, redraw: bool, ordinal: int) -> None:
        if self.is_reliving:
            self._diverge("the program goes back")
        remembered = [] if memory is None else [plain.parsed(memory)]
        self._journal.add(
            "return", {"mark": number, "ordinal": ordinal, "seed": self.seed(ordinal) if redraw else None, "memory": remembered}
        )

    def brought_home(self, number: int, memory: bytes, ordinal: int) -> None:
        self.going_back(number, memory, True, ordinal)

    def stayed(self) -> None:
        self._journal.add("stayed")

    def landed(self, number: int, findings: tuple[Finding, ...]) -> None:
        if findings:
            found = [[_short(one.kind), _short(one.subject), _short(one.text), one.mended] for one in findings]
            self._journal.add("landed", {"mark": number, "findings": found}, durable=False)

    def gone(self, number: int) -> None:
        self._journal.add("gone", {"mark": number}, durable=False)

    def irreversible(self, what: str) -> None:
        """Something that can't be taken back is about to be done."""
        if not self.is_reliving:
            self._journal.add("irreversible", {"what": _short(what)})
            return
        before = self._past.marks[self._next - 1].committed if self._next else self._past.committed
        if what not in before:
            self._diverge(f'the program was about to do "{what}", which can\'t be taken back')

    def ended(self, error: BaseException | None) -> None:
        if not self.is_reliving:
            self._journal.add("end" if error is None or isinstance(error, SystemExit) else "shown")

    def shown(self) -> None:
        try:
            self._journal.add("shown")
        except RingError:
            pass

    def died(self) -> None:
        self._say("the program ended while its past was lived again; its journal is as it was")

    def pack(self, value: object) -> bytes:
        return plain.dumped(value)

    def unpack(self, memory: bytes) -> Any:
        return plain.loaded(memory)

    def _imported(self) -> tuple[dict[str, str], dict[str, str]]:
        new = {name for name in list(sys.modules) if name not in self._told}
        self._told |= new
        return origins.imported(new)

    def _fingerprint(self) -> str:
        if self._world.has_generators:
            # Whether one that nobody has any more is still there, would depend on when garbage was collected.
            _collect()
        return self._world.fingerprint()

    def _say(self, text: str) -> None:
        try:
            _write(self._hush.kept(2) or self._held.goal(2), f"crossroads: {printable(text)}\n".encode())
        except OSError:
            pass


def printable(text: str) -> str:
    """A text from elsewhere on one line, without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _label(label: object) -> str:
    """A label as it can be compared: by its text if that isn't one of addresses, else by its type."""
    if label is None or label is NOTHING:
        return ""
    try:
        text = label if isinstance(label, str) else plain.dumped(label).decode()
    except RingError:
        text = type(label).__name__
    return _short(text)[:LABEL_CHARS_MAX]


def _short(text: str) -> str:
    return text[:1000].encode("utf-8", "backslashreplace").decode()
