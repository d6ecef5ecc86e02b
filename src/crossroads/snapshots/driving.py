"""One thread that drives the work of several engines: waits for whichever can go on."""

import select
import time
from collections.abc import Sequence

from crossroads.snapshots.engine import Steps, Wait


def drive(all_steps: Sequence[Steps[None]]) -> None:
    """Do the work of several engines at once, to the end of all."""
    poll = select.poll()
    waiting: dict[int, tuple[Steps[None], Wait, float]] = {}

    def advance(steps: Steps[None], ready: bool | None) -> None:
        try:
            wait = next(steps) if ready is None else steps.send(ready)
        except StopIteration:
            return
        descriptor = wait.channel.fileno()
        poll.register(descriptor, select.POLLIN)
        waiting[descriptor] = (steps, wait, time.monotonic() + wait.timeout_s)

    for steps in all_steps:
        advance(steps, None)
    while waiting:
        first = min(deadline for _, _, deadline in waiting.values())
        found = {descriptor for descriptor, _ in poll.poll(max(0.0, first - time.monotonic()) * 1000)}
        now = time.monotonic()
        due = [descriptor for descriptor, (_, _, deadline) in waiting.items() if descriptor in found or deadline <= now]
        for descriptor in due:
            steps, _, _ = waiting.pop(descriptor)
            poll.unregister(descriptor)
            advance(steps, descriptor in found)
