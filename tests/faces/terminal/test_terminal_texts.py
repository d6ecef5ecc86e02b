"""Texts of programs under test, tables, excerpts and words: fit for one line, whatever they hold."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from crossroads.faces.terminal.glyphs import NUMBERS, writable
from crossroads.faces.terminal.sources import excerpt, short_place
from crossroads.faces.terminal.tables import Column, table
from crossroads.faces.terminal.texts import clean, cut, cut_start, fold
from crossroads.faces.terminal.words import name_of, sentence, title
from crossroads.timeline.outcomes import Outcome


def test_what_moves_the_cursor_or_reorders_text_is_escaped() -> None:
    assert clean("a\nb\x1b[31m\u202e\ud800é界") == "a\\nb\\x1b[31m\\u202e\\ud800é界"


@settings(derandomize=True, max_examples=200)
@given(st.text(st.characters()), st.integers(1, 40))
def test_any_text_can_be_cut_cleaned_and_written_anywhere(text: str, width: int) -> None:
    assert cell_len(cut(clean(text), width)) <= width
    assert cell_len(cut_start(clean(text), width)) <= max(1, width)
    for encoding in ("ascii", "utf-8", "cp437"):
        writable(clean(text), encoding).encode(encoding)
    assert "\n" not in clean(text)


def test_signs_have_stand_ins_where_only_ascii_can_be_written() -> None:
    assert writable("① at point 5 … ▲", "ascii") == "1 at point 5 ... ^"
    assert writable("①", "utf-8") == "①"
    assert writable("①é", "ascii") == "1\\xe9"
    assert writable("①", None) == "①"
    assert writable("①", "no-such-encoding") == "1"
    assert len(writable(NUMBERS, "ascii")) == len(NUMBERS)


def test_a_number_stays_on_one_line_with_its_percent_sign() -> None:
    assert fold("it is at least about 95 % of all", 21) == ["it is at least about", "95 % of all"]


def test_a_table_shrinks_only_the_columns_that_may() -> None:
    lines = table([Column("id"), Column("what", width_min=6), Column("n", right=True)], [["abc", "x" * 30, "7"], ["de", "y", "12"]], 20)
    assert [len(line) for line in lines] == [20, 20, 20]
    assert lines[1].startswith("abc  xxx")
    assert "…" in lines[1]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome("failed", "ValueError", "no\nboat"), "ValueError: no boat"),
        (Outcome("failed", "AssertionError"), "AssertionError"),
        (Outcome("failed"), "failed"),
        (Outcome("exited", code=3), "exit code 3"),
        (Outcome("crashed", "SIGSEGV", "SIGSEGV"), "crashed: SIGSEGV"),
        (Outcome("hung", message="more than 5 s"), "hung: more than 5 s"),
        (Outcome("passed"), "passed"),
    ],
)
def test_titles_of_outcomes(outcome: Outcome, text: str) -> None:
    assert title(outcome) == text


def test_names_of_points() -> None:
    assert name_of("decide", "route") == 'decision "route"'
    assert name_of("start", "") == "the start"
    assert name_of("mark", "x" * 100) == 'mark "' + "x" * 75 + '…"'
    assert sentence("two\nlines") == "two lines."


def test_an_excerpt_shows_the_lines_around_the_place(in_programs: Path) -> None:
    rows = excerpt("boat.py:9 in sail", before=1, after=1)
    assert [(row.number, row.meant) for row in rows] == [(8, False), (9, True), (10, False)]
    assert rows[0].text == 'mark("day")'
    assert rows[1].text.startswith("weather = chance(")


def test_an_excerpt_is_looked_for_beside_the_target(in_programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert excerpt("boat.py:9 in sail") == ()
    assert len(excerpt("boat.py:9 in sail", target=f"{in_programs}/boat.py:main")) == 5


@pytest.mark.parametrize("where", ["", "nowhere", "boat.py:0", "boat.py:999", "missing.py:3", ".:1", "bo\0at.py:3", "boat.py:x in f"])
def test_no_excerpt_where_there_is_nothing_to_show(in_programs: Path, where: str) -> None:
    assert excerpt(where) == ()


def test_places_are_shown_relative_to_the_working_directory(in_programs: Path) -> None:
    assert short_place(f"{in_programs}/boat.py:9 in sail") == "boat.py:9 in sail"
    assert short_place("/elsewhere/boat.py:9") == "/elsewhere/boat.py:9"
    assert short_place("odd\n") == "odd\\n"
