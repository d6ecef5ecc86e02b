"""`date.today`, `datetime.now` and `datetime.utcnow` by the run's clock.

The methods are exchanged in the C types themselves, whose dictionaries the collector can reach: there is one `datetime` class, as in stock
Python, whoever bound its name and however early.
"""

import ctypes
import datetime
import gc
from collections.abc import Callable
from typing import Any

_UTC = datetime.timezone.utc  # noqa: UP017


def exchange_methods(wall_seconds: Callable[[], float]) -> Callable[[], None]:
    """Let the dates of this interpreter be those of a clock.

    Args:
        wall_seconds: seconds since 1970 by the run's clock.

    Returns:
        A function that puts the stock methods back.
    """

    def today(cls: Any) -> Any:
        """Current date or datetime."""
        return cls.fromtimestamp(wall_seconds())

    def now(cls: Any, tz: Any = None) -> Any:
        """Current time, in the zone tz."""
        return cls.fromtimestamp(wall_seconds(), tz)

    def utcnow(cls: Any) -> Any:
        """Current time in UTC, without a zone."""
        return cls.fromtimestamp(wall_seconds(), _UTC).replace(tzinfo=None)

    stock = [
        _exchange(datetime.date, "today", classmethod(today)),
        _exchange(datetime.datetime, "now", classmethod(now)),
        _exchange(datetime.datetime, "utcnow", classmethod(utcnow)),
    ]

    def put_back() -> None:
        for owner, name, method in stock:
            _exchange(owner, name, method)

    return put_back


def _exchange(owner: type, name: str, method: Any) -> tuple[type, str, Any]:
    """Put a method into a C type; what was there before."""
    (namespace,) = (item for item in gc.get_referents(owner.__dict__) if isinstance(item, dict))
    before, namespace[name] = namespace[name], method
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
    return owner, name, before
