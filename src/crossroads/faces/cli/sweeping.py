"""`crossroads run --cancel`: cancel a coroutine at each of its awaits instead of only living futures."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from crossroads.analysis.swept import Sweep, sweep_to_data
from crossroads.errors import SettingError
from crossroads.faces.cli.files import STDOUT, to_json, write_text
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.stored import store_options
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.progress import ProgressLine
from crossroads.faces.terminal.sweep import sweep_report

FUTURES: Final = 400

cancel_option = click.option(
    "--cancel",
    metavar="NAME",
    help=f"Cancel the coroutine (or task) of this name at each of its awaits, in {FUTURES} futures unless told; nothing is explained.",
)


def check_options(html_file: str | None) -> None:
    """Refuse what a sweep doesn't do.

    Raises:
        SettingError: a page was asked for.
    """
    if html_file is not None:
        raise SettingError('html needs explained failures, and a sweep explains none; use "crossroads report ID -o FILE" for one of them')


def run_sweep(session: Session, target: str, cancel: str, json_file: str | None, store: Path | None, settings: dict[str, Any]) -> int:
    """Sweep, print the report, and give the exit code."""
    shared = {name: settings[name] for name in ("seed", "engine", "jobs", "limits")}
    asked = {name: settings[name] for name in ("steps", "faults") if settings[name]}
    with ProgressLine() as progress:
        futures = settings["futures"] or FUTURES
        sweep = session.services.sweep(target, cancel=cancel, futures=futures, store=store, on_progress=progress.update, **shared, **asked)
    _publish(sweep, json_file, store)
    if session.interrupted or not sweep.exploration.complete:
        return INTERRUPTED
    return 1 if sweep.failures else 0


def _publish(sweep: Sweep, json_file: str | None, store: Path | None) -> None:
    """The JSON first, as `crossroads run` does."""
    if json_file == STDOUT:
        write_text(STDOUT, to_json(sweep_to_data(sweep)) + "\n", "json")
        return
    try:
        if json_file is not None:
            write_text(json_file, to_json(sweep_to_data(sweep)) + "\n", "json")
    finally:
        print_lines(sweep_report(sweep, view_of(sys.stdout, store_options(store))))
