"""Templates of the local page, filled in; used by the server and by the processes that work for it."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import StorePath
from crossroads.faces.cli.stored import store_options, stored_notes
from crossroads.faces.page.build import page_of
from crossroads.faces.page.render import embedded, render
from crossroads.faces.terminal.numbers import count, grouped
from crossroads.faces.ui.kept import next_budget


def filled(name: str, **values: Any) -> Markup:
    """A template with its values, every text escaped."""
    return Markup(_templates().get_template(f"{name}.html.jinja").render(**values))


@cache
def asset(name: str) -> str:
    """A script or a style."""
    return files("crossroads.faces.ui").joinpath("assets", name).read_text(encoding="utf-8")


def report(store: StorePath, failure: Failure, evidence: Evidence | None = None) -> str:
    """The page of a failure, with what can be done about it above.

    Args:
        store: that the failure is from.
        failure: with its account, or without.
        evidence: what was lived for the page, if it was.
    """
    page = page_of(failure, evidence, options=store_options(store), notes=stored_notes(failure.timeline))
    explained = failure.account is not None
    return render(page, filled("bar", id=failure.id, explained=explained, looked=evidence is not None, budget=next_budget(failure)))


@cache
def _templates() -> Environment:
    environment = Environment(loader=PackageLoader("crossroads.faces.ui"), autoescape=True, undefined=StrictUndefined)
    environment.filters["count"] = count
    environment.filters["embedded"] = embedded
    environment.filters["grouped"] = grouped
    environment.filters["together"] = lambda text: str(text).replace(" %", "\N{NO-BREAK SPACE}%")
    return environment
