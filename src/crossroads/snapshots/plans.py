"""What one life of a program is to do: which epochs and options, where to look. Plans travel to snapshots as JSON."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from crossroads.timeline.timelines import Calm, Timeline

BARE: Final = -2
"""Pause of an interpreter in which the world is installed and the program isn't imported yet."""

LOADED: Final = -1
"""Pause of a process that has imported the program and not called it yet."""

_dumps = json.dumps
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
"""What json.loads comes down to; a future that has just been forked pays for each page that it touches."""

Traced = Literal["none", "all", "lines"] | tuple[int, ...]


class Reach(NamedTuple):
    """How far a life has come, or may: to a point, and to a world time in seconds; as a limit, 0 is none."""

    point: int = 0
    time: float = 0.0


NO_LIMIT: Final = Reach()


@dataclass(slots=True)
class Plan:
    """Epochs and overrides by point, and what to record on the way.

    Args:
        epochs: seed and calm by point.
        overrides: option by choice point.
        named: option and its text by name and occurrence of the choice.
        trace: indices of the points to record, "all" (the first TRACE_MAX), "none"; or "lines", the program's own source lines instead.
        explain_end: whether to print the traceback of a failing end, as the interpreter would.
        is_brief: whether nothing but digest and counts is to be told of a life that passes.
        until: a life that goes on up to this point, or beyond this world time, is given up, so that it "hung".
    """

    epochs: dict[int, tuple[int, Calm]] = field(default_factory=dict)
    overrides: dict[int, int] = field(default_factory=dict)
    trace: Traced = "none"
    explain_end: bool = False
    named: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    is_brief: bool = False
    until: Reach = NO_LIMIT

    @classmethod
    def of(
        cls, timeline: Timeline, since: int = BARE, trace: Traced = "none", explain_end: bool = False, until: Reach = NO_LIMIT
    ) -> "Plan":
        """The part of a timeline that lies at the point `since` or later."""
        return cls(
            {epoch.point: (epoch.seed, epoch.calm) for epoch in timeline.epochs if epoch.point >= since},
            {override.point: override.option for override in timeline.overrides if override.point >= since},
            trace,
            explain_end,
            {(one.name, one.occurrence): (one.option, one.text) for one in timeline.named},
            until=until,
        )

    def to_message(self) -> dict[str, Any]:
        return {
            "epochs": [(point, seed, calm) if calm else (point, seed) for point, (seed, calm) in self.epochs.items()],
            "overrides": list(self.overrides.items()),
            "trace": self.trace,
            "explain_end": self.explain_end,
            **({"named": [(*name, *option) for name, option in self.named.items()]} if self.named else {}),
            **({"until": self.until} if self.until != NO_LIMIT else {}),
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Plan":
        trace = message["trace"]
        traced: Traced = trace if trace in ("none", "all", "lines") else tuple(trace)
        epochs: dict[int, tuple[int, Calm]] = {point: (seed, calm[0] if calm else "") for point, seed, *calm in message["epochs"]}
        named = {(name, occurrence): (option, text) for name, occurrence, option, text in message.get("named", ())}
        return cls(epochs, dict(message["overrides"]), traced, message["explain_end"], named, until=Reach(*message.get("until", NO_LIMIT)))


def text_of_lot(timelines: Iterable[Timeline]) -> str:
    """JSON for the process that is to live these timelines from the start, telling of them briefly: mostly a number for each, its seed."""
    plans: list[Any] = []
    for timeline in timelines:
        first = timeline.epochs[0]
        is_plain = len(timeline.epochs) == 1 and not (timeline.overrides or timeline.named or first.calm)
        plans.append(first.seed if is_plain else Plan.of(timeline).to_message())
    return _dumps(plans, separators=(",", ":"))


def text_of(plans: Iterable[Plan]) -> str:
    """JSON for the process that is to live these plans."""
    return _dumps([plan.to_message() for plan in plans], separators=(",", ":"))


def read_plans(text: str) -> list[Any]:
    """What a text that `text_of` or `text_of_lot` has made has for each plan; thousands of plans at once would fill many pages."""
    plans: list[Any] = _scan(text, 0)[0]
    return plans


def plan_from(one: Any) -> Plan:
    """The plan of such a thing."""
    return Plan.from_message(one) if isinstance(one, dict) else Plan({0: (one, "")}, is_brief=True)
