"""What is said of tests in few words: beside their names with -v, and in the summary at the end."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from crossroads.faces.terminal.numbers import count, grouped, percent, percent_at_most
from crossroads.stats.sequences import interval

CONFIDENCE = 0.95

NAMED_MAX = 3
"""Tests that are named in a line of the summary."""

Told = Mapping[str, Any]
"""What a report brings along: see `reports.told_of`."""


def status(report: pytest.CollectReport | pytest.TestReport, told: Told) -> tuple[str, str, str] | None:
    """The word of a test for `pytest_report_teststatus`; None where pytest's own says it all."""
    if hasattr(report, "wasxfail") or told.get("futures", 0) == 0:
        return None
    if report.passed:
        return "passed", ".", f"PASSED [{_lived(told)}]"
    if report.failed:
        return "failed", "F", f"FAILED [{grouped(told['failed'])} of {_lived(told)}]"
    return None


def _lived(told: Told) -> str:
    return "the only future" if told["one_future"] and not told["failed"] else count(int(told["futures"]), "future")


def summary(tests: Sequence[Told]) -> list[str]:
    """The summary, a few lines.

    Args:
        tests: what was told of each test that was lived many times.
    """
    lived = [test for test in tests if test["futures"]]
    failing = [test for test in lived if test["outcome"] == "failed"]
    futures = sum(int(test["futures"]) for test in lived)
    found = f"{count(len(failing), 'test')} with failing futures" if failing else "none failed"
    lines = [f"{count(len(lived), 'test')}, {count(futures, 'future')}, {found}."] if lived else []
    lines += bound(lived)
    lines += [f"{test['nodeid']}: {note}" for test in tests for note in test["earlier"]]
    alone: dict[str, list[str]] = {}
    for test in tests:
        if test["not_lived"]:
            alone.setdefault(str(test["not_lived"]), []).append(str(test["nodeid"]))
    for reason, names in alone.items():
        lines.append(f"{count(len(names), 'test')} ran once, as without crossroads ({_listed(names)}): {reason}.")
    diverged = sum(int(test["diverged"]) for test in lived)
    if diverged:
        ours = [test["nodeid"] for test in lived if test["diverged"]]
        lines.append(f"{count(diverged, 'future')} diverged, which counts neither way: {_listed(ours)}.")
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED_MAX]) + (f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else "")


def bound(lived: Sequence[Told]) -> list[str]:
    """What passing says: how often a test may fail at most, in what was lived of it."""
    passed = [test for test in lived if test["outcome"] == "passed"]
    alone = [test for test in passed if test["one_future"]]
    many = [int(test["counted"]) for test in passed if not test["one_future"] and test["counted"]]
    lines = []
    if many:
        below = percent_at_most(interval(0, min(many), CONFIDENCE)[1])
        lines.append(f"Tests that passed fail in less than {below} of their futures, at {percent(CONFIDENCE)} confidence.")
    if alone:
        have = "has only one future" if len(alone) == 1 else "have only one future each"
        lines.append(f"{count(len(alone), 'test')} {have}: nothing is drawn there, and nothing arrives.")
    return lines
