"""The state at each point that was looked at, in rows of text that are kept once."""

from collections.abc import Mapping, Sequence
from typing import Any

from crossroads.analysis.lives import Moment
from crossroads.faces.page.curves import Texts
from crossroads.faces.page.data import States
from crossroads.faces.page.words import place_of, short

MOMENTS_MAX = 1_200
ROWS_MAX = 40
"""Of one kind at one point."""

BYTES_MAX = 500_000
"""Of all texts together; with more, every second point is left out until they fit."""

HEADINGS = {
    "tasks": "tasks, and where they wait",
    "messages": "on their way",
    "connections": "connections",
    "hosts": "hosts",
}


def states_of(moments: Sequence[Moment], watch: Sequence[str]) -> States | None:
    """What was true at each point; None where there is nothing to tell.

    Args:
        moments: of one life, in order.
        watch: the expressions, as they were given.
    """
    kinds = [kind for kind in HEADINGS if any(moment.state.get(kind) for moment in moments)]
    if all(len(moment.state.get("hosts", ())) <= 1 for moment in moments) and "hosts" in kinds:
        kinds.remove("hosts")
    if not moments or not (kinds or watch):
        return None
    kept = list(moments)
    while True:
        states = _states(kept, kinds, watch)
        size = sum(map(len, states.texts)) + 4 * sum(len(row) for rows in states.rows for row in rows)
        if (size <= BYTES_MAX and len(kept) <= MOMENTS_MAX) or len(kept) <= 2:
            return states
        kept = [*kept[:-1:2], kept[-1]]


def _states(moments: Sequence[Moment], kinds: Sequence[str], watch: Sequence[str]) -> States:
    texts = Texts()
    rows = tuple(tuple(tuple(texts.number(text) for text in _rows(moment, kind)) for kind in kinds) for moment in moments)
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


def _rows(moment: Moment, kind: str) -> list[str]:
    rows = moment.state.get(kind, [])
    shown = [_text(kind, row) for row in rows[:ROWS_MAX]]
    return shown if len(rows) <= ROWS_MAX else [*shown, f"and {len(rows) - ROWS_MAX} more"]


def _text(kind: str, row: Mapping[str, Any]) -> str:
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


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if abs(seconds) < 10 else f"{seconds:,.2f} s"
