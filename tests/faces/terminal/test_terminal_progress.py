"""The progress line: what it says, that it fits, and that it is for terminals only."""

import io

import pytest

from crossroads.analysis.progress import Progress
from crossroads.faces.terminal.progress import ProgressLine, progress_line


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [10, 40, 79, 120])
def test_it_fits_the_terminal(width: int) -> None:
    progress = Progress("explaining", 9_999_999, 10_000_000, 1234.5, 12, 4000.0, "looking for turning points\n" * 3)
    assert len(progress_line(progress, width)) <= width


def test_it_says_how_far_it_is() -> None:
    text = progress_line(Progress("exploring", 500, 1000, 93.2, 2, 5.4), 79)
    assert text.startswith("exploring ━━━")
    assert "500 of 1000 futures, 93/s, 2 failures found, 5.4 s left" in text
    assert progress_line(Progress("explaining", 0, 0, 0.0, 0, None), 79).rstrip().endswith("0 futures")


def test_it_is_drawn_on_a_terminal_and_wiped_at_the_end() -> None:
    terminal = Terminal()
    with ProgressLine(terminal) as line:
        line.update(Progress("exploring", 500, 1000, 93.2, 2, 5.4))
        drawn = terminal.getvalue()
    assert "500 of 1000 futures" in drawn
    assert "\n" not in drawn
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_nothing_is_drawn_elsewhere() -> None:
    stream = io.StringIO()
    with ProgressLine(stream) as line:
        line.update(Progress("exploring", 500, 1000, 93.2, 2, 5.4))
    assert stream.getvalue() == ""
