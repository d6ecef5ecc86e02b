"""`crossroads shrink`: find the shortest way to a failure, with more futures or time than `crossroads run` takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from crossroads.analysis.sources import load_failure, open_store
from crossroads.faces.cli import options
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.show import publish
from crossroads.faces.terminal.progress import ProgressLine

FUTURES = 1_500
"""To shrink a failure with, by default; as `analysis.shrink` has it, which isn't loaded for `--help`."""


@options.verb(
    "shrink",
    "Find the fewest choices over a calm run that lead to a failure.",
    click.argument("id"),
    click.option(
        "--budget",
        type=options.Budget(),
        metavar="FUTURES|TIME",
        help=f"Most futures, or most time (90s, 5m), to search with.  [default: {FUTURES}, however long it takes]",
    ),
    options.seed_option,
    options.json_flag,
    options.store_option,
    options.engine_option,
    options.jobs_option,
    options.wall_option,
    options.memory_option,
)
def shrink_verb(
    session: Session,
    id: str,
    store: Path | None,
    as_json: bool,
    wall: float | None,
    memory: int | None,
    budget: tuple[int | None, float | None] | None,
    **settings: Any,
) -> int:
    """Find the shortest way to the failure ID: a calm run, in which each choice takes its likeliest option, but for a few choices.

    Each of these is needed: without it the run doesn't fail this way. "crossroads run" has done the same for what it has explained, in
    less time. ID is what "crossroads list" shows, or its beginning.
    """
    with open_store(store) as kept:
        id = kept.failure(id).id
    futures, seconds = budget or (None, None)
    with ProgressLine() as progress:
        limits = options.limits_of(wall, memory)
        asked = {"budget": futures or FUTURES, "seconds": seconds, "limits": limits, "store": store, "on_progress": progress.update}
        shrunk = session.services.shrink(id, **asked, **settings)
    with open_store(store) as kept:
        failure = replace(load_failure(kept, id), shrunk=shrunk)
    publish(failure, as_json, store)
    return INTERRUPTED if session.interrupted else 0
