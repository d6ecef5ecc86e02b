"""Faults that a program was allowed and never can meet: told, so that nobody takes it for having survived them."""

from collections.abc import Sequence
from typing import Final

from crossroads.snapshots.run import Run

LOOKED_AT: Final = 4
"""Futures that are lived with a look at their points; whatever is sent in one may meet a fault."""

FAULT_LABEL: Final = "fault on "
"""How a choice of the world's own faults begins; on a wire that the program made lossy it is another."""

SAID: Final = {
    "crash": (" without power ", " killed "),
    "partition": ("wire cut ",),
    "reset": ("connection reset",),
    "loss": ("lost", "doubled", "overtaken"),
}
"""What the options of each kind of fault have in them."""

NEEDS: Final = {
    "crash": "a crash needs a host beside localhost that runs a part of the program",
    "partition": "a partition two hosts that talk",
    "reset": "a reset a connection",
    "loss": "a loss datagrams",
}


def idle_faults(kinds: Sequence[str], runs: Sequence[Run]) -> str:
    """A sentence on the kinds of faults that nothing in these runs could have met; "" where there are none.

    Args:
        kinds: the faults that are allowed.
        runs: traced at all points.
    """
    offered = [option for run in runs for point in run.trace if point.label.startswith(FAULT_LABEL) for option in point.options]
    idle = [kind for kind in kinds if not any(mark in option for option in offered for mark in SAID[kind])]
    if not idle:
        return ""
    hint = "; crossroads.world.host makes hosts" if {"crash", "partition"} & set(idle) else ""
    return f"nothing in this program could meet a {' or a '.join(idle)}: {', '.join(NEEDS[kind] for kind in idle)}{hint}"
