"""What all tests have shown, in the process that shows it: the summary, the JSON file, the annotations."""

import platform
import time
from typing import Any, Final

import pytest

from crossroads import __version__
from crossroads.faces.cli.files import to_json, write_text
from crossroads.faces.pytest.words import status, summary
from crossroads.faces.terminal.annotations import failure_annotation
from crossroads.faces.terminal.lines import WIDTH_MAX, WIDTH_MIN
from crossroads.faces.terminal.texts import fold

SCHEMA: Final = "crossroads-pytest/1"


class Ledger:
    """The plugin that gathers what reports bring along.

    Args:
        json_file: where to write all of it; None: nowhere.
        annotated: whether failures are printed as GitHub shows them.
    """

    def __init__(self, json_file: str | None, annotated: bool) -> None:
        self._json_file, self._annotated = json_file, annotated
        self._tests: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._is_over = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """With -v, in how many futures a test has passed or failed; the list at the end has pytest's own words, which programs read."""
        told = getattr(report, "crossroads", None)
        return None if told is None or self._is_over or report.when != "call" else status(report, told)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what was found in a test."""
        told = getattr(report, "crossroads", None)
        if told is not None:
            self._tests.append({**told, "outcome": _outcome(report), "seconds": round(report.duration, 3)})

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self._is_over = True
        if self._json_file is None:
            return
        data = {
            "schema": SCHEMA,
            "crossroads": __version__,
            "python": platform.python_version(),
            "seconds": round(time.monotonic() - self._began, 3),
            "tests": [_entry(test) for test in self._tests],
        }
        write_text(self._json_file, to_json(data) + "\n", "crossroads-json")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what passing means, and what failed where."""
        if not self._tests:
            return
        terminalreporter.section("crossroads")
        width = min(max(terminalreporter._tw.fullwidth, WIDTH_MIN), WIDTH_MAX)
        for text in summary(self._tests):
            for line in fold(text, width, hanging="  "):
                terminalreporter.line(line)
        if self._annotated:
            for test in self._tests:
                for failure in test["failures"]:
                    terminalreporter.line(_annotation(test["nodeid"], failure))


def _outcome(report: pytest.TestReport) -> str:
    """How the test ended, in a word of pytest's."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return report.outcome


def _entry(test: dict[str, Any]) -> dict[str, Any]:
    """A test as the file has it."""
    return {name: test[name] for name in ("nodeid", "outcome", "seconds")} | {"report": test.get("report")}


def _annotation(nodeid: str, failure: dict[str, Any]) -> str:
    often = (int(failure["count"]), int(failure["futures"]))
    return failure_annotation(failure["exception"], failure["message"], failure["where"], often, nodeid, failure["replay"])
