"""Crossroads: run the futures of a Python program from live snapshots, and explain the one that fails.

A program under test imports this package for `decide`, `chance` and `mark`; everything else is loaded when it is first used.
PYTEST_DONT_REWRITE: engines import it before pytest is there, which would warn that it comes too late to rewrite our assertions.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossroads.program import Mark, chance, decide, go_back, mark

if TYPE_CHECKING:
    from crossroads.analysis.explain import explain
    from crossroads.analysis.explore import explore
    from crossroads.analysis.judging import OtherFailure, Place
    from crossroads.analysis.progress import Progress
    from crossroads.analysis.replay import Replay, Watched, replay
    from crossroads.analysis.results import (
        Account,
        CurvePoint,
        Decision,
        Exploration,
        Failure,
        Moment,
        Option,
        PointOfNoReturn,
        Shrunk,
        ShrunkStep,
        Tally,
        TurningPoint,
        WayOut,
    )
    from crossroads.analysis.shrink import shrink
    from crossroads.analysis.sweep import sweep_cancel
    from crossroads.analysis.swept import Sweep, SweptAwait, SweptFailure
    from crossroads.analysis.verdict import Verdict
    from crossroads.analysis.verify import verify
    from crossroads.errors import CrossroadsError
    from crossroads.rings.findings import Finding
    from crossroads.rings.guards import Death, Guard
    from crossroads.rings.irreversible import irreversible
    from crossroads.rings.protection import protect
    from crossroads.rings.ring import ring
    from crossroads.snapshots.limits import Limits
    from crossroads.stats.probability import Probability
    from crossroads.timeline.outcomes import Outcome
    from crossroads.timeline.timelines import Timeline

_HOMES = {
    "Account": "analysis.results",
    "CrossroadsError": "errors",
    "CurvePoint": "analysis.results",
    "Death": "rings.guards",
    "Decision": "analysis.results",
    "Exploration": "analysis.results",
    "Failure": "analysis.results",
    "Finding": "rings.findings",
    "Guard": "rings.guards",
    "Limits": "snapshots.limits",
    "Moment": "analysis.results",
    "Option": "analysis.results",
    "OtherFailure": "analysis.judging",
    "Outcome": "timeline.outcomes",
    "Place": "analysis.judging",
    "PointOfNoReturn": "analysis.results",
    "Probability": "stats.probability",
    "Progress": "analysis.progress",
    "Replay": "analysis.replay",
    "Shrunk": "analysis.results",
    "ShrunkStep": "analysis.results",
    "Sweep": "analysis.swept",
    "SweptAwait": "analysis.swept",
    "SweptFailure": "analysis.swept",
    "Tally": "analysis.results",
    "Timeline": "timeline.timelines",
    "TurningPoint": "analysis.results",
    "Verdict": "analysis.verdict",
    "Watched": "analysis.replay",
    "WayOut": "analysis.results",
    "explain": "analysis.explain",
    "explore": "analysis.explore",
    "irreversible": "rings.irreversible",
    "protect": "rings.protection",
    "replay": "analysis.replay",
    "ring": "rings.ring",
    "shrink": "analysis.shrink",
    "sweep_cancel": "analysis.sweep",
    "verify": "analysis.verify",
}

__version__ = "0.1.0"

__all__ = [
    "Account",
    "CrossroadsError",
    "CurvePoint",
    "Death",
    "Decision",
    "Exploration",
    "Failure",
    "Finding",
    "Guard",
    "Limits",
    "Mark",
    "Moment",
    "Option",
    "OtherFailure",
    "Outcome",
    "Place",
    "PointOfNoReturn",
    "Probability",
    "Progress",
    "Replay",
    "Shrunk",
    "ShrunkStep",
    "Sweep",
    "SweptAwait",
    "SweptFailure",
    "Tally",
    "Timeline",
    "TurningPoint",
    "Verdict",
    "Watched",
    "WayOut",
    "chance",
    "decide",
    "explain",
    "explore",
    "go_back",
    "irreversible",
    "mark",
    "protect",
    "replay",
    "ring",
    "shrink",
    "sweep_cancel",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "world":
        return import_module("crossroads.world")
    if name not in _HOMES:
        raise AttributeError(f"module 'crossroads' has no attribute {name!r}")
    value = getattr(import_module(f"crossroads.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
