"""Timelines: what fully determines one run, whatever its length. Pure values; reading and writing them as JSON is in `formats`."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from crossroads.timeline.outcomes import Outcome

FAULT_KINDS: Final = ("crash", "partition", "reset", "loss")
"""What may go wrong in a world where it is allowed, in the order in which settings have it."""


Calm = Literal["", "choices", "all"]

CALMS: Final[tuple[str, ...]] = get_args(Calm)


@dataclass(frozen=True, slots=True)
class Epoch:
    """From this point on everything that isn't overridden is drawn from this seed.

    Args:
        point: index of the point, 0 <= point.
        seed: 0 <= seed < 2**64.
        calm: what isn't drawn but takes its ordinary course: "choices" (the likeliest option, the first of equals), "all" (what the world
            draws beside choices, as latencies, is typical, too), or nothing. What the program draws by itself always comes from the seed.
    """

    point: int
    seed: int
    calm: Calm = ""


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
class NamedOverride:
    """At the choice of this name, at whichever point it is met, this option is taken, whatever the seed says.

    Unlike an override by point it holds where other choices come or go before it, and in another version of the program.

    Args:
        name: of the choice, as the program or the world gave it.
        occurrence: how many choices of this name come before it, 0 <= occurrence.
        option: index of the option, 0 <= option.
        text: of the option; the one of this text is taken where there is one, else the one of this index. "" where the index alone counts.
    """

    name: str
    occurrence: int
    option: int
    text: str = ""


Past = tuple[tuple[Epoch, ...], tuple[Override, ...], tuple[NamedOverride, ...]]
"""What determines a run on its way to a point."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What a program runs in, and the settings that change which run a timeline is.

    Args:
        name: "plain" here; later worlds have names of their own.
        points: what makes points beside choices: "marks", "events" (of SimPy, gymnasium, where a program doesn't mark), or "draws".
        step_limit: points after which a run counts as hung.
        faults: those of `FAULT_KINDS` that the world may let happen, in that order; asyncio's alone has any.
        cancel: the coroutine whose awaits are points at which it may be cancelled, by the name of its function or task; "" for none.
    """

    name: str = "plain"
    points: str = "marks"
    step_limit: int = 10_000_000
    faults: tuple[str, ...] = ()
    cancel: str = ""


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
        named: overrides by name, each name and occurrence once; an override by point counts before them.
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
    named: tuple[NamedOverride, ...] = ()

    def branch(self, point: int, seed: int | None = None, option: int | None = None) -> "Timeline":
        """The timeline with this one's past up to `point` and, from there on, another future, not lived yet.

        Args:
            point: where it leaves this timeline; the choice made there is still open. Overrides by name hold there as well.
            seed: a new epoch begins there; None goes on with the present epoch.
            option: the option to take there, where it is a choice point; None draws it.
        """
        epochs, overrides, _ = self.past(point)
        if seed is not None:
            epochs += (Epoch(point, seed),)
        else:
            epochs += tuple(epoch for epoch in self.epochs if epoch.point == point)
        if option is not None:
            overrides += (Override(point, option),)
        # Not `replace`, which takes three times as long: a branch is made for each future.
        return Timeline(self.target, epochs, overrides, self.world, None, "", 0, self.python, self.code, self.named)

    def past(self, point: int) -> Past:
        """What determines the run on its way to `point`, epochs and overrides at the point itself excluded."""
        if point <= 0:
            return (), (), ()
        return (
            tuple(epoch for epoch in self.epochs if epoch.point < point),
            tuple(override for override in self.overrides if override.point < point),
            self.named,
        )

    @property
    def branch_point(self) -> int:
        """Where this timeline last takes a turn of its own: the largest point of its epochs and overrides."""
        return max(self.epochs[-1].point, self.overrides[-1].point if self.overrides else 0)
