"""What a replay shows: the watched values point by point, and at its end whether it was the same run again."""

import math
from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossroads.faces.terminal.lines import BAD, GOOD, HEADING, View, blocks, line, prose
from crossroads.faces.terminal.numbers import clock, count
from crossroads.faces.terminal.texts import clean, cut, pad
from crossroads.faces.terminal.words import at, place, title
from crossroads.timeline.formats import to_data
from crossroads.timeline.timelines import Timeline

if TYPE_CHECKING:
    from crossroads.analysis.replay import Replay, Watched

POINT_WIDTH, TIME_WIDTH, LABEL_WIDTH = 9, 10, 20
HEADINGS = ("point", "time", "label", "value")


def watched_heading() -> Text:
    """The heading over the watched values."""
    return line(_columns(*HEADINGS), HEADING)


def watched_line(watched: "Watched", width: int) -> str:
    """One point: its index, world time, label, and the value there or the error that the expression raised."""
    value = clean(watched.error or watched.text)
    return cut(_columns(str(watched.point), clock(watched.time), clean(watched.label) or watched.kind, value), width)


def watched_to_data(watched: "Watched") -> dict[str, Any]:
    """One point as a JSON object; "error" is there only where the expression raised one."""
    data: dict[str, Any] = {
        "point": watched.point,
        "kind": watched.kind,
        "label": watched.label,
        "where": watched.where,
        "time": watched.time,
        "value": _writable(watched.value),
    }
    if watched.error:
        data["error"] = watched.error
    return data


def replay_to_data(replay: "Replay") -> dict[str, Any]:
    """The timeline as it was lived now and as it was recorded, and whether they are the same run."""
    stopped = None if replay.stopped is None else watched_to_data(replay.stopped)
    return {"same": replay.same, "stopped": stopped, "timeline": to_data(replay.timeline), "expected": to_data(replay.expected)}


def replay_report(replay: "Replay", view: View) -> list[Text]:
    """How the replay ended, beside what was recorded where that is another run.

    Args:
        replay: any.
        view: what it has to fit into.
    """
    if not replay.same:
        return blocks(
            prose("Diverged: this is not the run that was recorded.", view, style=BAD),
            _both(replay.expected, replay.timeline, view),
            prose(
                "Either the program, Python or a package has changed since, or it uses something that isn't under control: "
                "a real file, another process, a thread.",
                view,
            ),
        )
    outcome = replay.timeline.outcome
    stopped = replay.stopped
    if stopped is not None and outcome is None:
        where = place(stopped.point, stopped.kind, stopped.label, stopped.where)
        return prose(f"Stopped at {where}, {count(replay.expected.points - stopped.point, 'point')} before the end.", view)
    bad = outcome is not None and outcome.is_failure
    return prose(f"The same run again, {_ending(replay.timeline)}.", view, style=BAD if bad else GOOD)


def _both(expected: Timeline, lived: Timeline, view: View) -> list[Text]:
    return prose(f"recorded: {_ending(expected)}", view, "  ", "    ") + prose(f"now:      {_ending(lived)}", view, "  ", "    ")


def _ending(timeline: Timeline) -> str:
    points = count(timeline.points, "point")
    if timeline.outcome is None:
        return f"{points}, its end unknown"
    return f"{points}: {title(timeline.outcome)}{at(timeline.outcome.where)}"


def _columns(point: str, time: str, label: str, value: str) -> str:
    return f"{pad(point, POINT_WIDTH, True)}  {pad(time, TIME_WIDTH, True)}  {pad(cut(label, LABEL_WIDTH), LABEL_WIDTH)}  {value}".rstrip()


def _writable(value: Any) -> Any:
    """A JSON value with numbers that JSON doesn't have (infinite, not a number) as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {str(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    return value
