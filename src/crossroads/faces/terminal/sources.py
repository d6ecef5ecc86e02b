"""Where something stands in the program, and the lines of source around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crossroads.faces.terminal.texts import clean

FILE_BYTES_MAX = 4_000_000
"""Larger files aren't read for an excerpt."""

PLACE = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,9})(?: in (?P<function>.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of an excerpt.

    Args:
        number: counted from 1.
        text: without its indentation common to the excerpt, tabs expanded, fit to print.
        meant: whether it is the line that the excerpt is about.
    """

    number: int
    text: str
    meant: bool


def excerpt(where: str, target: str = "", before: int = 2, after: int = 2) -> tuple[SourceLine, ...]:
    """The lines around a place, as the file is now.

    Args:
        where: "file:line in function"; a relative file is looked for here and beside the target.
        target: "path.py:function" or "package.module:function".
        before, after: lines wanted on each side, 0 <= each; fewer at the ends of the file.

    Returns:
        The lines in order; () where the place is unknown, or the file can't be read or is shorter than that.
    """
    found = PLACE.fullmatch(where)
    if found is None:
        return ()
    line = int(found["line"])
    lines = file_lines(found["file"], target)
    if not 1 <= line <= len(lines):
        return ()
    first = max(1, line - before)
    last = min(len(lines), line + after)
    while last > line and not lines[last - 1].strip():
        last -= 1
    texts = [lines[number - 1].expandtabs(4) for number in range(first, last + 1)]
    indent = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    return tuple(SourceLine(number, clean(text[indent:].rstrip()), number == line) for number, text in enumerate(texts, first))


def file_lines(file: str, target: str = "") -> list[str]:
    """The lines of a source file, as `excerpt` finds it; [] where it can't be read."""
    return next((lines for path in _candidates(file, target) if (lines := _read(path))), [])


def short_place(where: str) -> str:
    """A place with its file's path relative to the working directory where that is shorter."""
    found = PLACE.fullmatch(where)
    if found is None:
        return clean(where)
    path = Path(found["file"])
    here = Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        path = path.relative_to(here)
    function = f" in {found['function']}" if found["function"] else ""
    return clean(f"{path}:{found['line']}{function}")


def package_place(where: str) -> str:
    """The same, of an installed package's file from the package on."""
    return short_place(where).rpartition("-packages/")[2]


def _candidates(file: str, target: str) -> Iterator[Path]:
    path = Path(file)
    yield path
    beside = Path(target.rpartition(":")[0])
    if not path.is_absolute() and beside.suffix == ".py":
        yield beside.parent / path


def _read(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            return []
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return []
