"""From what a server tells of a future, and what the future itself has left, to a Run.

What a future leaves is written by a process in which the program under test lives: it is checked as data.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from crossroads.errors import TargetError
from crossroads.snapshots import wire
from crossroads.snapshots.endings import sudden_end
from crossroads.snapshots.run import Choice, Run
from crossroads.timeline.outcomes import OUTCOME_KINDS, PASSED, Outcome
from crossroads.timeline.points import POINT_KINDS, Point
from crossroads.timeline.timelines import Timeline

HUNG: Final = ["hung", "wall limit", "did not end within its wall limit", "", None]


def runs_from(timelines: Sequence[Timeline], message: wire.Message, python: str) -> list[Run]:
    """The runs of timelines that one process was to live one after the other, as far as it came.

    Args:
        timelines: as they were ordered, at least one.
        message: of its server: seconds, output, whether a limit came first, wait status, processes left; with the results enclosed.
        python: version of the interpreter.

    Returns:
        At least one. Where the process ended otherwise than on purpose the last is the future that ended it. Where there are several,
        none has output, as nobody knows whose it is.

    Raises:
        TargetError: the program can't be called.
    """
    results = message.get(wire.ENCLOSED)
    results = results[: len(timelines)] if isinstance(results, list) else []
    if results and isinstance(results[0], dict) and "refused" in results[0]:
        raise TargetError(str(results[0]["refused"][1]))
    told = [*zip(timelines, results, strict=False)]
    seconds = message["seconds"] / max(len(told), 1)
    output = message["output"] if len(timelines) == 1 else ""
    runs = [lived(timeline, result, python, seconds, output) for timeline, result in told]
    if len(runs) < len(timelines) and not (runs and runs[-1].remains):
        end = HUNG if message["late"] else sudden_end(message["status"])
        runs.append(lived(timelines[len(runs)], {"outcome": end}, python, seconds, output))
    left = message["left"]
    if left and len(timelines) > 1:
        runs[-1] = replace(runs[-1], remains="child processes")
    elif left and runs[-1].outcome.kind == "passed":
        text = f"{left} process{'es' if left > 1 else ''} that it had started still ran after its end"
        runs[-1] = replace(runs[-1], timeline=replace(runs[-1].timeline, outcome=Outcome("left behind", message=text)))
    return runs


def killed_its_supervisor(timeline: Timeline) -> Run:
    """Said only of a timeline that has done so twice: a snapshot may also die of another's deed, or for want of memory."""
    outcome = Outcome("crashed", "SIGKILL", "killed the process that watched over it")
    return Run(replace(timeline, outcome=outcome))


def lived(timeline: Timeline, result: Any, python: str, seconds: float = 0.0, output: str = "") -> Run:
    """The run of a timeline from the result that its process has left, of so many seconds and with this output."""
    try:
        if isinstance(result, list):
            return _lived_briefly(timeline, result, python, seconds)
        return _lived(timeline, result, python, seconds, output)
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError):
        # Only the program can have written that.
        outcome = Outcome("crashed", "result", "left a result that can't be read")
        return Run(replace(timeline, outcome=outcome), seconds=seconds, output=output)


def _lived_briefly(timeline: Timeline, result: list[Any], python: str, seconds: float) -> Run:
    digest, points, drawn, marks, cpu_s = result
    found = Timeline(
        timeline.target,
        timeline.epochs,
        timeline.overrides,
        timeline.world,
        PASSED,
        str(digest),
        int(points),
        _short(python),
        timeline.code,
        timeline.named,
    )
    return Run(found, (), bool(drawn), seconds, "", (), int(marks), cpu_s=float(cpu_s))


def _lived(timeline: Timeline, result: dict[str, Any], python: str, seconds: float, output: str) -> Run:
    kind, exception, message, where, code = result["outcome"]
    assert kind in OUTCOME_KINDS
    found = replace(
        timeline,
        outcome=Outcome(kind, str(exception), str(message), str(where), None if code is None else int(code)),
        digest=str(result.get("digest", "")),
        points=int(result.get("points", 0)),
        python=_short(python),
    )
    return Run(
        found,
        choices=tuple(Choice(int(p), int(t), int(n), float(w)) for p, t, n, w in result.get("choices", ())),
        drawn=bool(result.get("drawn", True)),
        seconds=seconds,
        output=output,
        trace=tuple(_point(record) for record in result.get("trace", ())),
        marks=int(result.get("marks", 0)),
        libraries=tuple(str(name) for name in result.get("libraries", ())),
        remains=str(result.get("stop", "")),
        cpu_s=float(result.get("cpu_s", 0.0)),
        lines=tuple((str(file), int(line)) for file, line in result.get("lines", ())),
        time=float(result.get("time", 0.0)),
        unsimulated=str(result.get("unsimulated", "")),
    )


@cache
def _short(python: str) -> str:
    """The version on which the same timeline is the same run: "3.13" of "3.13.0"."""
    return ".".join(python.split(".")[:2])


def _point(record: dict[str, Any]) -> Point:
    assert record["kind"] in POINT_KINDS
    return Point(
        int(record["index"]),
        record["kind"],
        str(record["label"]),
        str(record["where"]),
        float(record["time"]),
        tuple(str(option) for option in record.get("options", ())),
        record.get("taken"),
        tuple(float(weight) for weight in record.get("weights", ())),
        bool(record.get("moot", False)),
        str(record.get("name", "")),
        int(record.get("occurrence", 0)),
        str(record.get("draws", "")),
        None if (took := record.get("took")) is None else float(took),
        tuple(str(text) for text in record.get("ran_out", ())),
    )
