"""Whether a failure of changed code is the one that was found before: by what was raised and where, but not by line numbers."""

import os
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from crossroads.timeline.outcomes import Outcome
from crossroads.worlds.targets import Target

ALIKE: Final = 0.6
"""Messages that have so much of their words in common are taken for the same, with other values in them."""

WORDS_MAX: Final = 60

SOURCE_BYTES_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Signature:
    """What a failure is known by in another version of its program.

    Args:
        kind, exception, code: of its outcome.
        file, function: where it was raised.
        message: its words.
        line: the text of the line that raised, "" where unknown.
    """

    kind: str
    exception: str
    code: int | None
    file: str
    function: str
    message: str
    line: str = ""


def signature(outcome: Outcome, line: str = "") -> Signature:
    """What an outcome is known by."""
    place, _, function = outcome.where.rpartition(" in ")
    return Signature(outcome.kind, outcome.exception, outcome.code, place.rpartition(":")[0], function, outcome.message, line)


def is_same_failure(one: Signature, other: Signature) -> bool:
    """Whether two failures, of one version of a program or of two, are taken for the same.

    Kind and exception have to be equal. Then the place counts (file and function) together with the line's text or the message: one of
    the two may have been edited. An exception that moved to another function is the same if line or message moved with it. In doubt it
    is the same: a failure that goes on may be taken for another one only where it looks like one.
    """
    if (one.kind, one.exception) != (other.kind, other.exception):
        return False
    if one.kind == "exited":
        return one.code == other.code
    if one.kind != "failed":
        return True
    same_line = bool(one.line) and one.line == other.line
    both_known = bool(one.line) and bool(other.line)
    if (one.file, one.function) == (other.file, other.function):
        return same_line or are_alike(one.message, other.message) or (not both_known and not (one.message and other.message))
    if not one.message and not other.message:
        return same_line or not both_known
    return are_alike(one.message, other.message)


def are_alike(one: str, other: str) -> bool:
    """Whether two messages say the same of other values; two empty ones say nothing."""
    if not one or not other:
        return False
    words = [re.findall(r"[^\W\d_]+", text)[:WORDS_MAX] for text in (one, other)]
    if not words[0] or not words[1]:
        return one == other
    return SequenceMatcher(None, words[0], words[1], autojunk=False).ratio() >= ALIKE


def line_at(where: str, target: Target | None = None) -> str:
    """The text of the line that a place "file:line in function" stands for, as the file is now; "" where it can't be read.

    Args:
        where: the place; its file is relative to the working directory or to the target's.
        target: of the run that the place is from.
    """
    place, _, number = where.rpartition(" in ")[0].rpartition(":")
    if not place or not number.isdigit():
        return ""
    folders = [""] + ([os.path.dirname(target.place)] if target is not None and target.is_path else [])
    for folder in folders:
        try:
            path = Path(folder, place)
            if path.stat().st_size <= SOURCE_BYTES_MAX:
                return path.read_text(encoding="utf-8", errors="replace").splitlines()[int(number) - 1].strip()
        except (OSError, ValueError, IndexError):
            continue
    return ""
