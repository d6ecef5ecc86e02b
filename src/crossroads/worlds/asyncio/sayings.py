"""Options of the world's choices as reports show them."""

from typing import Final


class Said(str):
    """An option that reports show as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


POSITIONS: Final = ("before", "just before", "together with", "just after", "after")
"""Where an arrival falls beside its rival."""

WAKES: Final = (Said("in time"), Said("late, together with what follows"))
ORDERS: Final = (Said("as they became ready"), Said("the other way round"))
KEEPS: Final = (Said("keeps up"), Said("lags"))
