"""Messages as arrows between lanes: from what was under way at the points that were looked at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final

from crossroads.analysis.lives import Moment
from crossroads.faces.page.data import Arrow, Lanes
from crossroads.faces.page.words import short

ARROWS_MAX: Final = 400
LANES_MAX: Final = 12
LABEL_CHARS_MAX: Final = 500

_SENT = re.compile(r"(?P<sender>.+?) -> (?P<receiver>.+?)(?:, (?P<text>.*))?", re.DOTALL)


@dataclass(slots=True)
class _Flight:
    label: str
    text: str
    sent: float
    landed: float | None
    point: int
    gone: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.label, self.text


def lanes_of(doomed: Sequence[Moment], survivor: Sequence[Moment]) -> tuple[Lanes | None, Lanes | None]:
    """The lanes of both lives, with the same names in the same order; None where nothing was sent between any two."""
    one, other = _flights(doomed), _flights(survivor)
    names = list(dict.fromkeys(name for flight in (*one, *other) for name in _ends(flight)))[:LANES_MAX]
    if not names:
        return None, None
    same = _same(_order(one), _order(other))
    return _lanes(names, one, same), _lanes(names, other, same)


def _lanes(names: list[str], flights: list[_Flight], same: set[tuple[str, str]]) -> Lanes:
    arrows = [_arrow(names, flight, flight.key not in same) for flight in flights if (ends := _ends(flight)) and set(ends) <= set(names)]
    return Lanes(tuple(short(name, 60) for name in names), tuple(arrows[-ARROWS_MAX:]))


def _arrow(names: list[str], flight: _Flight, differs: bool) -> Arrow:
    sender, receiver = _ends(flight)
    found = _SENT.fullmatch(flight.label)
    text = " ".join(part for part in ((found["text"] if found else "") or "", flight.text) if part)
    landed = None if flight.landed is None else round(flight.landed, 9)
    return Arrow(
        names.index(sender), names.index(receiver), short(text, 80), round(flight.sent, 9), landed, flight.point, flight.gone, differs
    )


def _ends(flight: _Flight) -> tuple[str, ...]:
    found = _SENT.fullmatch(flight.label)
    return (found["sender"], found["receiver"]) if found else ()


def _flights(moments: Sequence[Moment]) -> list[_Flight]:
    """Each message once, in the order in which they were sent; it has landed by the first look that doesn't find it any more."""
    under_way: dict[tuple[str, float], _Flight] = {}
    found: list[_Flight] = []
    for moment in moments:
        seen: dict[tuple[str, float], dict[str, Any]] = {}
        for row in moment.state.get("messages", ()):
            seen[str(row["label"])[:LABEL_CHARS_MAX], float(row["sent"])] = row
        for key in [key for key in under_way if key not in seen]:
            flight = under_way.pop(key)
            now, flight.gone = moment.point.time, moment.point.index
            flight.landed = now if flight.landed is None else min(flight.landed, now)
        for key, row in seen.items():
            flight_or_none = under_way.get(key)
            if flight_or_none is None:
                flight_or_none = under_way[key] = _Flight(key[0], str(row["text"])[:LABEL_CHARS_MAX], key[1], None, moment.point.index)
                found.append(flight_or_none)
            if row["due"] is not None:
                flight_or_none.landed = float(row["due"])
    end = moments[-1].point.time if moments else 0.0
    for flight in under_way.values():
        if flight.landed is not None and flight.landed > end:
            flight.landed = None
    return sorted((replace_landed(flight) for flight in found), key=lambda flight: (flight.sent, flight.label))


def replace_landed(flight: _Flight) -> _Flight:
    """The flight, landing no earlier than it was sent."""
    return flight if flight.landed is None else replace(flight, landed=max(flight.landed, flight.sent))


def _order(flights: Sequence[_Flight]) -> list[tuple[str, tuple[str, str]]]:
    """What was sent and what arrived, in the order in which it happened."""
    happened = [(flight.sent, 0, "sent", flight.key) for flight in flights]
    happened += [(flight.landed, 1, "landed", flight.key) for flight in flights if flight.landed is not None]
    return [(what, key) for _, _, what, key in sorted(happened)]


def _same(one: Sequence[tuple[str, tuple[str, str]]], other: Sequence[tuple[str, tuple[str, str]]]) -> set[tuple[str, str]]:
    """Messages that both lives send and receive at the same place in the order of all."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    matched = [happened for block in matcher.get_matching_blocks() for happened in one[block.a : block.a + block.size]]
    wanted = {key: [what for what, other_key in one if other_key == key] for _, key in one}
    both = {key: [what for what, other_key in other if other_key == key] for _, key in other}
    return {key for _, key in matched if sorted(what for what, k in matched if k == key) == sorted(wanted[key]) == sorted(both[key])}
