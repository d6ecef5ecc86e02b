"""The companions that every ring has, in the order in which they have to be told."""

from dataclasses import dataclass

from crossroads.rings.companions import Companion
from crossroads.rings.irreversible import Commitments, Confirm
from crossroads.rings.landing import Landing
from crossroads.rings.leaks import Leaks
from crossroads.rings.protection import Protection

__all__ = ["Safeguards", "safeguards"]


@dataclass(frozen=True, slots=True)
class Safeguards:
    """One ring's companions.

    Attributes:
        commitments: refuses to go back past what can't be taken back; first, so that a refusal comes before any note of a return.
        protection: puts files back; before the two that look at files.
        landing: checks the rest of the world.
        leaks: records effects.
    """

    commitments: Commitments
    protection: Protection
    landing: Landing
    leaks: Leaks

    @property
    def companions(self) -> list[Companion]:
        """All of them, in order."""
        return [self.commitments, self.protection, self.landing, self.leaks]

    def release(self) -> None:
        """Remove what would stay behind, where the life that should have ended the ring can't: from whichever process comes last."""
        self.protection.release()


def safeguards(confirm: Confirm | None = None) -> Safeguards:
    """Open them, for a ring that begins.

    Args:
        confirm: the ring's hook for what is irreversible.

    Raises:
        RingError: what is protected is protected by another ring, too, or can't be copied anywhere.
    """
    protection = Protection()
    return Safeguards(Commitments(confirm), protection, Landing(protection), Leaks(protection))
