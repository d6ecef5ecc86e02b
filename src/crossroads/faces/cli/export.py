"""`crossroads export`: a failing timeline as a file, to replay it elsewhere."""

from pathlib import Path

import click

from crossroads.analysis.sources import open_store
from crossroads.faces.cli import options
from crossroads.faces.cli.files import check_place, write_text
from crossroads.faces.cli.session import Session
from crossroads.faces.cli.stored import chosen
from crossroads.timeline.formats import dumps


@options.verb(
    "export",
    "Write a timeline to a file, to replay it elsewhere.",
    click.argument("id"),
    click.argument("file"),
    options.shrunk_option,
    click.option("--survivor", "survivor_wanted", is_flag=True, help="A run that was saved instead of the one that failed."),
    options.store_option,
)
def export_verb(session: Session, id: str, file: str, shrunk: bool, survivor_wanted: bool, store: Path | None) -> int:
    """Write the failing timeline of the failure ID to FILE ("-" for stdout).

    The file is all that "crossroads replay FILE" needs, beside the program itself.
    """
    check_place(file, "file")
    with open_store(store) as kept:
        row = kept.failure(id)
    timeline = chosen(row, shrunk=shrunk, survivor=survivor_wanted)
    write_text(file, dumps(timeline).rstrip("\n") + "\n", "file")
    return 0
