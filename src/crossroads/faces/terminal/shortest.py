"""The shortest way to a failure, with which its report begins: a calm run but for a few choices, each with what calm would have been."""

from collections import Counter

from rich.text import Text

from crossroads.analysis.results import Shrunk, ShrunkStep
from crossroads.faces.terminal.lines import QUIET, View, line, opened, prose
from crossroads.faces.terminal.numbers import count
from crossroads.faces.terminal.texts import clean, cut
from crossroads.faces.terminal.words import LABEL_WIDTH, at

OPENING = "Shortest way there:"

ALL = 9
"""Choices that are shown at most; one that needs more than these has no short way."""


def shortest_way(shrunk: Shrunk | None, view: View, wanted: int = ALL) -> list[Text]:
    """What leads there, a choice a line; [] where it wasn't looked for.

    Args:
        shrunk: the shortest way.
        view: what it has to fit into.
        wanted: choices that are shown, the others are counted.
    """
    if shrunk is None:
        return []
    has_calm = bool(shrunk.timeline.epochs[0].calm)
    lines = opened(OPENING, in_words(shrunk) + ("; --shrunk replays it." if has_calm else "."), view)
    told = Counter(step_in_words(step) for step in shrunk.steps)
    for words, times in list(told.items())[:wanted]:
        lines += prose(words + (f" ({times} times)" if times > 1 else ""), view, "  ", "    ")
    hidden = sum(list(told.values())[wanted:])
    if hidden > 0:
        lines.append(line(f"  and {count(hidden, 'more choice')}", QUIET))
    return lines


def in_words(shrunk: Shrunk) -> str:
    """What it consists of, as the end of a sentence."""
    epoch = shrunk.timeline.epochs[0]
    if not epoch.calm:
        return "no calm run is known that fails this way"
    drawn = "what the program draws itself" if epoch.calm == "all" else "times and random numbers drawn"
    if not shrunk.steps:
        return f"a calm run fails, by {drawn} with seed {epoch.seed}" if shrunk.seeded else "a calm run fails, each choice at its likeliest"
    fewer = "" if shrunk.minimal else ", where fewer may do"
    beside = f", and {drawn} with seed {epoch.seed}" if shrunk.seeded else ""
    return f"{count(len(shrunk.steps), 'choice')} over a calm run{fewer}{beside}"


def step_in_words(step: ShrunkStep) -> str:
    """A choice with what it took, and what calm would have been: "route" (boat.py:16 in main): 'open sea', not 'coast'."""
    return f'"{cut(clean(step.label), LABEL_WIDTH)}"{at(step.where)}: {contrast(clean(step.option), clean(step.calm))}'


def contrast(option: str, calm: str) -> str:
    """One text and not another; what both end with is said once: "after the timeout, not before"."""
    taken, other = option.split(" "), calm.split(" ")
    shared = 0
    while shared < min(len(taken), len(other)) - 1 and taken[-shared - 1] == other[-shared - 1]:
        shared += 1
    return f"{option}, not {' '.join(other[: len(other) - shared])}"
