"""Text from programs, made fit for one line of a terminal.

Labels, options and messages come from the program under test: they may hold control characters, line breaks, or characters that take
two columns. Nothing of that may reach the terminal as it is.
"""

import unicodedata
from textwrap import wrap

from rich.cells import cell_len, set_cell_size

from crossroads.faces.terminal.glyphs import ELLIPSIS

ESCAPED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"))
"""Categories of characters that move the cursor, hide or reorder text, or can't be written."""

HARD_SPACE = "\N{NO-BREAK SPACE}"

LENGTH_MAX = 10_000
"""Characters of one text that are looked at; no line shows more."""


def clean(text: str) -> str:
    """The text on one line, what isn't printable as its escape: "a\\nb" for a line break."""
    return "".join(_escape(character) for character in text[:LENGTH_MAX])


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, its end replaced by an ellipsis where it is longer."""
    if cell_len(text) <= width:
        return text
    room = max(0, width - cell_len(ELLIPSIS))
    return set_cell_size(text, room).rstrip() + ELLIPSIS if width >= cell_len(ELLIPSIS) else set_cell_size(text, width)


def cut_start(text: str, width: int) -> str:
    """The text in at most `width` columns, its beginning replaced where it is longer: for paths, whose end says more."""
    if cell_len(text) <= width:
        return text
    kept = text[-max(1, width) :]
    while kept and cell_len(kept) > width - cell_len(ELLIPSIS):
        kept = kept[1:]
    return ELLIPSIS + kept


def pad(text: str, width: int, right: bool = False) -> str:
    """The text filled with spaces to `width` columns."""
    filling = " " * max(0, width - cell_len(text))
    return filling + text if right else text + filling


def fold(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Prose in lines of at most `width` columns; the first begins with `indent`, the others with `hanging` (the same, if None).

    A number stays on one line with its percent sign.
    """
    lines = wrap(
        text.replace(" %", HARD_SPACE + "%"),
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )
    return [line.replace(HARD_SPACE, " ") for line in lines]


def _escape(character: str) -> str:
    if " " <= character <= "~":
        return character
    if unicodedata.category(character) in ESCAPED:
        return character.encode("unicode_escape").decode("ascii")
    return character
