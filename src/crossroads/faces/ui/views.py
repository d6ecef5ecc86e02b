"""The pages of the local page, and what they ask for. Who may ask is decided before, in `security`."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from crossroads.analysis.explore import FUTURES_MAX, check_faults
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import open_store
from crossroads.errors import CrossroadsError, StoreError
from crossroads.faces.page.words import short
from crossroads.faces.ui.forms import Form, form_of
from crossroads.faces.ui.jobs import Board, Job
from crossroads.faces.ui.kept import BUDGETS, failure_of, programs
from crossroads.faces.ui.texts import asset, filled, report
from crossroads.faces.ui.walk import LIVES_MAX, Tree
from crossroads.timeline.formats import to_data
from crossroads.timeline.keys import SEED_MAX
from crossroads.worlds.targets import parse_target

ASSETS = {"ui.js": "text/javascript", "ui.css": "text/css"}
REPORT_POLICY = "frame-ancestors 'none'"
"""The rest of a report's policy is in the page, by digests."""

DOING = {"explore": "Exploring", "explain": "Explaining", "look": "Looking at", "replay": "Replaying", "walk": "Living futures of"}

WALK_FUTURES, WALK_FUTURES_MAX = 50, 10_000
TREES_MAX = 20
"""Walks that are remembered; of more, the oldest is forgotten."""


class Views:
    """The application over one store.

    Args:
        store: its path, None for the project's own.
    """

    def __init__(self, store: Path | None) -> None:
        self._store = store
        with open_store(store) as kept:
            self._place = str(kept.path)
        self.board = Board()
        self._looks: dict[str, str] = {}
        self._trees: dict[str, Tree] = {}
        self.app = Starlette(
            routes=[
                Route("/", self._list),
                Route("/explore", self._explore, methods=["POST"]),
                Route("/failure/{id}", self._failure),
                Route("/failure/{id}/walk", self._walk, methods=["GET"]),
                Route("/failure/{id}/walk", self._go, methods=["POST"]),
                Route("/failure/{id}/forget", self._forget, methods=["POST"]),
                Route("/failure/{id}/{kind}", self._ask, methods=["POST"]),
                Route("/job/{number:int}", self._job),
                Route("/job/{number:int}/stop", self._stop, methods=["POST"]),
                Route("/job/{number:int}/events", self._events),
                Route("/events", self._events),
                Route("/assets/{name}", self._asset),
            ],
            exception_handlers={CrossroadsError: self._trouble, HTTPException: self._nothing},
            lifespan=self._lifespan,
        )

    def end(self) -> None:
        """Let streams end."""
        self.board.end()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.board.close()

    # Pages.

    async def _list(self, request: Request) -> Response:
        known = await run_in_threadpool(programs, self._store)
        return self._page("list", programs=known, running=[self._shown(job) for job in self.board.running], title="Failures")

    async def _failure(self, request: Request) -> Response:
        failure = await self._named(request)
        text = self._looks.get(failure.id) or await run_in_threadpool(report, self._store, failure)
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    async def _job(self, request: Request) -> Response:
        job = self._known(request)
        if job.kind == "walk" and job.state == "done":
            return RedirectResponse(f"/failure/{job.subject}/walk?life={job.result['life']}#life", 303)
        shown = self._shown(job)
        return self._page("job", job=job, shown=shown, title=shown["title"])

    async def _walk(self, request: Request) -> Response:
        failure = await self._named(request)
        tree = self._tree(failure)
        number = request.query_params.get("life", "0")
        life = tree.life(int(number) if number.isascii() and number.isdigit() and len(number) < 9 else -1)
        return self._page(
            "walk", failure=failure, tree=tree.drawing(), lives=len(tree.lives), life=life, futures=WALK_FUTURES, title="Walk its futures"
        )

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        return Response(asset(name), media_type=ASSETS[name])

    async def _events(self, request: Request) -> Response:
        number = request.path_params.get("number")
        if number is not None:
            self._known(request)

        async def lines() -> AsyncIterator[str]:
            async for told in self.board.events(number):
                yield f"data: {json.dumps(told)}\n\n" if told is not None else ": still here\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    # What is asked for.

    async def _explore(self, request: Request) -> Response:
        form = await form_of(request)
        target = form.text("target")
        order = {
            "target": target,
            "futures": form.whole("futures", 1, FUTURES_MAX, 1_000),
            "seed": form.whole("seed", 0, SEED_MAX, 0),
            "faults": check_faults([name for name in form.text("faults").split(",") if name]),
            "cancel": form.text("cancel"),
        }
        parse_target(target)
        return await self._start("explore", target, order)

    async def _ask(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in ("explain", "look", "replay"):
            raise HTTPException(404)
        form = await form_of(request)
        failure = await self._named(request)
        order: dict[str, Any] = {"id": failure.id}
        if kind == "explain":
            order["budget"] = form.whole("budget", 100, BUDGETS[-1] * 100, BUDGETS[0])
        return await self._start(kind, failure.id, order)

    async def _go(self, request: Request) -> Response:
        """Futures from a point of a life; without a point, the life itself once more to know its points."""
        form = await form_of(request)
        failure = await self._named(request)
        tree = self._tree(failure)
        life = tree.life(form.whole("life", 0, LIVES_MAX, 0))
        order: dict[str, Any] = {"id": failure.id, "timeline": to_data(life.timeline), "point": None}
        point, _, option = form.text("go").partition(":")
        if point or form.text("point"):
            tree.check_room()
            last = max(0, life.timeline.points - 1)
            order["point"] = Form({"point": point or form.text("point")}).whole("point", 0, last)
            order["option"] = Form({"option": option}).whole("option", 0, 10_000) if option else None
            order["futures"] = form.whole("futures", 1, WALK_FUTURES_MAX, WALK_FUTURES)

        def ended(job: Job) -> None:
            job.result["life"] = life.number
            if "endings" in job.result:
                job.result["life"] = tree.grow(life.number, order["point"], order["option"], job.result.pop("endings"))
            elif "steps" in job.result:
                life.steps = job.result.pop("steps")

        return await self._start("walk", failure.id, order, ended)

    async def _forget(self, request: Request) -> Response:
        failure = await self._named(request)
        self._trees.pop(failure.id, None)
        return RedirectResponse(f"/failure/{failure.id}/walk", 303)

    async def _stop(self, request: Request) -> Response:
        job = self._known(request)
        self.board.stop(job)
        return RedirectResponse(f"/job/{job.number}", 303)

    async def _start(self, kind: str, subject: str, order: dict[str, Any], ended: Callable[[Job], None] | None = None) -> Response:
        store = None if self._store is None else str(self._store)
        job = await self.board.start(kind, subject, {**order, "store": store}, ended or self._ended)
        return RedirectResponse(f"/job/{job.number}", 303)

    def _ended(self, job: Job) -> None:
        """What a job has found is for the pages that it concerns."""
        if job.kind == "look" and "page" in job.result:
            self._looks = {job.subject: job.result.pop("page")}
        elif job.kind == "explain":
            self._looks.pop(job.subject, None)

    # Shared.

    async def _named(self, request: Request) -> Failure:
        return await run_in_threadpool(failure_of, self._store, request.path_params["id"])

    def _tree(self, failure: Failure) -> Tree:
        tree = self._trees.get(failure.id)
        if tree is None or tree.lives[0].timeline != failure.timeline:
            tree = self._trees[failure.id] = Tree(failure)
        for name in list(self._trees)[:-TREES_MAX]:
            del self._trees[name]
        return tree

    def _known(self, request: Request) -> Job:
        job = self.board.job(request.path_params["number"])
        if job is None:
            raise HTTPException(404)
        return job

    def _shown(self, job: Job) -> dict[str, Any]:
        """A job in the words of a page."""
        subject = short(job.subject) if job.kind == "explore" else f"failure {job.subject}"
        return {"number": job.number, "title": f"{DOING[job.kind]} {subject}", "progress": job.progress}

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(filled(name, place=self._place, **values), status)

    async def _trouble(self, request: Request, error: Exception) -> Response:
        return self._page("trouble", 404 if isinstance(error, StoreError) else 400, title="That didn't work", message=str(error))

    async def _nothing(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._page("trouble", status, title="Nothing here", message="there is nothing at this address")
