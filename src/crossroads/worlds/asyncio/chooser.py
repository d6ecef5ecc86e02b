"""What the world's traffic asks of the run that it is in."""

from collections.abc import Sequence
from typing import Any, Protocol

from crossroads.snapshots.live import Locate
from crossroads.timeline.hashing import Four
from crossroads.timeline.points import PointKind


class Said(str):
    """An option that reports show as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Chooser(Protocol):
    """Who settles what isn't determined: a run of crossroads."""

    @property
    def units(self) -> object:
        """Another object as soon as `four` gives other numbers."""

    def took(self, seconds: float) -> None:
        """How long what was chosen last takes, where that was drawn."""

    def choose(
        self,
        kind: PointKind,
        label: object,
        options: Sequence[Any],
        weights: Sequence[float] | None,
        locate: Locate | None = None,
        u: float | None = None,
    ) -> int: ...

    def event(self, label: str, actor: Any = None, locate: Locate | None = None) -> None: ...

    def four(self, name: str) -> Four: ...
