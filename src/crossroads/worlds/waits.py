"""asyncio's waits on the run's clock: time that is spent waiting for a timer passes on that clock, not on the machine's.

Without this, a loop whose clock stands still would wait for its timers again and again. Where something else than a timer can end the wait
(a socket, a process, a thread) the wait is real, and the clock moves if it runs out.
"""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

_active_count = threading.active_count

OWN_FILES: int = 1
"""What a loop of asyncio watches for itself: the socket through which threads and signals wake it."""


def make_selectors(selectors: Any, advance: Callable[[float], None]) -> ModuleType:
    """A stand-in for the module `selectors` whose DefaultSelector moves the clock.

    Args:
        selectors: the module.
        advance: moves the run's clock by seconds >= 0.
    """
    stock_class: Any = selectors.DefaultSelector

    def select(self: Any, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return stock_class.select(self, timeout)
        alone = len(self.get_map()) <= OWN_FILES and _active_count() == 1
        ready = stock_class.select(self, 0 if alone else timeout)
        if not ready:
            advance(timeout)
        return ready

    stand_in = ModuleType("selectors", selectors.__doc__)
    vars(stand_in).update(vars(selectors))
    vars(stand_in)["DefaultSelector"] = type(stock_class.__name__, (stock_class,), {"select": select})
    return stand_in
