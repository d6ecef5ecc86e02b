"""What travels along with a ring: parts that look at the world at a mark, and put it right or name what is wrong after a return.

The ring calls all of its companions, in the order in which they are listed; the ring itself knows nothing of files, sockets or clocks.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol, runtime_checkable

from crossroads.rings.findings import Finding


class Companion(Protocol):
    """Something that takes part in marks and returns. Its own state goes back with the program's: what must not has to be outside of it."""

    def marked(self, mark: int) -> None:
        """In the life that marks, just before the fork; the numbers of marks only grow."""

    def returning(self, mark: int, force: bool) -> None:
        """In the life that wants to go back, before anything is lost; may refuse by raising CrossroadsError."""

    def returned(self, mark: int) -> Sequence[Finding]:
        """In the new life, right after the return: puts right what it can, and names the rest."""

    def ended(self) -> Sequence[Finding]:
        """In the last life, at the end of the ring."""


@runtime_checkable
class Releasing(Protocol):
    """A companion that keeps something outside of the ring's processes."""

    def release(self) -> None:
        """Remove it, if it is still there; by whichever process of the ring comes last."""


@runtime_checkable
class Objecting(Protocol):
    """A companion that has a say where a life is brought home that didn't ask for it."""

    def objection(self, mark: int) -> str:
        """Why a return to this mark would do harm, "" if it wouldn't; asked in any process of the ring."""


HOMES: Final = ("irreversible:Commitments", "protection:Protection", "landing:Landing", "leaks:Leaks")
"""The usual companions, in the order in which they are called: "module:Class", made without arguments for each ring."""


def assembled() -> list[Companion]:
    """The usual companions, new."""
    found: list[Companion] = []
    for home in HOMES:
        module, _, name = home.partition(":")
        found.append(getattr(import_module(f"crossroads.rings.{module}"), name)())
    return found


def objection(companions: Sequence[Companion], mark: int) -> str:
    """The first that one of them has, "" if none has any."""
    return next((text for one in companions if isinstance(one, Objecting) and (text := one.objection(mark))), "")


def load() -> None:
    """Import them, so that they know the machine's own clock and entropy, before a world replaces these."""
    for home in HOMES:
        import_module(f"crossroads.rings.{home.partition(':')[0]}")


def release(companions: Sequence[Companion]) -> None:
    """In the process that comes last: remove what no life could, because the last one died; what was prepared before the first is known."""
    for companion in companions:
        if isinstance(companion, Releasing):
            companion.release()
