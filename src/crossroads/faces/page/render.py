"""One file of HTML from a page: everything inlined, nothing fetched, nothing run but our own script, every text escaped.

The template is written for autoescaping; data for the script is JSON in an element that isn't executed. The policy allows the one style
and the one script by their digests, and no request at all.
"""

import json
from base64 import b64encode
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from crossroads.errors import InternalError
from crossroads.faces.page.build import page_within
from crossroads.faces.page.data import Curve, Page
from crossroads.faces.terminal.numbers import count

BYTES_MAX: Final = 2_000_000
"""Of one file."""

BEGINNING: Final = "<!doctype html>\n<!-- crossroads report -->"
"""Tells our files from others'."""

TABLE_ROWS_MAX: Final = 300
"""Of the curve as a table."""

_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def render(page: Page, bar: Markup | None = None) -> str:
    """The whole file, below `BYTES_MAX`: where it would be larger, the longest parts are left out and a note says so.

    Args:
        page: what is shown.
        bar: stands above it where a server gives the page, and may have forms that go to it; None for a file.

    Raises:
        InternalError: it can't be made small enough.
    """
    while True:
        text = _rendered(page, bar)
        size = len(text.encode())
        smaller = page_within(page, size, BYTES_MAX)
        if smaller is page:
            return text
        if smaller is None:
            raise InternalError(f"a page of {size:,} bytes is larger than {BYTES_MAX:,}")
        page = smaller


def script_data(page: Page) -> dict[str, Any]:
    """What the page's script needs; the rest is in the page as text."""
    lives = page.lives
    return {
        "curve": None if page.curve is None else asdict(page.curve),
        "marks": [asdict(mark) for mark in page.marks],
        "common": None if lives is None else lives.common,
        "doomed_lanes": None if lives is None or lives.doomed_lanes is None else asdict(lives.doomed_lanes),
        "survivor_lanes": None if lives is None or lives.survivor_lanes is None else asdict(lives.survivor_lanes),
        "states": None if page.states is None else asdict(page.states),
    }


def embedded(data: object) -> Markup:
    """JSON that can stand in a script element: no character in it can end the element or begin a comment."""
    return Markup(json.dumps(data, allow_nan=False, separators=(",", ":")).translate(_ESCAPES))


def policy(script: str, style: str, forms: str = "'none'") -> str:
    """A content security policy that lets the page run this script and use this style, send forms there, and nothing else."""
    allowed = f"script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action {forms}"


def curve_table(curve: Curve, marked: frozenset[int]) -> list[dict[str, str]]:
    """Rows of the curve as a table: the points marked, those beside them, and others evenly between.

    Args:
        curve: what is drawn.
        marked: indices of points that are in it in any case.
    """
    count = len(curve.point)
    near = {at for at, point in enumerate(curve.point) if point in marked or point - 1 in marked}
    rest = TABLE_ROWS_MAX - len(near)
    between = range(count) if count <= rest else [number * (count - 1) // max(1, rest - 1) for number in range(rest)]
    return [_row(curve, at) for at in sorted(near.union(between))]


def _row(curve: Curve, at: int) -> dict[str, str]:
    exact = not curve.futures[at] and curve.low[at] == curve.high[at]
    return {
        "point": f"{curve.point[at]:,}",
        "time": f"{curve.time[at]:.6g}" if curve.time else "",
        "fails": f"{curve.q[at] * 100:.3g} %",
        "interval": "exact" if exact else f"{curve.low[at] * 100:.3g}–{curve.high[at] * 100:.3g} %",
        "futures": "" if exact else f"{curve.futures[at]:,}",
        "label": curve.texts[curve.label[at]],
        "where": curve.texts[curve.where[at]],
    }


def _rendered(page: Page, bar: Markup | None) -> str:
    script, style = _asset("page.js"), _asset("page.css")
    marked = frozenset(mark.point for mark in page.marks)
    return _template().render(
        page=page,
        table=curve_table(page.curve, marked) if page.curve is not None else [],
        bar=bar,
        policy=policy(script, style, "'none'" if bar is None else "'self'"),
        style=Markup(style),
        script=Markup(script),
        data=embedded(script_data(page)),
        licence=_asset("uplot-LICENSE.txt"),
    )


@cache
def _asset(name: str) -> str:
    return files("crossroads.faces.page").joinpath("assets", name).read_text(encoding="utf-8").strip()


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["together"] = lambda text: str(text).replace(" %", "\N{NO-BREAK SPACE}%")
    environment.filters["counted"] = count
    return environment.from_string(_asset("page.html.jinja"))


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
