"""The asyncio world: unmodified async programs, every feasible future and no impossible one."""
