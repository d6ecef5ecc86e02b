"""`datetime.date` and `datetime.datetime` that read the run's clock.

C types can't be changed, so subclasses take their places. Dates made by C code or before stay of the stock types; isinstance takes both
for both, comparison and arithmetic mix, and both are pickled as "datetime.date" and "datetime.datetime", whatever these are when loaded.
"""

import copyreg
import datetime
from collections.abc import Callable
from typing import Any, Final

_DATE: Final = datetime.date
_DATETIME: Final = datetime.datetime
_UTC: Final = datetime.timezone.utc  # noqa: UP017


def make_dates(wall_seconds: Callable[[], float]) -> tuple[dict[str, Any], Callable[[], None]]:
    """Make the two classes.

    Args:
        wall_seconds: seconds since 1970 by the run's clock.

    Returns:
        The classes by name, and a function that undoes what had to be registered for pickling.
    """

    def date_today(cls: Any) -> Any:
        return cls.fromtimestamp(wall_seconds())

    def now(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp(wall_seconds(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(wall_seconds(), _UTC).replace(tzinfo=None)

    date = _subclass(_DATE, {"today": classmethod(date_today)})
    moment = _subclass(_DATETIME, {"today": classmethod(date_today), "now": classmethod(now), "utcnow": classmethod(utcnow)})
    _register(date, moment)
    return {"date": date, "datetime": moment}, _unregister


def _subclass(stock: type, namespace: dict[str, Any]) -> Any:
    """A subclass that passes for the stock class: by name, and for isinstance of stock objects."""

    class Passing(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, stock) if cls is ours else type.__instancecheck__(cls, instance)

        def __subclasscheck__(cls, subclass: Any) -> bool:
            return issubclass(subclass, stock) if cls is ours else type.__subclasscheck__(cls, subclass)

    stock_repr: Any = stock.__repr__

    def represent(self: Any) -> str:
        # C code names a type that is made in Python without its module.
        text = str(stock_repr(self))
        return f"datetime.{text}" if type(self) is ours else text

    # Without a dict for each instance: a copy or pickle would carry it along.
    names = {"__module__": "datetime", "__doc__": stock.__doc__, "__slots__": (), "__repr__": represent}
    ours: Any = Passing(stock.__name__, (stock,), {**names, **namespace})
    return ours


def _register(date: Any, moment: Any) -> None:
    """Have stock dates pickled as what goes by their name now; pickle refuses a class that isn't found under its own name."""
    copyreg.pickle(_DATE, lambda value: (date, value.__reduce__()[1]))  # type: ignore[arg-type, return-value]
    copyreg.pickle(_DATETIME, lambda value: (moment, value.__reduce_ex__(4)[1]))  # type: ignore[arg-type, return-value]


def _unregister() -> None:
    for stock in (_DATE, _DATETIME):
        copyreg.dispatch_table.pop(stock, None)
