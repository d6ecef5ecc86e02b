"""What adaptors tell of each event."""

from types import GeneratorType
from typing import Any, Protocol


class OnEvent(Protocol):
    """Called before an event is processed."""

    def __call__(self, label: str, time: float | None, actor: "GeneratorType[Any, Any, Any] | None" = None) -> None:
        """Take note of an event.

        Args:
            label: what happens, and to whom.
            time: in the simulation's own units; None where it has none.
            actor: the generator that the event resumes, where the program stands; None where it stands in the present frame.
        """
