"""`crossroads verify`: does a failure that was found still happen with the code as it is now?"""

import sys
from pathlib import Path
from typing import Any

import click

from crossroads.analysis.sources import open_store
from crossroads.analysis.verdict import verdict_to_data
from crossroads.faces.cli import options
from crossroads.faces.cli.files import STDOUT, check_place, to_json, write_text
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.stored import store_options
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.progress import ProgressLine
from crossroads.faces.terminal.verdict import verdict_report

UNTOLD = 5
"""Exit code where nobody can tell: pytest's for no tests collected."""

FUTURES = 299


@options.verb(
    "verify",
    "Say whether a failure still happens after a change of the code.",
    click.argument("id"),
    click.option(
        "--futures",
        type=options.Whole(1, 10**6),
        default=FUTURES,
        show_default=True,
        help='How many to live from where it was decided; 59 clean ones say "below 5 %", 299 "below 1 %".',
    ),
    options.seed_option,
    click.option("--json", "json_file", metavar="FILE", help='Write the verdict as JSON, too; "-" prints it and nothing else.'),
    options.store_option,
    options.engine_option,
    options.jobs_option,
    options.wall_option,
    options.memory_option,
)
def verify_verb(
    session: Session, id: str, store: Path | None, json_file: str | None, wall: float | None, memory: int | None, **settings: Any
) -> int:
    """Follow the recorded run of the failure ID with the code as it is now, up to where it was decided, and count again how it ends.

    Explain a failure before you change the code: then it is known where it was decided. Exit codes: 0 prevented, or the crossing is gone;
    1 it still happens, or another failure does; 5 nobody can tell.
    """
    if json_file is not None:
        check_place(json_file, "json")
    with open_store(store) as kept:
        id = kept.failure(id).id
    with ProgressLine() as progress:
        limits = options.limits_of(wall, memory)
        verdict = session.services.verify(id, store=store, limits=limits, on_progress=progress.update, **settings)
    if json_file is not None:
        write_text(json_file, to_json(verdict_to_data(verdict)) + "\n", "json")
    if json_file != STDOUT:
        print_lines(verdict_report(verdict, view_of(sys.stdout, store_options(store))))
    if session.interrupted:
        return INTERRUPTED
    return {True: 1, False: 0, None: UNTOLD}[verdict.still_happens]
