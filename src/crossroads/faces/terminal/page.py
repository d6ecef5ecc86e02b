"""Printing: lines to a stream, in colours where it is a terminal, and in signs that it can write."""

import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from crossroads.faces.terminal.glyphs import writable
from crossroads.faces.terminal.lines import WIDTH_MAX, WIDTH_MIN, View

PIPE_WIDTH = 88
"""Columns of a report that isn't read on a terminal."""

PIPE_TABLE_WIDTH = 1000
"""Columns of a table that isn't: programs that read it want whole texts."""


def view_of(stream: TextIO, options: str = "", wide: bool = False) -> View:
    """A view as wide as the terminal, within what reports can use.

    Args:
        stream: what will be printed to.
        options: as in View.
        wide: for tables: all of a wide terminal, and in a pipe as much as they need.
    """
    if not stream.isatty():
        return View(width=PIPE_TABLE_WIDTH if wide else PIPE_WIDTH, options=options)
    columns = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns
    return View(width=max(WIDTH_MIN, columns if wide else min(WIDTH_MAX, columns)), options=options)


def print_lines(lines: Iterable[Text], stream: TextIO | None = None) -> None:
    """Write the lines to the stream (stdout by default), none of them folded, and flush it."""
    out = sys.stdout if stream is None else stream
    console = Console(file=out, highlight=False, markup=False, emoji=False, soft_wrap=True, legacy_windows=False)
    encoding = getattr(out, "encoding", None)
    for text in lines:
        console.print(_fit(text, encoding), soft_wrap=True)
    out.flush()


def _fit(text: Text, encoding: str | None) -> Text:
    plain = writable(text.plain, encoding)
    if plain == text.plain:
        return text
    return Text(plain, style=text.style)
