"""Points of no return that a program names itself: what is done there can't be taken back, and isn't gone back past by accident."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from crossroads import program
from crossroads.errors import RingError
from crossroads.rings.findings import Finding
from crossroads.rings.record import MARKED, RETURNED, Record

__all__ = ["Commitments", "allow", "forbid", "irreversible"]

Confirm = Callable[[str], object]
_DONE: Final = "done"


class _Current:
    """The commitments of the ring that this process is in, and who else is to be told before something is done."""

    __slots__ = ("commitments", "told")

    def __init__(self) -> None:
        self.commitments: Commitments | None = None
        self.told: Callable[[str], None] | None = None


def allow(what: str) -> bool:
    """A confirmation hook: it may be done."""
    return True


def forbid(what: str) -> bool:
    """A confirmation hook: it may not be done."""
    return False


@contextmanager
def irreversible(what: str, *, confirm: Callable[[str], object] | None = None) -> Iterator[None]:
    """Name a point of no return in the program: what is done inside can't be taken back.

    In a ring it is recorded when it begins. Going back to a mark before it is refused then, unless forced, and what was left done is
    named after such a return. Outside of a ring nothing is recorded.

    Args:
        what: is done, in words that a message can quote.
        confirm: is asked with `what` before anything is done; what it returns must be true. By default the hook of the ring if it has
            one; else it is allowed, but forbidden while futures are explored.

    Raises:
        RingError: it was not confirmed; nothing has been done.

    Example:
        >>> with irreversible("send invoice"):
        ...     print("sent")
        sent
    """
    commitments = current.commitments
    asked = confirm or (commitments.confirm if commitments is not None else None)
    is_exploring = program.current.run is not None
    if asked is None:
        asked = forbid if is_exploring else allow
    if not asked(what):
        while_ = " while futures are explored" if is_exploring and asked is forbid else ""
        raise RingError(f'"{what}" can\'t be taken back and was not confirmed{while_}; give irreversible() a confirm= that allows it')
    if current.told is not None:
        current.told(what)
    if commitments is not None:
        commitments.add(what)
    yield


class Commitments:
    """The companion of a ring that refuses to go back past what can't be taken back.

    Args:
        confirm: the hook for all that is irreversible in this ring and has none of its own.
    """

    def __init__(self, confirm: Confirm | None = None) -> None:
        self.confirm = confirm
        self._record = Record()
        current.commitments = self

    def add(self, what: str) -> None:
        """Note that it is being done."""
        self._record.add(_DONE, what)

    def since(self, mark: int) -> list[str]:
        """What was done since a mark, in order, and hasn't been gone back past yet; known in every process of the ring."""
        return [value for name, value in self._record.lived_since(mark) if name == _DONE]

    def marked(self, mark: int) -> None:
        """Note where it is in the order of things."""
        self._record.add(MARKED, mark)

    def returning(self, mark: int, force: bool) -> None:
        """Refuse to go back past something, unless forced.

        Raises:
            RingError: there is something.
        """
        text = "" if force else self.objection(mark)
        if text:
            raise RingError(f"going back {text}; use force=True to go back all the same")

    def objection(self, mark: int) -> str:
        """What would be left done, as the end of a sentence; "" where there is nothing."""
        names = " and ".join(f'"{what}"' for what in dict.fromkeys(self.since(mark)))
        return f"would leave {names} done, which can't be taken back" if names else ""

    def returned(self, mark: int) -> Sequence[Finding]:
        """Name what has been left done."""
        findings = _findings(self.since(mark))
        self._record.add(RETURNED, mark)
        return findings

    def ended(self) -> Sequence[Finding]:
        """Name all that was left done by lives that went back."""
        done = [value for name, value in self._record.entries() if name == _DONE]
        for what in self.since(0):
            done.remove(what)
        self._record.close()
        if current.commitments is self:
            current.commitments = None
        return _findings(done)


def _findings(done: Sequence[str]) -> list[Finding]:
    return [
        Finding("irreversible", what, f'"{what}" was done in a life that went back, and stays done', False) for what in dict.fromkeys(done)
    ]


current = _Current()
