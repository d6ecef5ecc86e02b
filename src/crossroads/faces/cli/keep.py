"""`crossroads keep`: a failure as a small file beside the tests, replayed first on each later run."""

import sys
from pathlib import Path

import click

from crossroads.analysis.kept import DIRECTORY, regression_of, write_regression
from crossroads.analysis.sources import failure_from_row, open_store
from crossroads.errors import SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.session import Session
from crossroads.faces.terminal.lines import View, opened, prose
from crossroads.faces.terminal.numbers import count
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.texts import clean


@options.verb(
    "keep",
    "Keep a failure as a file that later runs replay first.",
    click.argument("id"),
    click.option(
        "--dir",
        "directory",
        type=options.PathType(file_okay=False),
        default=Path(DIRECTORY),
        show_default=True,
        help="Where such files are kept; it is made where it isn't there.",
    ),
    options.store_option,
)
def keep_verb(session: Session, id: str, directory: Path, store: Path | None) -> int:
    """Write the shortest way to the failure ID, and its saved neighbour, to a small file in tests/crossroads.

    "crossroads run" of the same program replays it first from then on, and reports it as a failure while it still fails. Nothing is run.
    """
    with open_store(store) as kept:
        row = kept.failure(id)
        failure = failure_from_row(kept, row)
    regression = regression_of(failure, row)
    try:
        file = write_regression(regression, directory)
    except OSError as error:
        raise SettingError(f"dir={directory} can't be written ({error.strerror}); choose another place") from None
    choices = count(len(regression.failing.named), "choice")
    saved = " and its saved neighbour" if regression.saved is not None else ""
    view: View = view_of(sys.stdout)
    lines = opened("Kept", f"failure {row.id}{saved} as {clean(str(file))}: {choices} by name.", view)
    print_lines([*lines, *prose(f'"crossroads run {clean(regression.failing.target)}" replays it first from now on.', view, "  ")])
    return 0
