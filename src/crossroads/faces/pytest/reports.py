"""From what was found to pytest's reports: the exception that stands for it, its text, and what the report brings along."""

from collections.abc import Sequence
from typing import Any

import pytest
from _pytest._code.code import ReprEntry, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from crossroads.analysis.kept import kept_to_data
from crossroads.analysis.report import exploration_to_data
from crossroads.analysis.results import Exploration
from crossroads.analysis.verdict import verdict_to_data
from crossroads.faces.pytest.account import Crash, account_lines, crash_of, output_of
from crossroads.faces.pytest.earlier import Earlier, StillFails
from crossroads.faces.pytest.words import Told
from crossroads.faces.terminal.lines import View


class FutureFailed(Exception):
    """Some futures of a test fail: what pytest sees of it. Its text is the account."""

    def __init__(self, exploration: Exploration, view: View) -> None:
        super().__init__("\n".join(text.plain for text in account_lines(exploration, view)))
        self.exploration = exploration


class PassedUnexpectedly(Exception):
    """A test that is expected to fail doesn't, in any future; its text is the reason why it is expected to."""


class NotLived(Exception):
    """The futures of a test can't be lived; its text says why, and the way out."""


def told_of(nodeid: str, exploration: Exploration | None, view: View, earlier: Earlier, *, whole: bool) -> dict[str, Any]:
    """What a report brings along, as data that xdist can send.

    Args:
        nodeid: of the test.
        exploration: what was found; None where it wasn't lived.
        view: what commands need.
        earlier: what became of what was known before.
        whole: whether the whole of it is wanted, as `crossroads-report/1`.
    """
    told: dict[str, Any] = {"nodeid": nodeid, "futures": 0, "failed": 0, "counted": 0, "diverged": 0, "one_future": False, "not_lived": ""}
    told["failures"], told["earlier"] = [], list(earlier.notes)
    if whole and (earlier.kept or earlier.verdicts):
        told["kept"], told["verdicts"] = kept_to_data(earlier.kept), [verdict_to_data(verdict) for verdict in earlier.verdicts]
    if exploration is None:
        return told
    tally = exploration.explored
    told |= {
        "futures": tally.futures,
        "failed": sum(failure.count for failure in exploration.failures),
        "counted": tally.futures - tally.other.get("diverged", 0),
        "diverged": tally.other.get("diverged", 0),
        "one_future": exploration.one_future,
        "seed": exploration.seed,
        "failures": [
            {
                "id": failure.id,
                "exception": failure.outcome.exception or failure.outcome.kind,
                "message": failure.outcome.message,
                "where": failure.outcome.where,
                "count": failure.count,
                "futures": failure.probability.futures,
                "replay": view.command("replay", failure.id),
            }
            for failure in exploration.failures
        ],
    }
    return told | ({"report": _report(exploration, view)} if whole else {})


def _report(exploration: Exploration, view: View) -> dict[str, Any]:
    """The exploration as `crossroads-report/1`, its commands as they work from here."""
    data = exploration_to_data(exploration)
    for failure in data["failures"]:
        failure["replay"] = view.command("replay", failure["id"])
    return data


def properties_of(told: Told) -> list[tuple[str, str]]:
    """What `--junitxml` and others keep of a test."""
    if not told["futures"]:
        return []
    properties = [(f"crossroads_{name}", str(told[name])) for name in ("futures", "failed", "seed")]
    for failure in told["failures"][:1]:
        properties += [("crossroads_id", failure["id"]), ("crossroads_replay", failure["replay"])]
    return properties


def longrepr_of(crash: Crash, lines: Sequence[str]) -> ReprExceptionInfo:
    """A text as pytest's reports have it: xdist can send it, and the summary at the end has its one line."""
    entry = ReprEntry(list(lines), None, None, None, "value")
    place = ReprFileLocation(crash.path, crash.line, crash.message)
    return ReprExceptionInfo(reprtraceback=ReprTraceback([entry], None, "value"), reprcrash=place)


def fill(report: pytest.TestReport, item: pytest.Item, error: BaseException | None, told: Told) -> None:
    """Give a report the account in place of our own traceback, the output of the failing future, and what it brings along."""
    path, line, _ = item.location
    if isinstance(error, FutureFailed):
        exploration = error.exploration
        report.longrepr = longrepr_of(crash_of(exploration, path, (line or 0) + 1), str(error).splitlines())
        printed, _ = output_of(exploration.failures[0])
        report.sections = [("Captured stdout and stderr of the failing future", printed)] if printed.strip() else []
    elif isinstance(error, StillFails):
        report.longrepr = longrepr_of(Crash(path, (line or 0) + 1, error.earlier.failing), str(error).splitlines())
    elif isinstance(error, NotLived):
        text = f"crossroads: {error}"
        report.longrepr = longrepr_of(Crash(path, (line or 0) + 1, text), [text])
    elif isinstance(error, PassedUnexpectedly):
        report.outcome, report.longrepr, report.wasxfail = "passed", None, str(error)
    vars(report)["crossroads"] = dict(told)
