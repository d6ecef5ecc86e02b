"""Safe landing: before a program goes on after a return, the world around it is put right where it can be, and named where it can't.

Known limits: locks of the `threading` module are memory, and as they were at the mark; one that another thread held then is never
released. Child processes of a life that died on the spot are known only to those who end them. Descriptors above `HIGH_DESCRIPTOR` are
taken for crossroads' own. Of sockets it is known whether they lead outside, not what was said: that both lives share one is named at each
return.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crossroads.rings import protection
from crossroads.rings.company import Child, children, own_process
from crossroads.rings.findings import Finding
from crossroads.rings.openings import Openings, Protected
from crossroads.rings.quiet import unrecorded
from crossroads.rings.record import Record
from crossroads.rings.surroundings import Surroundings
from crossroads.snapshots import kernel

__all__ = ["Landing"]

_LEFT, _LANDED = "left", "landed"


@dataclass(frozen=True, slots=True)
class _Notes:
    surroundings: Surroundings
    openings: Openings
    children: list[Child]
    threads: list[str]


class Landing:
    """The companion of a ring that checks the world.

    Args:
        protected: knows which files are put back, before this companion is told of a return; by default what `protect` was told of.
    """

    def __init__(self, protected: Protected | None = None) -> None:
        self._protected = protected or protection.of_this_ring()
        self._notes: dict[int, _Notes] = {}
        self._own = {own_process()}
        self._face: set[tuple[int, int]] = set()
        self._record = Record()

    def marked(self, mark: int) -> None:
        """Note how the world is."""
        with unrecorded():
            self._own.add(own_process())
            openings = Openings.now(self._own)
            self._face |= openings.standard()
            self._notes[mark] = _Notes(Surroundings.now(), openings, children(), kernel.thread_names())

    def returning(self, mark: int, force: bool) -> None:
        """Note what this life leaves behind."""
        with unrecorded():
            left, threads = children(), kernel.thread_names()
            if left or threads:
                self._record.add(_LEFT, [mark, [child.as_json() for child in left], threads])

    def returned(self, mark: int) -> Sequence[Finding]:
        """Put right what can be, and name the rest."""
        with unrecorded():
            notes = self._notes[mark]
            findings = [*self._company(mark, notes), *notes.openings.restore(self._protected, mark, self._own, self._face)]
            self._own.add(own_process())
            if self._record.entries():
                self._record.add(_LANDED)
            # Last: a timer or a signal may strike from then on.
            return [*findings, *notes.surroundings.restore()]

    def ended(self) -> Sequence[Finding]:
        """Nothing more to name."""
        self._record.close()
        return []

    def _company(self, mark: int, notes: _Notes) -> list[Finding]:
        findings = []
        for child in notes.children:
            if child.is_running:
                text = f"process {child} was started before the mark, and this life can't wait for its end"
                findings.append(Finding("process", str(child), text, False))
        for thread in notes.threads:
            findings.append(Finding("thread", thread, f"thread {thread} ran at the mark, and is missing in this life", False))
        children_left, threads_left = self._left(mark)
        for child in children_left:
            if child not in notes.children and child.is_running:
                findings.append(Finding("process", str(child), f"process {child}, started since the mark, still runs", False))
        for thread in threads_left:
            if thread not in notes.threads:
                findings.append(Finding("thread", thread, f"thread {thread}, started since the mark, ended with its life", True))
        return findings

    def _left(self, mark: int) -> tuple[list[Child], list[str]]:
        """The children of all lives that went back to this mark or one after it, and the threads of the last one."""
        found: dict[Child, None] = {}
        threads: list[str] = []
        for name, value in self._record.entries():
            if name == _LANDED:
                threads = []
                continue
            to_mark, left, threads_of_life = value
            if to_mark >= mark:
                found.update((Child(*child), None) for child in left)
                threads = threads_of_life
        return list(found), threads
