"""The pages of the local page, and what they ask for. Who may ask is decided before, in `security`."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from crossroads.analysis.sources import open_store
from crossroads.errors import CrossroadsError, StoreError
from crossroads.faces.cli.stored import store_options, stored_notes
from crossroads.faces.page.build import page_of
from crossroads.faces.page.render import render
from crossroads.faces.terminal.numbers import grouped
from crossroads.faces.ui.kept import failure_of, programs

ASSETS = {"ui.js": "text/javascript", "ui.css": "text/css"}
REPORT_POLICY = "frame-ancestors 'none'"
"""The rest of a report's policy is in the page, by digests."""


class Views:
    """The application over one store.

    Args:
        store: its path, None for the project's own.
    """

    def __init__(self, store: Path | None) -> None:
        self._store = store
        with open_store(store) as kept:
            self._place = str(kept.path)
        self.app = Starlette(
            routes=[
                Route("/", self._list),
                Route("/failure/{id}", self._failure),
                Route("/assets/{name}", self._asset),
            ],
            exception_handlers={CrossroadsError: self._trouble, HTTPException: self._nothing},
        )

    def end(self) -> None:
        """Begin no more, and let streams end."""

    async def _list(self, request: Request) -> Response:
        known = await run_in_threadpool(programs, self._store)
        return self._page("list.html.jinja", programs=known, title="Failures")

    async def _failure(self, request: Request) -> Response:
        text = await run_in_threadpool(self._report, request.path_params["id"])
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        return Response(_asset(name), media_type=ASSETS[name])

    def _report(self, failure_id: str) -> str:
        failure = failure_of(self._store, failure_id)
        page = page_of(failure, options=store_options(self._store), notes=stored_notes(failure.timeline))
        bar = _templates().get_template("bar.html.jinja").render(id=failure.id)
        return render(page, Markup(bar))

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(_templates().get_template(name).render(place=self._place, **values), status)

    async def _trouble(self, request: Request, error: Exception) -> Response:
        status = 404 if isinstance(error, StoreError) else 400
        return self._page("trouble.html.jinja", status, title="That didn't work", message=str(error))

    async def _nothing(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._page("trouble.html.jinja", status, title="Nothing here", message="there is nothing at this address")


@cache
def _asset(name: str) -> str:
    return files("crossroads.faces.ui").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(loader=PackageLoader("crossroads.faces.ui"), autoescape=True, undefined=StrictUndefined)
    environment.filters["grouped"] = grouped
    environment.filters["together"] = lambda text: str(text).replace(" %", "\N{NO-BREAK SPACE}%")
    return environment
