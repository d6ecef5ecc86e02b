"""What the records of a journal mean together: the past that is to be lived again, and what its program has had and shown until now.

Lives that went back are no part of it. What counts of them is what they have brought back to the marks that are left.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crossroads.errors import JournalError
from crossroads.rings import plain
from crossroads.rings.findings import Finding
from crossroads.rings.journals import Record

__all__ = ["Past", "Relived", "past_of"]

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


@dataclass(slots=True)
class Relived:
    """A mark on the surviving past, and how the life came out of it that went on from there.

    Attributes:
        number, label, place, draws: as the journal has them.
        memories: texts of plain data, oldest first.
        returns: how often lives came back to it.
        seed: of the draws after the last return; None for those that the mark had.
        landing: what the life found in the world.
        is_alive: whether it wasn't given up for newer ones.
        committed: what can't be taken back and was begun between it and the next mark.
    """

    number: int
    label: str
    place: str
    draws: str
    memories: list[bytes] = field(default_factory=list)
    returns: int = 0
    seed: int | None = None
    landing: tuple[Finding, ...] = ()
    is_alive: bool = True
    committed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Past:
    """All of it.

    Attributes:
        program: the first record.
        marks: those that survive, oldest first.
        marks_count: the number of the latest mark that was set in any life.
        returns: how many there were, to all marks.
        shown: for stdout and stderr, what was printed before the mark of this number has been seen.
        committed: what can't be taken back and was begun before the first mark.
        files: digests of the local files that were imported.
        packages: versions of those that were imported.
        has_ended: whether the program has ended by itself.
    """

    program: Record
    marks: list[Relived] = field(default_factory=list)
    marks_count: int = 0
    returns: int = 0
    shown: list[int] = field(default_factory=lambda: [0, 0])
    committed: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    has_ended: bool = False

    def all_committed(self) -> list[str]:
        """What would be done again, though it can't be taken back."""
        return list(dict.fromkeys([*self.committed, *(what for mark in self.marks for what in mark.committed)]))


def past_of(records: Sequence[Record]) -> Past:
    """The past that the records of a journal tell.

    Raises:
        JournalError: a memory isn't plain data, or numbers of marks don't grow.
    """
    past = Past(records[0])
    held = [False, False]
    for record in _carried_out(records[1:]):
        kind = record["kind"]
        if kind == "session":
            held = record["held"]
        elif kind == "mark":
            _mark(past, record, held)
        elif kind == "return":
            _return(past, record)
        elif kind == "landed":
            for mark in _from(past, record["mark"])[:1]:
                mark.landing = tuple(Finding(*found) for found in record["findings"])
        elif kind == "gone":
            _give_up(past, record["mark"], held)
        elif kind == "irreversible":
            (past.marks[-1].committed if past.marks else past.committed).append(record["what"])
        elif kind == "shown":
            past.shown = [past.marks[-1].number if past.marks else 0] * 2
        past.has_ended = past.has_ended or kind == "end"
    past.shown = [_last_number(past, number) for number in past.shown]
    return past


def _carried_out(records: Sequence[Record]) -> list[Record]:
    """Without returns that came to nothing: one that wasn't possible, and one whose life died before its letter was sent.

    The latter was followed by a return on its behalf, which has the same ordinal.
    """
    kept: list[Record] = []
    for record in records:
        kind = record["kind"]
        last = kept[-1] if kept else None
        if (
            last is not None
            and last["kind"] == "return"
            and (kind == "stayed" or (kind == "return" and record["ordinal"] == last["ordinal"]))
        ):
            kept.pop()
        if kind != "stayed":
            kept.append(record)
    return kept


def _mark(past: Past, record: Record, held: Sequence[bool]) -> None:
    number = record["mark"]
    if number <= past.marks_count:
        raise JournalError(f"journal has mark {number} after mark {past.marks_count}; get the file again from where it was written")
    past.marks.append(Relived(number, record["label"], record["place"], record["draws"]))
    past.marks_count = number
    past.files.update(record["files"])
    past.packages.update(record["packages"])
    # What is printed before the first mark is never held back.
    is_first = len(past.marks) == 1
    past.shown = [shown if is_held and not is_first else number for shown, is_held in zip(past.shown, held, strict=True)]


def _return(past: Past, record: Record) -> None:
    past.returns = max(past.returns, record["ordinal"])
    found = _from(past, record["mark"])
    if not found:
        return
    mark = found[0]
    for memory in record["memory"]:
        plain.value_of(memory)
        mark.memories.append(_encode(memory).encode())
    mark.returns += 1
    mark.seed, mark.landing, mark.committed = record["seed"], (), []
    del past.marks[past.marks.index(mark) + 1 :]


def _give_up(past: Past, number: int, held: Sequence[bool]) -> None:
    for mark in _from(past, number)[:1]:
        mark.is_alive = False
    oldest = next((mark.number for mark in past.marks if mark.is_alive), 0)
    past.shown = [max(shown, oldest) if is_held else shown for shown, is_held in zip(past.shown, held, strict=True)]


def _from(past: Past, number: int) -> list[Relived]:
    """The mark of this number and all after it; [] if it isn't on the past."""
    index: Any = next((index for index, mark in enumerate(past.marks) if mark.number == number), None)
    return [] if index is None else past.marks[index:]


def _last_number(past: Past, number: int) -> int:
    return max((mark.number for mark in past.marks if mark.number <= number), default=0)
