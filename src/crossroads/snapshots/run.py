"""A run that was lived, as the engine hands it over."""

from dataclasses import dataclass

from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point
from crossroads.timeline.timelines import Timeline


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice that a run made.

    Args:
        point: index of the choice point.
        taken: index of the option taken.
        options: how many options there were.
        probability: of the option taken, when it is drawn; 0 < probability <= 1.
    """

    point: int
    taken: int
    options: int
    probability: float


@dataclass(frozen=True, slots=True)
class Run:
    """One lived timeline.

    Args:
        timeline: with outcome, digest and number of points.
        choices: made since the branch point, in order, the first CHOICES_MAX of them; () of a run that was lived together with others.
        drawn: whether entropy other than by choices was used since the branch point, so that choices alone don't fix the run.
        seconds: wall time from the branch.
        output: the last of what it printed, up to OUTPUT_BYTES_MAX, undecodable bytes replaced.
        trace: the points that were asked for, () otherwise.
        marks: how many marks were met.
        lines: (file, line) of the program's own that were executed since the last epoch, sorted; () unless they were asked for.
        remains: what it left in its process that another future couldn't be lived with: "threads", "child processes", "memory", or "".
        cpu_s: CPU time of its process up to its end, that of others before it in the same process included; 0 where it wasn't told.
        libraries: the libraries whose events could be points, as far as the program has imported them.
        time: world time at its end, seconds since its start; 0 where it wasn't told.
        unsimulated: the last thing that it asked for and the world doesn't have, as its exception says it; "" for none, and if it passed.
    """

    timeline: Timeline
    choices: tuple[Choice, ...] = ()
    drawn: bool = True
    seconds: float = 0.0
    output: str = ""
    trace: tuple[Point, ...] = ()
    marks: int = 0
    libraries: tuple[str, ...] = ()
    remains: str = ""
    lines: tuple[tuple[str, int], ...] = ()
    cpu_s: float = 0.0
    time: float = 0.0
    unsimulated: str = ""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        assert self.timeline.outcome is not None
        return self.timeline.outcome
