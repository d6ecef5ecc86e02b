"""Results in a notebook: fragments of HTML that say what the reports say and do nothing, and a figure with the curve's own numbers."""

import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import faces_values as made
import pytest

from crossroads.errors import MissingPackage
from crossroads.faces.notebook.html import CURVE_POINTS_MAX, thinned

HOSTILE = "<script>alert(1)</script>\"' onload=x \u202e\x00\x1b[31m $x_1$ " + "long " * 10_000

HARMLESS = {"div", "p", "b", "bdi", "table", "thead", "tbody", "tr", "th", "td", "svg", "text", "line", "polygon", "polyline"}
ATTRIBUTES = {"style", "role", "aria-label", "viewbox", "width", "x", "y", "x1", "x2", "y1", "y2", "text-anchor", "points", "fill"}
ATTRIBUTES |= {"fill-opacity", "stroke", "stroke-width", "stroke-dasharray"}


class Reader(HTMLParser):
    """Checks that elements are closed, and that none can do anything."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in HARMLESS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        assert not any("url" in (value or "") for name, value in attrs if name == "style")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> str:
    """What a reader sees."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    assert len(html) < 100_000
    return reader.text


def test_an_account_answers_the_questions() -> None:
    text = read(made.coins_account()._repr_html_())
    assert "Where was it decided? At point" in text
    assert "When was it too late? From point 62" in text
    assert "What would have saved it? The last way out was point 61" in text
    assert "Explained with 3412 futures" in text


def test_a_failure_shows_its_account_where_it_has_one() -> None:
    explained, plain = read(made.coins()._repr_html_()), read(made.coins(account=False)._repr_html_())
    assert "Failure 3fa9c2d1" in explained
    assert "both coins came up heads" in plain
    assert "too late" in explained
    assert "Not explained yet" in plain


def test_an_exploration_lists_its_failures() -> None:
    found = replace(made.exploration(), failures=(made.coins(account=False),) * 30)
    text = read(found._repr_html_())
    assert text.count("3fa9c2d1") == 20
    assert "and 10 more" in text
    assert "passed" in text


def test_an_exploration_without_failures_says_how_much_that_says() -> None:
    text = read(replace(made.exploration(), failures=(), one_future=False)._repr_html_())
    assert "The failure probability is below" in text


def test_hostile_texts_are_harmless() -> None:
    account = made.coins_account()
    step = replace(account.turning_points[0], label=HOSTILE, where=HOSTILE, kind=HOSTILE)
    late = replace(account.point_of_no_return, label=HOSTILE, where=HOSTILE)  # type: ignore[type-var]
    hostile = replace(account, turning_points=(step,), point_of_no_return=late, notes=(HOSTILE,) * 9)
    outcome = replace(made.coins().outcome, message=HOSTILE, exception=HOSTILE, where=HOSTILE)
    failure = replace(made.coins(), outcome=outcome, account=hostile)
    found = replace(made.exploration(), target=HOSTILE, notes=(HOSTILE,), failures=(failure,))
    for result in (hostile, failure, found):
        text = read(result._repr_html_())
        assert "<script>" in text
        assert not set(text) & {"\u202e", "\x00", "\x1b"}


def test_a_long_curve_is_thinned_with_both_its_ends() -> None:
    points = [replace(made.coins_account().curve[0], point=index) for index in range(2_000)]
    kept = thinned(points, CURVE_POINTS_MAX)
    assert len(kept) == CURVE_POINTS_MAX
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert thinned(points[:5], CURVE_POINTS_MAX) == points[:5]


def test_an_account_of_nothing_is_shown_too() -> None:
    empty = replace(made.coins_account(), curve=(), turning_points=(), point_of_no_return=None, last_way_out=None)
    assert "No way out was found" in read(empty._repr_html_())


def test_the_figure_has_the_numbers_of_the_account() -> None:
    pytest.importorskip("matplotlib")
    account = made.coins_account()
    account = replace(account, turning_points=(replace(account.turning_points[0], label=HOSTILE), *account.turning_points[1:]))
    figure = account.plot()
    (axes,) = figure.axes
    curve, *marks = axes.lines
    assert list(curve.get_xdata()) == [point.point for point in account.curve]
    assert list(curve.get_ydata()) == [point.failure.value for point in account.curve]
    assert [mark.get_xdata()[0] for mark in marks] == [21, 61, 62]
    figure.canvas.draw()
    assert account.plot(axes) is figure


def test_without_matplotlib_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackage, match=r'install it with: pip install "crossroads\[plot\]"'):
        made.coins_account().plot()


@pytest.mark.slow
def test_results_load_no_face_before_a_notebook_asks() -> None:
    code = "import sys, crossroads.analysis.results; print([name for name in sys.modules if name.startswith('crossroads.faces')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
