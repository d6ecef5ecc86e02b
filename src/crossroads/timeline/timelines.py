"""Timelines: what fully determines one run, whatever its length. Pure values; reading and writing them as JSON is in `formats`."""

from dataclasses import dataclass, field, replace
from typing import Final

from crossroads.timeline.outcomes import Outcome

FAULT_KINDS: Final = ("crash", "partition", "reset", "loss")
"""What may go wrong in a world where it is allowed, in the order in which settings have it."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """From this point on everything that isn't overridden is drawn from this seed.

    Args:
        point: index of the point, 0 <= point.
        seed: 0 <= seed < 2**64.
    """

    point: int
    seed: int


@dataclass(frozen=True, slots=True)
class Override:
    """At this choice point this option is taken, whatever the seed says.

    Args:
        point: index of the choice point, 1 <= point.
        option: index of the option, 0 <= option; one that the choice doesn't have makes the run diverge.
    """

    point: int
    option: int


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What a program runs in, and the settings that change which run a timeline is.

    Args:
        name: "plain" here; later worlds have names of their own.
        points: what makes points beside choices: "marks", "events" (of SimPy, gymnasium, where a program doesn't mark), or "draws".
        step_limit: points after which a run counts as hung.
        faults: those of `FAULT_KINDS` that the world may let happen, in that order; asyncio's alone has any.
    """

    name: str = "plain"
    points: str = "marks"
    step_limit: int = 10_000_000
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """What fully determines one run, and how it ended when it was lived.

    Args:
        target: "path.py:function" or "package.module:function".
        epochs: in order of their points, the first at point 0.
        overrides: in order of their points.
        world: what it runs in.
        outcome: None before it was lived.
        digest: hexadecimal digest of the run, "" before it was lived.
        points: index n of the end, so that its points are 0..n; 0 before it was lived.
        python: "3.13" and the like: the versions on which the same timeline is the same run.
        code: digest of the target's source at the time, "" where unknown.
    """

    target: str
    epochs: tuple[Epoch, ...]
    overrides: tuple[Override, ...] = ()
    world: WorldSettings = field(default_factory=WorldSettings)
    outcome: Outcome | None = None
    digest: str = ""
    points: int = 0
    python: str = ""
    code: str = ""

    def branch(self, point: int, seed: int | None = None, option: int | None = None) -> "Timeline":
        """The timeline with this one's past up to `point` and, from there on, another future, not lived yet.

        Args:
            point: where it leaves this timeline; the choice made there is still open.
            seed: a new epoch begins there; None goes on with the present epoch.
            option: the option to take there, where it is a choice point; None draws it.
        """
        epochs, overrides = self.past(point)
        if seed is not None:
            epochs += (Epoch(point, seed),)
        else:
            epochs += tuple(epoch for epoch in self.epochs if epoch.point == point)
        if option is not None:
            overrides += (Override(point, option),)
        return replace(self, epochs=epochs, overrides=overrides, outcome=None, digest="", points=0)

    def past(self, point: int) -> tuple[tuple[Epoch, ...], tuple[Override, ...]]:
        """The epochs and overrides that determine the run on its way to `point`, those at the point itself excluded."""
        return (
            tuple(epoch for epoch in self.epochs if epoch.point < point),
            tuple(override for override in self.overrides if override.point < point),
        )

    @property
    def branch_point(self) -> int:
        """Where this timeline last takes a turn of its own: the largest point of its epochs and overrides."""
        return max(self.epochs[-1].point, self.overrides[-1].point if self.overrides else 0)
