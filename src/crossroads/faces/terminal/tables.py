"""Tables without lines: columns side by side, as wide as their texts need and no wider than they may be."""

from dataclasses import dataclass

from rich.cells import cell_len

from crossroads.faces.terminal.texts import cut, cut_start, pad

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        title: its heading; "" for none.
        right: whether its texts end at the same place, as numbers do.
        width_min: to how many columns of the terminal it may shrink; 0 never shrinks.
        keep_end: whether a text that is too long loses its beginning, as paths do.
    """

    title: str
    right: bool = False
    width_min: int = 0
    keep_end: bool = False


def table(columns: list[Column], rows: list[list[str]], width: int, indent: str = "") -> list[str]:
    """A heading line and one line for each row, of at most `width` columns where the shrinkable columns allow it.

    Args:
        columns: at least one.
        rows: each as long as `columns`, texts of one line.
        width: of a whole line, its indent included.
        indent: begins each line.
    """
    widths = [max(cell_len(text) for text in (column.title, *(row[at] for row in rows))) for at, column in enumerate(columns)]
    _shrink(widths, columns, width - len(indent) - len(GAP) * (len(columns) - 1))
    lines = [[column.title for column in columns], *rows]
    return [indent + GAP.join(_cell(text, column, size) for text, column, size in zip(line, columns, widths, strict=True)).rstrip()
            for line in lines]  # fmt: skip


def _shrink(widths: list[int], columns: list[Column], room: int) -> None:
    """Take columns of the terminal from the widest shrinkable column, one at a time, until all fit or none can give more."""
    while sum(widths) > room:
        able = [at for at, column in enumerate(columns) if column.width_min and widths[at] > column.width_min]
        if not able:
            return
        widths[max(able, key=lambda at: widths[at])] -= 1


def _cell(text: str, column: Column, width: int) -> str:
    short = cut_start(text, width) if column.keep_end else cut(text, width)
    return pad(short, width, column.right)
