"""`crossroads explain`: explain a failure that was found, with more futures or other settings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from crossroads.analysis.sources import load_failure, open_store
from crossroads.faces.cli import options
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.show import publish
from crossroads.faces.terminal.progress import ProgressLine


@options.verb(
    "explain",
    "Explain a failure anew, with more futures or other settings.",
    click.argument("id"),
    options.budget_option("however long it takes"),
    options.seed_option,
    click.option("--eps", type=options.EPS, default=0.01, show_default=True, help="Too late is where less than this part is saved."),
    options.json_flag,
    options.store_option,
    options.engine_option,
    options.jobs_option,
    options.wall_option,
    options.memory_option,
)
def explain_verb(
    session: Session,
    id: str,
    store: Path | None,
    as_json: bool,
    wall: float | None,
    memory: int | None,
    budget: tuple[int | None, float | None] | None,
    **settings: Any,
) -> int:
    """Say where the failure ID was decided, when it was too late, and what would have saved it.

    ID is what "crossroads list" shows, or its beginning.
    """
    with open_store(store) as kept:
        id = kept.failure(id).id
    with ProgressLine() as progress:
        limits = options.limits_of(wall, memory)
        settings |= options.budget_of(budget, None)
        account = session.services.explain(id, store=store, limits=limits, on_progress=progress.update, **settings)
    with open_store(store) as kept:
        failure = replace(load_failure(kept, id), account=account)
    publish(failure, as_json, store)
    return INTERRUPTED if session.interrupted else 0
