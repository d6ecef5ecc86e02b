"""`crossroads show`: the report of a failure that was found, from the store."""

import sys
from pathlib import Path

import click

from crossroads.analysis.report import failure_to_data
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import load_failure, open_store
from crossroads.faces.cli import options
from crossroads.faces.cli.files import to_json
from crossroads.faces.cli.session import Session
from crossroads.faces.cli.stored import store_options, stored_notes
from crossroads.faces.terminal.failure import failure_report
from crossroads.faces.terminal.page import print_lines, view_of


@options.verb(
    "show",
    "Show the report of a failure again.",
    click.argument("id"),
    options.json_flag,
    options.store_option,
)
def show_verb(session: Session, id: str, store: Path | None, as_json: bool) -> int:
    """Show the report of the failure ID again, from the store; nothing is run.

    ID is what "crossroads list" shows, or its beginning.
    """
    with open_store(store) as kept:
        failure = load_failure(kept, id)
    publish(failure, as_json, store)
    return 0


def publish(failure: Failure, as_json: bool, store: Path | None) -> None:
    """Print a failure of the store, as JSON or as a report."""
    if as_json:
        print(to_json(failure_to_data(failure)))
    else:
        print_lines(failure_report(failure, view_of(sys.stdout, store_options(store)), stored_notes(failure.timeline)))
