"""The asyncio world: unmodified async programs, every feasible future and no impossible one."""

from crossroads.worlds.asyncio.calm import CalmLoop, new_event_loop

__all__ = ["CalmLoop", "new_event_loop"]
