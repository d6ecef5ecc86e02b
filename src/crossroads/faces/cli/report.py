"""`crossroads report`: a failure as one page of HTML, to be opened anywhere."""

from pathlib import Path

import click

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.results import Failure
from crossroads.analysis.sources import load_failure, open_store
from crossroads.errors import SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.files import STDOUT, check_place, write_text
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.stored import store_options, stored_notes


@options.verb(
    "report",
    "Write the report of a failure as a page.",
    click.argument("id"),
    click.option("-o", "--output", metavar="FILE", required=True, help='The page, one file that opens anywhere; "-" prints it.'),
    click.option("--watch", metavar="EXPR", multiple=True, help="Show this expression's value at each point; may be given several times."),
    click.option("--no-run", is_flag=True, help="Only what the store knows: no lives side by side, no lines, no state."),
    options.store_option,
    options.engine_option,
    options.jobs_option,
    options.wall_option,
    options.memory_option,
)
def report_verb(
    session: Session,
    id: str,
    output: str,
    watch: tuple[str, ...],
    no_run: bool,
    store: Path | None,
    engine: str | None,
    jobs: int | None,
    wall: float | None,
    memory: int | None,
) -> int:
    """Write the report of the failure ID as one HTML file that needs no network.

    For it the failing run is lived again, beside its nearest survivor, and some hundred futures more for the lines that tell.
    """
    check_page_place(output, "output")
    if no_run and watch:
        raise SettingError("watch needs the program to be run; leave --no-run out")
    with open_store(store) as kept:
        failure = load_failure(kept, id)
    if no_run:
        evidence = Evidence()
    else:
        evidence = session.services.gather(failure, watch=watch, engine=engine, jobs=jobs, limits=options.limits_of(wall, memory))
    write_page(failure, evidence, output, "output", store)
    return INTERRUPTED if session.interrupted else 0


def check_page_place(file: str, option: str) -> None:
    """Refuse a place for a page that can't be written, or holds something else.

    Raises:
        SettingError: see `check_place`.
    """
    check_place(file, option, "a report")


def write_page(failure: Failure, evidence: Evidence, file: str, option: str, store: Path | None) -> None:
    """Write the page of a failure of the store.

    Raises:
        SettingError: it can't be written there.
    """
    from crossroads.faces.page.build import page_of
    from crossroads.faces.page.render import render

    page = page_of(failure, evidence, options=store_options(store), notes=stored_notes(failure.timeline))
    write_text(file, render(page) + ("\n" if file == STDOUT else ""), option)
