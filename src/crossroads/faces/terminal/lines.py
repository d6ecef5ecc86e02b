"""Lines of a report: text with a few styles, which vanish where colours aren't wanted."""

from dataclasses import dataclass

from rich.text import Text

from crossroads.faces.terminal.texts import fold

HEADING = "bold"
BAD = "red"
GOOD = "green"
QUIET = "dim"
SIGN = "bold cyan"
COMMAND = "bold cyan"
RULE_STYLE = "dim"

WIDTH_MIN = 72
WIDTH_MAX = 100
LINES_MAX = 45


@dataclass(frozen=True, slots=True)
class View:
    """What a report has to fit into.

    Args:
        width: columns of a line, WIDTH_MIN <= width <= WIDTH_MAX.
        lines_max: of the report of one failure, which leaves out details rather than take more.
        options: what commands that the reader is given have to be told as well, like "--store boats.sqlite".
        before: what has to stand before them, like "PYTEST_ADDOPTS='-o asyncio_mode=auto'".
    """

    width: int = 88
    lines_max: int = LINES_MAX
    options: str = ""
    before: str = ""

    def command(self, verb: str, *words: str) -> str:
        """A command that works as it is pasted: "crossroads replay 3fa9c2d1"."""
        return " ".join(part for part in (self.before, "crossroads", verb, *words, self.options) if part)


def line(text: str = "", style: str = "") -> Text:
    """One line in one style."""
    return Text(text, style=style)


def prose(text: str, view: View, indent: str = "", hanging: str | None = None, style: str = "") -> list[Text]:
    """Sentences, folded to the width of the view."""
    return [line(part, style) for part in fold(text, view.width, indent, hanging)]


def opened(opening: str, rest: str, view: View, style: str = HEADING) -> list[Text]:
    """Sentences that open with emphasised words, following lines indented."""
    lines = prose(f"{opening} {rest}", view, hanging="  ")
    lines[0].stylize(style, 0, len(opening))
    return lines


def command(words: str, what: str) -> Text:
    """A command on a line of its own, after what it does; never folded, so that it can be pasted."""
    return Text.assemble(f"  {what}  ", (words, COMMAND))


def blocks(*parts: list[Text]) -> list[Text]:
    """The parts that aren't empty, with an empty line between each two."""
    lines: list[Text] = []
    for part in parts:
        if part and lines:
            lines.append(line())
        lines.extend(part)
    return lines
