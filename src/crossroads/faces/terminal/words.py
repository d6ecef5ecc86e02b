"""How things of the design are called in a sentence: outcomes, points, whose choice something was."""

from crossroads.faces.terminal.sources import package_place
from crossroads.faces.terminal.texts import clean, cut, cut_start
from crossroads.timeline.outcomes import Outcome

KIND_WORDS = {
    "start": "the start",
    "mark": "mark",
    "event": "event",
    "draw": "draw",
    "decide": "decision",
    "chance": "chance",
    "schedule": "order",
    "latency": "latency",
    "fault": "fault",
    "end": "the end",
}


LABEL_WIDTH = 76
PLACE_WIDTH = 60
"""Columns that a label or a place may take within a sentence."""


def title(outcome: Outcome) -> str:
    """What happened, on one line: "ValueError: no such boat", "crashed: SIGSEGV", "exit code 3", "passed"."""
    text = clean(" ".join(outcome.message.split()))
    if outcome.kind == "failed":
        return ": ".join(part for part in (clean(outcome.exception), text) if part) or "failed"
    if outcome.kind == "exited":
        return f"exit code {outcome.code}" + (f": {text}" if text and text != str(outcome.code) else "")
    parts = [outcome.kind, *dict.fromkeys(part for part in (clean(outcome.exception), text) if part)]
    return parts[0] if len(parts) == 1 else f"{parts[0]}: {', '.join(parts[1:])}"


def name_of(kind: str, label: str) -> str:
    """What stands at a point: 'decision "route"', 'mark "step"', "the start"."""
    word = KIND_WORDS.get(kind, clean(kind))
    return f'{word} "{cut(clean(label), LABEL_WIDTH)}"' if label and kind not in ("start", "end") else word


def place(point: int, kind: str, label: str, where: str) -> str:
    """A point in a sentence: 'point 20, mark "step" (boat.py:14 in sail)'."""
    words = [f"point {point}"]
    name = name_of(kind, label)
    if name and kind:
        words.append(name)
    return ", ".join(words) + at(where)


def labelled(point: int, label: str, where: str) -> str:
    """A point whose kind isn't told: 'point 20 "step" (boat.py:14 in sail)'."""
    return f"point {point}" + (f' "{cut(clean(label), LABEL_WIDTH)}"' if label else "") + at(where)


def at(where: str) -> str:
    """A place in brackets, with a space before it; "" where it is unknown."""
    return f" ({cut_start(package_place(where), PLACE_WIDTH)})" if where else ""


def chooser(kind: str) -> str:
    """Whose choice a choice point of that kind was."""
    return "the program's choice" if kind == "decide" else "the world's choice"


def sentence(text: str) -> str:
    """The text on one line, with a full stop at its end."""
    words = clean(" ".join(text.split()))
    return words if words.endswith((".", "!", "?", ":")) or not words else words + "."
