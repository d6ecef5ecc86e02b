"""`crossroads run`: live many futures of a program, then explain what fails."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossroads.analysis.report import exploration_to_data
from crossroads.analysis.results import Exploration, Failure
from crossroads.errors import CrossroadsError, EngineError, InternalError, SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.files import STDOUT, check_place, to_json, write_text
from crossroads.faces.cli.report import check_page_place, write_page
from crossroads.faces.cli.session import INTERRUPTED, Session
from crossroads.faces.cli.stored import store_options
from crossroads.faces.cli.sweeping import cancel_option, check_options, run_sweep
from crossroads.faces.terminal.annotations import FORMATS, failure_annotation
from crossroads.faces.terminal.exploration import exploration_report
from crossroads.faces.terminal.lines import View, line
from crossroads.faces.terminal.page import print_lines, view_of
from crossroads.faces.terminal.progress import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossroads.analysis.kept import KeptResult

KEPT = "tests/crossroads"

EXPLAINED_MAX = 3
"""So many failures, the most frequent ones, are explained; the others are listed."""

FUTURES = 1_000

ENOUGH_S = 12.0
"""Unless told how many futures to live, no more are begun after this time where one has failed."""

SHRINKING_SHARE, SHRINKING_LEAST_S = 0.1, 8.0
"""The search for the shortest way to a failure may take this part of the time that exploring and explaining took, and so long at least."""

EXPLAINING_S = 45.0
"""What explaining the most frequent failure may take, unless told otherwise, and the next ones half and a third of it: ordinary programs
need less, and where futures are dear it takes about half."""


@options.verb(
    "run",
    "Live many futures of a program and explain what fails.",
    click.argument("target"),
    click.option(
        "--futures",
        type=options.FUTURES,
        help=f"How many futures to live.  [default: {FUTURES}; fewer if one fails and they take over {ENOUGH_S:.0f} s]",
    ),
    options.seed_option,
    click.option("--fresh", is_flag=True, help="Begin anew instead of going on from what is known."),
    options.budget_option(f"within {EXPLAINING_S:.0f}s"),
    click.option("--no-explain", is_flag=True, help="Only explore: say what fails and how often, not why."),
    click.option("--json", "json_file", metavar="FILE", help='Write the report as JSON, too; "-" prints it and nothing else.'),
    click.option("--html", "html_file", metavar="FILE", help="Write each explained failure as a page, too; further ones beside the first."),
    click.option("--annotations", type=options.OneOf(*FORMATS), help="Print failures as a CI shows them at their lines, too."),
    options.store_option,
    options.engine_option,
    options.jobs_option,
    options.wall_option,
    options.memory_option,
    click.option("--steps", type=options.Whole(1), metavar="POINTS", help="A future that meets more points counts as hung."),
    options.faults_option,
    click.option(
        "--kept",
        "kept_directory",
        type=options.PathType(file_okay=False),
        default=Path(KEPT),
        show_default=True,
        help='The regressions of "crossroads keep", which are replayed first.',
    ),
    cancel_option,
)
def run_verb(
    session: Session,
    target: str,
    store: Path | None,
    json_file: str | None,
    html_file: str | None,
    annotations: str | None,
    wall: float | None,
    memory: int | None,
    kept_directory: Path,
    cancel: str | None,
    **settings: Any,
) -> int:
    """Live many futures of TARGET, then explain what fails.

    TARGET is "path.py", "path.py:function" or "package.module:function"; the function is main unless it is named. The program is
    imported and its function called without arguments, once for each future, each time in a process of its own.
    """
    if json_file is not None:
        check_place(json_file, "json")
    if html_file is not None:
        check_page_place(html_file, "html")
        if settings["no_explain"]:
            raise SettingError("html needs explained failures; leave --no-explain out")
    settings["limits"] = options.limits_of(wall, memory)
    if cancel is not None:
        check_options(html_file)
        return run_sweep(session, target, cancel, json_file, store, settings)
    settings["budgets"] = [options.budget_of(settings["budget"], EXPLAINING_S / (before + 1)) for before in range(EXPLAINED_MAX)]
    kept = _replay_kept(session, target, kept_directory, json_file, settings)
    with ProgressLine() as progress:
        settings.update(store=store, on_progress=progress.update)
        exploration, trouble = _found(session, target, settings)
    _publish(exploration, kept, json_file, store, annotations is not None)
    if html_file is not None and not session.interrupted:
        _write_pages(session, exploration, html_file, store, settings)
    if trouble is not None:
        raise trouble
    if session.interrupted or not exploration.complete:
        return INTERRUPTED
    return 1 if exploration.failures or any(result.is_failure for result in kept) else 0


def _replay_kept(session: Session, target: str, directory: Path, json_file: str | None, settings: dict[str, Any]) -> "Sequence[KeptResult]":
    """Replay the kept regressions of the program and say at once what became of them."""
    if not directory.is_dir():
        return ()
    shared = {name: settings[name] for name in ("engine", "jobs", "limits")}
    results = session.services.replay_kept(directory, target, **shared)
    if results and json_file != STDOUT:
        from crossroads.faces.terminal.kept import kept_report

        print_lines([*kept_report(results, view_of(sys.stdout)), line()])
    return results


def _found(session: Session, target: str, settings: dict[str, Any]) -> tuple[Exploration, CrossroadsError | None]:
    """The exploration with the accounts of its most frequent failures, and what must be raised once it is printed."""
    shared = {name: settings[name] for name in ("seed", "store", "engine", "jobs", "limits", "on_progress")} | {"paths": {}}
    asked = {name: settings[name] for name in ("steps", "faults") if settings[name]}
    if settings["futures"] is None and not settings["no_explain"]:
        asked["enough_s"] = ENOUGH_S
    futures = settings["futures"] or FUTURES
    began = time.monotonic()
    exploration = session.services.explore(target, futures=futures, fresh=settings["fresh"], **shared, **asked)
    failures = list(exploration.failures)
    notes: list[str] = []
    trouble: CrossroadsError | None = None
    for at, failure in enumerate(failures if not settings["no_explain"] else ()):
        if at >= EXPLAINED_MAX or trouble is not None or session.interrupted or not exploration.complete:
            break
        if failure.outcome.exception == "wall limit":
            command = View(options=store_options(settings["store"])).command("explain", failure.id)
            notes.append(f'failure {failure.id} wasn\'t explained, as each of its futures takes the wall limit; "{command}" does it')
            continue
        try:
            budget = settings["budgets"][at]
            if settings["fresh"] or not _is_explained(failure, **budget):
                account = session.services.explain(failure, **budget, **shared)
                failures[at] = replace(failure, account=account)
            failures[at] = _shortened(session, failures[at], time.monotonic() - began, shared, notes)
        except KeyboardInterrupt:
            session.interrupted = True
        except CrossroadsError as error:
            notes.append(f"failure {failure.id} could not be explained: {error}")
            trouble = error if isinstance(error, EngineError | InternalError) else None
    return replace(exploration, failures=tuple(failures), notes=exploration.notes + tuple(notes)), trouble


def _shortened(session: Session, failure: Failure, took_s: float, shared: dict[str, Any], notes: list[str]) -> Failure:
    """The failure with the shortest way there, unless there is one already; where none can be had a note says why."""
    if failure.shrunk is not None or session.interrupted:
        return failure
    try:
        seconds = max(SHRINKING_LEAST_S, SHRINKING_SHARE * took_s)
        return replace(failure, shrunk=session.services.shrink(failure, seconds=seconds, **shared))
    except (EngineError, InternalError):
        raise
    except CrossroadsError as error:
        notes.append(f"the shortest way to failure {failure.id} isn't known: {error}")
        return failure


def _is_explained(failure: Failure, budget: int, seconds: float | None) -> bool:
    """Whether its account, kept from an earlier time, is as good as another one would be."""
    account = failure.account
    if account is None:
        return False
    had_the_time = not account.seconds or (seconds is not None and account.seconds >= seconds)
    return account.ended == "finished" or (account.ended == "budget" and account.budget >= budget and had_the_time)


def _write_pages(session: Session, exploration: Exploration, file: str, store: Path | None, settings: dict[str, Any]) -> None:
    """The first explained failure in the file, further ones in files of their own, their ids in the names."""
    explained = [failure for failure in exploration.failures if failure.account is not None]
    shared = {name: settings[name] for name in ("engine", "jobs", "limits")}
    for number, failure in enumerate(explained):
        place = file if not number else str(Path(file).with_suffix("")) + f"-{failure.id}{Path(file).suffix}"
        evidence = session.services.gather(failure, **shared)
        write_page(failure, evidence, place, "html", store)
        print(f"Failure {failure.id} as a page: {place}", file=sys.stderr)


def _publish(exploration: Exploration, kept: "Sequence[KeptResult]", json_file: str | None, store: Path | None, annotated: bool) -> None:
    """Write the JSON first: a reader of the report may leave early, and a full disk may not cost the report."""
    data = exploration_to_data(exploration)
    if kept:
        from crossroads.analysis.kept import kept_to_data

        data["kept"] = kept_to_data(kept)
    if json_file == STDOUT:
        write_text(STDOUT, to_json(data) + "\n", "json")
        return
    try:
        if json_file is not None:
            write_text(json_file, to_json(data) + "\n", "json")
    finally:
        view = view_of(sys.stdout, store_options(store))
        print_lines(exploration_report(exploration, view))
        for failure in exploration.failures if annotated else ():
            end, often = failure.outcome, (failure.count, failure.probability.futures)
            command = view.command("replay", failure.id)
            print(failure_annotation(end.exception or end.kind, end.message, end.where, often, exploration.target, command))
