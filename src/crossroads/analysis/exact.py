"""The account of a failure whose every future was lived: exact numbers, no sampling."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossroads.analysis.enumeration import Leaf
from crossroads.analysis.path import Path
from crossroads.timeline.points import Point


@dataclass(slots=True)
class Mass:
    """Probability of what passes a spot, and of the part that fails."""

    failed: float = 0.0
    all: float = 0.0
    leaves: int = 0
    failed_leaves: int = 0

    @property
    def q(self) -> float:
        """P(this failure | the spot)."""
        return self.failed / self.all if self.all else 0.0


def masses(leaves: Sequence[Leaf], path: Path) -> tuple[list[Mass], dict[tuple[int, int], Mass]]:
    """The probability of failing at each step of the path, and at each option of its choice points.

    Args:
        leaves: all futures from the start.
        path: the failing run.

    Returns:
        By step, and by (choice point, option).
    """
    taken = {point.index: point.taken for point in path.choices}
    steps = [Mass() for _ in range(path.count)]
    options: dict[tuple[int, int], Mass] = {}
    for leaf in leaves:
        leaves_path_at = path.end
        for choice in leaf.choices:
            if choice.point in taken and choice.taken != taken[choice.point]:
                leaves_path_at = choice.point
                break
        for step in range(path.step_of(leaves_path_at) + 1):
            _add(steps[step], leaf)
        for choice in leaf.choices:
            if choice.point > leaves_path_at:
                break
            if choice.point in taken:
                _add(options.setdefault((choice.point, choice.taken), Mass()), leaf)
    return steps, options


def _add(mass: Mass, leaf: Leaf) -> None:
    weight = leaf.weight
    mass.all += weight
    mass.leaves += 1
    if leaf.failed:
        mass.failed += weight
        mass.failed_leaves += 1


def survivor_of(leaves: Sequence[Leaf], path: Path, point: Point) -> Leaf | None:
    """A leaf that leaves the failing run at this choice point and ends well; the likeliest of them."""
    taken = {choice.index: choice.taken for choice in path.choices}
    found = [
        leaf
        for leaf in leaves
        if not leaf.run.outcome.is_failure
        and all(choice.taken == taken.get(choice.point) for choice in leaf.choices if choice.point < point.index)
        and any(choice.point == point.index and choice.taken != point.taken for choice in leaf.choices)
    ]
    return max(found, key=lambda leaf: leaf.weight, default=None)
