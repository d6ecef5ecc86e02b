"""`crossroads replay`: live one timeline again, and look at it on the way."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossroads.analysis.sources import open_store
from crossroads.errors import SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.files import to_json
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.stored import chosen
from crossroads.faces.terminal.glyphs import writable
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.replay import replay_report, replay_to_data, watched_heading, watched_line, watched_to_data
from crossroads.timeline.timelines import Timeline

if TYPE_CHECKING:
    from crossroads.analysis.replay import Watched

DIVERGED = 3


@options.verb(
    "replay",
    "Live a timeline again, and look at it on the way.",
    click.argument("source", metavar="ID|FILE"),
    click.option("--to", type=options.Whole(0), metavar="POINT", help="Stop at this point."),
    click.option("--watch", metavar="EXPR", help="Print the value of this expression, evaluated in the program's module, at every point."),
    click.option(
        "--pdb",
        is_flag=True,
        help="Open the debugger where the run fails, or at the point given by --to; its commands go back and forth in time.",
    ),
    click.option("--debugpy", is_flag=True, help="Wait for an editor's debugger, and stop there at the point of --to."),
    options.shrunk_option,
    click.option("--survivor", "survivor_wanted", is_flag=True, help="A run that was saved instead of the one that failed."),
    options.json_flag,
    options.store_option,
)
def replay_verb(
    session: Session,
    source: str,
    to: int | None,
    watch: str | None,
    pdb: bool,
    debugpy: bool,
    shrunk: bool,
    survivor_wanted: bool,
    as_json: bool,
    store: Path | None,
) -> int:
    """Live a timeline again: that of the failure ID, or one that "crossroads export" wrote to FILE.

    With --watch and --json each point is one JSON object on a line of its own. With --pdb the commands are pdb's and back [N],
    forward [N], goto POINT, watch EXPR, unwatch [EXPR] and futures [N], which lives N futures from where you are; --watch is shown at
    every stop. --survivor is the run that took the last way out; with --shrunk, the one nearest to the shortest way. Exit codes: 0 it
    passed again, 1 it failed again, 3 it was another run than the one recorded.
    """
    if pdb and as_json:
        raise SettingError("pdb and json can't both have stdout; leave one of them out")
    what: str | Timeline = source
    if survivor_wanted or shrunk:
        with open_store(store) as kept:
            what = chosen(kept.failure(source), shrunk=shrunk, survivor=survivor_wanted)
    on_point = _printer(as_json) if watch is not None else None
    asked = {"to": to, "watch": watch, "debugger": pdb, "debugpy": debugpy, "store": store, "on_point": on_point, "quiet": as_json}
    with session.leaving_interrupts_to_program() if pdb else nullcontext():
        result = session.services.replay(what, **asked)
    if not as_json:
        print_lines(replay_report(result, view_of(sys.stdout)))
    elif watch is None:
        print(to_json(replay_to_data(result)))
    if session.interrupted:
        return INTERRUPTED
    if not result.same:
        return DIVERGED
    outcome = result.timeline.outcome
    return 1 if outcome is not None and outcome.is_failure else 0


def _printer(as_json: bool) -> Callable[["Watched"], None]:
    """Prints each point as it is met."""
    if as_json:
        return lambda watched: print(to_json(watched_to_data(watched), indent=None), flush=True)
    width = view_of(sys.stdout).width
    is_first = True

    def show(watched: "Watched") -> None:
        nonlocal is_first
        if is_first:
            print_lines([watched_heading()])
            is_first = False
        print(writable(watched_line(watched, width), sys.stdout.encoding), flush=True)

    return show
