"""From what a server tells of a future, and what the future itself has left, to a Run.

What a future leaves is written by a process in which the program under test lives: it is checked as data.
"""

from dataclasses import replace
from typing import Any, Final

from crossroads.errors import TargetError
from crossroads.snapshots import wire
from crossroads.snapshots.endings import sudden_end
from crossroads.snapshots.run import Choice, Run
from crossroads.timeline.outcomes import OUTCOME_KINDS, Outcome
from crossroads.timeline.points import POINT_KINDS, Point
from crossroads.timeline.timelines import Timeline

HUNG: Final = ["hung", "wall limit", "did not end within its wall limit", "", None]


def run_from(timeline: Timeline, message: wire.Message, python: str) -> Run:
    """The run of a timeline.

    Args:
        timeline: as it was ordered.
        message: of its server: seconds, output, whether its limit came first, wait status, processes it left; with its result enclosed.
        python: version of the interpreter.

    Raises:
        TargetError: the program can't be called.
    """
    result = message.get(wire.ENCLOSED)
    if not isinstance(result, dict):
        result = {"outcome": HUNG if message["late"] else sudden_end(message["status"])}
    elif "refused" in result:
        raise TargetError(str(result["refused"][1]))
    run = lived(timeline, result, python)
    left = message["left"]
    if left and run.outcome.kind == "passed":
        text = f"{left} process{'es' if left > 1 else ''} that it had started still ran after its end"
        run = replace(run, timeline=replace(run.timeline, outcome=Outcome("left behind", message=text)))
    return replace(run, seconds=message["seconds"], output=message["output"])


def killed_its_supervisor(timeline: Timeline) -> Run:
    """Said only of a timeline that has done so twice: a snapshot may also die of another's deed, or for want of memory."""
    outcome = Outcome("crashed", "SIGKILL", "killed the process that watched over it")
    return Run(replace(timeline, outcome=outcome))


def lived(timeline: Timeline, result: dict[str, Any], python: str) -> Run:
    """The run of a timeline from the result that its process has left."""
    try:
        return _lived(timeline, result, python)
    except (KeyError, TypeError, ValueError, AssertionError):
        # Only the program can have written that.
        return Run(replace(timeline, outcome=Outcome("crashed", "result", "left a result that can't be read")))


def _lived(timeline: Timeline, result: dict[str, Any], python: str) -> Run:
    kind, exception, message, where, code = result["outcome"]
    assert kind in OUTCOME_KINDS
    found = replace(
        timeline,
        outcome=Outcome(kind, str(exception), str(message), str(where), None if code is None else int(code)),
        digest=str(result.get("digest", "")),
        points=int(result.get("points", 0)),
        python=".".join(python.split(".")[:2]),
    )
    return Run(
        found,
        choices=tuple(Choice(int(p), int(t), int(n), float(w)) for p, t, n, w in result.get("choices", ())),
        drawn=bool(result.get("drawn", True)),
        trace=tuple(_point(record) for record in result.get("trace", ())),
        marks=int(result.get("marks", 0)),
        libraries=tuple(str(name) for name in result.get("libraries", ())),
    )


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
    )
