"""The state at each point that was looked at, in rows of text that are kept once."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from crossroads.analysis.lives import Moment
from crossroads.faces.page.curves import Texts
from crossroads.faces.page.data import States
from crossroads.faces.page.words import PLACE_CHARS_MAX, place_of, short
from crossroads.faces.terminal.sources import excerpt

MOMENTS_MAX = 1_200
ROWS_MAX = 40
"""Of one kind at one point."""

BYTES_MAX = 500_000
"""Of all texts together; with more, every second point is left out until they fit."""

HEADINGS = {
    "tasks": "tasks, and where they wait",
    "processes": "processes, and where they wait",
    "queues": "queues, and who waits at them",
    "locks": "locks and events, and who waits for them",
    "resources": "resources, and who waits for them",
    "messages": "on their way",
    "connections": "connections",
    "hosts": "hosts",
}

ASSIGNED = re.compile(r"\s*(?P<name>[A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_][\w.]*)*)\s*(?::[^=]+)?=[^=]")
"""What a line that makes something gives it as a name."""


class Names:
    """What the program calls its objects, as far as the line that made them says so.

    Args:
        target: beside which the source is looked for.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._known: dict[str, str] = {}

    def of(self, made: str) -> str:
        """The name given on the line of this place, "" where there is none."""
        if made not in self._known:
            found = next((ASSIGNED.match(short(line.text)) for line in excerpt(made[:PLACE_CHARS_MAX], self._target, 0, 0)), None)
            self._known[made] = "" if found is None else short(found["name"])
        return self._known[made]


def states_of(moments: Sequence[Moment], watch: Sequence[str], target: str = "") -> States | None:
    """What was true at each point; None where there is nothing to tell.

    Args:
        moments: of one life, in order.
        watch: the expressions, as they were given.
        target: beside which the program's source is looked for.
    """
    names = Names(target)
    kinds = [kind for kind in HEADINGS if any(moment.state.get(kind) for moment in moments)]
    if all(len(moment.state.get("hosts", ())) <= 1 for moment in moments) and "hosts" in kinds:
        kinds.remove("hosts")
    if not moments or not (kinds or watch):
        return None
    kept = list(moments)
    while True:
        states = _states(kept, kinds, watch, names)
        size = sum(map(len, states.texts)) + 4 * sum(len(row) for rows in states.rows for row in rows)
        if (size <= BYTES_MAX and len(kept) <= MOMENTS_MAX) or len(kept) <= 2:
            return states
        kept = [*kept[:-1:2], kept[-1]]


def _states(moments: Sequence[Moment], kinds: Sequence[str], watch: Sequence[str], names: Names) -> States:
    texts = Texts()
    rows = tuple(tuple(tuple(texts.number(text) for text in _rows(moment, kind, names)) for kind in kinds) for moment in moments)
    values = tuple(
        tuple(texts.number(short(value.text) if not value.error else f"raised {short(value.error)}") for value in moment.values)
        for moment in moments
    )
    return States(
        point=tuple(moment.point.index for moment in moments),
        kinds=tuple(HEADINGS[kind] for kind in kinds),
        texts=texts.all,
        rows=rows,
        watch=tuple(short(text) for text in watch),
        values=values,
    )


def _rows(moment: Moment, kind: str, names: Names) -> list[str]:
    rows = moment.state.get(kind, [])
    shown = [_text(kind, row, names) for row in rows[:ROWS_MAX]]
    return shown if len(rows) <= ROWS_MAX else [*shown, f"and {len(rows) - ROWS_MAX} more"]


def _text(kind: str, row: Mapping[str, Any], names: Names) -> str:
    if kind in ("queues", "locks", "resources"):
        return _held(row, names)
    if kind == "processes":
        event = f", for a {short(str(row['for']))}" if row["for"] else ""
        return f"{short(str(row['name']))} · {place_of(str(row['where'])) or 'about to run'}{event}"
    if kind == "tasks":
        host = f" on {short(str(row['host']))}" if row["host"] else ""
        return f"{short(str(row['name']))}{host} · {place_of(str(row['where'])) or 'about to run'}"
    if kind == "messages":
        due = row["due"]
        arrives = f"arrives at {_ms(due)}" if due is not None else "arrival open"
        return " ".join(
            part for part in (short(str(row["label"])), short(str(row["text"])), f"· sent at {_ms(row['sent'])}, {arrives}") if part
        )
    if kind == "connections":
        remote = f" ↔ {short(str(row['remote']))}" if row["remote"] else ""
        host = f"{short(str(row['host']))}: " if row["host"] != "localhost" else ""
        return f"{host}{short(str(row['local']))}{remote} · {row['state']}"
    return f"{short(str(row['name']))} · {row['state']}"


def _held(row: Mapping[str, Any], names: Names) -> str:
    """A queue, lock or resource: 'inbox (Queue) · 2 of 2 items · Task-1 waits to put · made at q.py:10 in main'."""
    kind, made = short(str(row["name"])), str(row["made"])
    name = names.of(made)
    waiting = [
        _waiting(str(what), [short(str(who)) for _, who in group]) for what, group in groupby(row["waiting"], key=lambda one: one[0])
    ]
    origin = [f"made at {place_of(made)}"] if made else []
    return " · ".join([f"{name} ({kind})" if name else kind, short(str(row["holds"])), *waiting, *origin])


def _waiting(what: str, names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'waits' if len(names) == 1 else 'wait'} to {short(what)}" if what else f"and {names[0]}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if abs(seconds) < 10 else f"{seconds:,.2f} s"
