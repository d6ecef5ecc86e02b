"""Which of a program's timers ran out where: what a turning point has led to, in words that the program's author knows."""

from collections.abc import Sequence
from typing import Final

from crossroads.analysis.path import Path
from crossroads.timeline.points import Point

TIMEOUT: Final = "the timeout"
"""How the world begins to speak of a timer that gives up waiting for something."""


def ran_out_next(path: Path, point: Point) -> tuple[str, ...]:
    """The timers that ran out between a point and the next, where the option taken there doesn't say so.

    All of them where it was drawn what comes together, else the timeouts.
    """
    taken = point.options[point.taken] if point.taken is not None else ""
    known = path.point(point.index + 1).ran_out
    return tuple(text for text in known if text and (text.startswith(TIMEOUT) or point.kind == "schedule") and text not in taken)


def first_only_here(failing: Path, surviving: Sequence[Point], since: int) -> str:
    """The first timeout that ran out in the failing run behind a point, before its end, and never there in a survivor; "" for none."""
    if not surviving or surviving[-1].kind != "end":
        return ""
    met = {text for point in surviving if point.index > since for text in point.ran_out}
    if "" in met:
        return ""
    found = (text for index in range(since + 1, failing.end) for text in failing.point(index).ran_out)
    return next((text for text in found if text.startswith(TIMEOUT) and text not in met), "")
