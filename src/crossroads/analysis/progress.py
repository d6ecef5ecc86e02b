"""What a long analysis says while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from crossroads.analysis.results import Account


@dataclass(frozen=True, slots=True)
class Progress:
    """Where exploring, explaining or shrinking stands.

    Args:
        stage: what is going on.
        done: futures lived.
        total: futures planned, or the budget; 1 <= total.
        rate: futures per second of wall time.
        found: different failures found so far.
        seconds_left: an estimate; None where there is none.
        note: what is being looked for, a few words.
    """

    stage: Literal["exploring", "explaining", "shrinking", "verifying"]
    done: int
    total: int
    rate: float
    found: int
    seconds_left: float | None
    note: str = ""


OnProgress = Callable[[Progress], None]

OnAccount = Callable[[Account], None]
