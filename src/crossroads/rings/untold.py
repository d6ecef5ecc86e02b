"""What a ring tells of marks and returns: here nobody, and nothing is written. `chronicle` has the one that keeps a journal.

The object is copied by each fork, like everything of the program's; so where it stands in the past is where its life stands.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from crossroads.errors import RingError
from crossroads.rings.board import Board
from crossroads.rings.findings import Finding
from crossroads.rings.held import Held
from crossroads.rings.pasts import Relived

__all__ = ["Untold"]

PICKLE_PROTOCOL: Final = 5

_dumps, _loads = pickle.dumps, pickle.loads


class Untold:
    """No journal: nothing is written, and memories travel as pickles between processes of the same ring."""

    identity: tuple[int, int] | None = None
    """The process ids of itself and its parent that the program is to see, if not the real ones."""

    def begin(self, board: Board, held: Held) -> None:
        """A ring begins."""

    def relived(self) -> Relived | None:
        """The mark that comes next in a past that is lived again; None where the mark that comes is new."""
        return None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While this lasts, nothing counts as done by the program."""
        yield

    def mark(self, number: int, label: object, place: tuple[str, int]) -> None:
        """A mark is about to be laid."""

    def arrived(self, relived: Relived) -> tuple[Finding, ...]:
        """A life comes out of a mark of the past that is lived again; its landing."""
        raise AssertionError

    def seed(self, ordinal: int) -> int:
        """Of the draws after the return of this number."""
        return 0

    def going_back(self, number: int, memory: bytes | None, redraw: bool, ordinal: int) -> None:
        """This life goes back; raises RingError where it can't."""

    def brought_home(self, number: int, memory: bytes, ordinal: int) -> None:
        """A dead life is brought back."""

    def stayed(self) -> None:
        """It couldn't go back after all."""

    def returned(self) -> None:
        """A life comes back to its mark."""

    def landed(self, number: int, findings: tuple[Finding, ...]) -> None:
        """What it found there."""

    def gone(self, number: int) -> None:
        """A mark is given up."""

    def leaving(self, error: BaseException | None) -> None:
        """The program is about to leave its ring."""

    def ended(self, error: BaseException | None) -> None:
        """It has left its ring."""

    def shown(self) -> None:
        """All output was shown, by the last process."""

    def died(self) -> None:
        """The program has died, as the last process finds."""

    def pack(self, value: object) -> bytes:
        """What is remembered, as it travels; raises RingError where it can't."""
        try:
            return _dumps(value, PICKLE_PROTOCOL)
        except Exception as error:
            raise RingError(
                f"remember={type(value).__name__} can't be pickled ({type(error).__name__}: {error}); "
                "remember plain data, such as numbers, texts, lists and dicts"
            ) from None

    def unpack(self, memory: bytes) -> Any:
        """What was remembered."""
        return _loads(memory)
