"""`crossroads list`: the failures in the store."""

import sys
from pathlib import Path

from crossroads.analysis.sources import open_store
from crossroads.faces.cli import options
from crossroads.faces.cli.files import to_json
from crossroads.faces.cli.session import Session
from crossroads.faces.cli.stored import kept_failures, store_options
from crossroads.faces.terminal.listing import Kept, listing
from crossroads.faces.terminal.page import print_lines, view_of


@options.verb(
    "list",
    "List the failures that were found.",
    options.json_flag,
    options.store_option,
)
def list_verb(session: Session, store: Path | None, as_json: bool) -> int:
    """List the failures that were found in this project, the newest first."""
    with open_store(store) as kept:
        failures = kept_failures(kept)
    if as_json:
        print(to_json([_to_data(failure) for failure in failures]))
    else:
        print_lines(listing(failures, view_of(sys.stdout, store_options(store), wide=True)))
    return 0


def _to_data(kept: Kept) -> dict[str, object]:
    return {
        "id": kept.id,
        "outcome": kept.outcome.kind,
        "exception": kept.outcome.exception,
        "message": kept.outcome.message,
        "where": kept.outcome.where,
        "target": kept.target,
        "count": kept.count,
        "futures": kept.futures,
        "found_at": kept.found_at,
        "explained": kept.explained,
    }
