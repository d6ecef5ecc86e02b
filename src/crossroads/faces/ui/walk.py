"""The tree of futures that was walked from one failure: lives, each of which left another at a point, and how they are drawn.

It lives as long as the server, and knows of processes and pages nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from crossroads.analysis.results import Failure
from crossroads.errors import SettingError
from crossroads.faces.page.words import name_of, place_of, short
from crossroads.faces.terminal.words import title
from crossroads.snapshots.run import Run
from crossroads.timeline.formats import from_data, to_data
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

LIVES_MAX: Final = 120
"""Of one tree; more can't be looked through."""

STEPS_MAX: Final = 300
"""Points of one life that are listed, choices first."""

OPTIONS_MAX: Final = 12

WIDE, ROW, EDGE = 1000, 46, 24
"""Of the drawing: its width, the height of a life, the margin at both sides."""


@dataclass(slots=True, eq=False)
class Life:
    """One life, or several that ended the same way, of which it is the first.

    Args:
        number: its name in addresses; 0 is the failing run itself.
        timeline: that lives it again.
        title: how it ended.
        kind: "same" failure, "other" trouble, or "passed".
        parent: the life that it left; None for the failing run.
        point: where.
        took: what it took there, in words.
        count, futures: how many of how many futures from there ended so.
        steps: the points at which it can be left, as `steps_of` gives them.
    """

    number: int
    timeline: Timeline
    title: str
    kind: str
    parent: int | None = None
    point: int = 0
    took: str = ""
    count: int = 1
    futures: int = 1
    steps: list[dict[str, Any]] = field(default_factory=list)


class Tree:
    """All lives that were walked to from one failure.

    Args:
        failure: where it begins.
    """

    def __init__(self, failure: Failure) -> None:
        timeline = failure.timeline
        self.lives = [Life(0, timeline, short(title(failure.outcome)), "same")]

    def life(self, number: int) -> Life:
        """The life of this number.

        Raises:
            SettingError: there is none.
        """
        if not 0 <= number < len(self.lives):
            raise SettingError(f"life={number} isn't one of the {len(self.lives)} that were lived here; choose one that is shown")
        return self.lives[number]

    def check_room(self) -> None:
        """Raise SettingError where no more lives can be shown."""
        if len(self.lives) >= LIVES_MAX:
            raise SettingError(f"{LIVES_MAX} lives are shown, and more couldn't be told apart; begin the walk anew")

    def grow(self, parent: int, point: int, option: int | None, endings: list[dict[str, Any]]) -> int:
        """Add what became of the futures from a point.

        Returns:
            The number of the most frequent of them.
        """
        took = self._words(parent, point, option)
        futures = sum(ending["count"] for ending in endings)
        first = len(self.lives)
        # The same asked again is the same again.
        known = [life for life in self.lives if (life.parent, life.point, life.took, life.futures) == (parent, point, took, futures)]
        if known:
            return known[0].number
        for ending in endings:
            self.lives.append(
                Life(
                    len(self.lives),
                    from_data(ending["timeline"]),
                    ending["title"],
                    ending["kind"],
                    parent,
                    point,
                    took,
                    ending["count"],
                    futures,
                    ending["steps"],
                )
            )
        return first

    def _words(self, parent: int, point: int, option: int | None) -> str:
        step = next((step for step in self.lives[parent].steps if step["point"] == point), None)
        if option is None or step is None:
            return "drawn anew"
        return str(step["options"][option]) if option < len(step["options"]) else f"option {option}"

    def rows(self) -> list[Life]:
        """The lives as they are drawn, each below the one that it left."""

        def below(life: Life) -> Iterator[Life]:
            yield life
            for child in self.lives:
                if child.parent == life.number:
                    yield from below(child)

        return list(below(self.lives[0]))

    def drawing(self) -> dict[str, Any]:
        """The tree as lines: each life from where it left its parent to its end, left to right along the points."""
        rows = self.rows()
        row_of = {life.number: row for row, life in enumerate(rows)}
        last = max(max(life.timeline.points, life.point + 1) for life in rows)

        def x(point: int) -> float:
            return round(EDGE + (WIDE - 2 * EDGE) * point / last, 1)

        lines = [
            {
                "life": life,
                "begin": x(life.point),
                "end": max(x(life.timeline.points), x(life.point) + 8),
                "y": ROW * row + 30,
                "parent_y": ROW * row_of[life.parent] + 30 if life.parent is not None else None,
                "thick": round(2 + 5 * life.count / life.futures, 1),
                "right": x(life.point) > WIDE * 0.55,
            }
            for row, life in enumerate(rows)
        ]
        return {"lines": lines, "wide": WIDE, "high": ROW * len(rows) + 10}


def steps_of(run: Run) -> list[dict[str, Any]]:
    """The points at which a life can be left, as JSON has them: its choices, then whatever else isn't moot, in order."""
    open_points = [point for point in run.trace if not point.moot and point.kind != "end"]
    choices = [point for point in open_points if len(point.options) > 1]
    others = [point for point in open_points if len(point.options) <= 1]
    room = STEPS_MAX - len(choices)
    if room <= 0:
        kept = choices[-STEPS_MAX:]
    else:
        kept = choices + (others if len(others) <= room else [others[number * len(others) // room] for number in range(room)])
    return [
        {
            "point": point.index,
            "what": name_of(point.kind, point.label),
            "where": place_of(point.where),
            "options": [short(option, 80) for option in point.options[:OPTIONS_MAX]],
            "taken": point.taken,
        }
        for point in sorted(kept, key=lambda point: point.index)
    ]


def ending_of(count: int, run: Run, failure: Outcome) -> dict[str, Any]:
    """What a process says of futures that ended the same way."""
    kind = "same" if run.outcome.origin == failure.origin else "other" if run.outcome.is_failure else "passed"
    return {
        "count": count,
        "title": short(title(run.outcome)),
        "kind": kind,
        "timeline": to_data(run.timeline),
        "steps": steps_of(run),
    }
