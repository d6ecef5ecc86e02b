"""Runs the tests that were taken over: each in processes of the engine's, many times; nothing of it is set up in this one.

pytest's own reports come of it, by its own hooks, so that all that reads reports (-x, --lf, junitxml, xdist) works as ever.
"""

import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from _pytest.runner import runtestprotocol
from _pytest.skipping import evaluate_skip_marks, evaluate_xfail_marks

from crossroads.analysis.replay import replay as live_again
from crossroads.analysis.results import Exploration, Failure
from crossroads.errors import CrossroadsError
from crossroads.faces.cli.stored import store_options
from crossroads.faces.pytest import arguments, reports
from crossroads.faces.pytest.budget import Purse
from crossroads.faces.pytest.earlier import Earlier, StillFails, look
from crossroads.faces.pytest.items import is_marked
from crossroads.faces.pytest.living import Place, allowed_for, hangs_always, live, not_simulated, shared_by
from crossroads.faces.pytest.pages import write_page_of
from crossroads.faces.pytest.settings import Asked
from crossroads.faces.pytest.words import Told
from crossroads.faces.terminal.lines import WIDTH_MAX, WIDTH_MIN, View

ASKED = pytest.StashKey[Asked]()
"""What was asked for the tests that were taken over."""

REFUSED = pytest.StashKey[str]()
"""Why a test that was taken over can't be run."""

FAILED = pytest.StashKey[Failure]()
"""Its most frequent failure."""

TOLD = pytest.StashKey[Told]()
"""What its reports bring along."""

Phase = Literal["setup", "call", "teardown"]


@dataclass(frozen=True, slots=True)
class Outer:
    """What all tests of this pytest have in common.

    Args:
        purse: the time; None: each test takes its own.
        place: where futures are lived.
        arguments: for the tests' own sessions.
        html: the folder for pages; None: none are wanted.
        whole: whether the whole of each exploration is wanted.
        view: what reports have to fit into.
    """

    purse: Purse | None
    place: Place
    arguments: tuple[str, ...]
    html: Path | None
    whole: bool
    view: View


def outer_of(config: pytest.Config, purse: Purse | None, jobs: int | None) -> Outer:
    """What the options of this pytest say."""
    option = config.option
    store = None if option.crossroads_store is None else Path(option.crossroads_store)
    given = tuple(arguments.passed_on(config))
    width = max(WIDTH_MIN, min(WIDTH_MAX, config.get_terminal_writer().fullwidth)) if hasattr(config, "get_terminal_writer") else WIDTH_MIN
    return Outer(
        purse=purse,
        place=Place(store, jobs),
        arguments=given,
        html=None if option.crossroads_html is None else Path(option.crossroads_html),
        whole=option.crossroads_json is not None,
        view=View(width=width, options=store_options(store), before=arguments.in_front(given)),
    )


class Conductor:
    """The plugin that pytest asks to run each test, and that runs those that were taken over."""

    def __init__(self, outer: Outer) -> None:
        self._outer = outer

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test from its start to its last report, if it is one of ours."""
        if ASKED not in item.stash and REFUSED not in item.stash:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        if self._phase(item, "setup", lambda: _check_marks(item)).passed:
            call = _call("call", lambda: self._live(item))
            if call.excinfo is not None and isinstance(call.excinfo.value, reports.NotLived) and not is_marked(item):
                return self._run_as_it_is(item, nextitem, str(call.excinfo.value))
            report = self._report(item, call)
            if report.failed and item.config.option.usepdb and FAILED in item.stash:
                self._step_through(item.config, item.stash[FAILED])
        following = None if item.session.shouldfail or item.session.shouldstop else nextitem
        self._phase(item, "teardown", lambda: item.session._setupstate.teardown_exact(following))
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """pytest-timeout's limit is one for each future."""
        asked = item.stash.get(ASKED, None)
        if asked is None:
            return None
        item.stash[ASKED] = replace(asked, wall_s=asked.wall_s or float(settings.timeout))
        return True

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the account in, before others look at the report."""
        report = yield
        if TOLD in item.stash and (call.when == "call" or (call.when == "setup" and not report.passed)):
            reports.fill(report, item, None if call.excinfo is None else call.excinfo.value, item.stash[TOLD])
        return report

    def _phase(self, item: pytest.Item, when: Phase, work: Callable[[], None]) -> pytest.TestReport:
        return self._report(item, _call(when, work))

    def _report(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> pytest.TestReport:
        if call.excinfo is not None and isinstance(call.excinfo.value, reports.NotLived):
            call.when = "setup"
        report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
        item.ihook.pytest_runtest_logreport(report=report)
        return report

    def _run_as_it_is(self, item: pytest.Item, nextitem: pytest.Item | None, reason: str) -> bool:
        """Run a test once, in this process: nobody has asked for its futures by name, and they say nothing of it."""
        item.stash[TOLD] = {**reports.told_of(item.nodeid, None, self._outer.view, Earlier(), whole=False), "not_lived": reason}
        item.user_properties[:] = [(name, value) for name, value in item.user_properties if not name.startswith("crossroads_")]
        runtestprotocol(item, nextitem=nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _step_through(self, config: pytest.Config, failure: Failure) -> None:
        """What --pdb means here: the debugger that goes back and forth, on this terminal, where the failing future fails."""
        capture = config.pluginmanager.get_plugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        print(f"\nFailure {failure.id}: c goes on with the tests, back and forward go through time", flush=True)
        try:
            with arguments.telling(self._outer.arguments):
                live_again(failure, debugger=True, store=self._outer.place.store)
        except CrossroadsError as error:
            print(f"crossroads: {error}", flush=True)
        finally:
            if capture is not None:
                capture.resume_global_capture()

    def _live(self, item: pytest.Item) -> None:
        """Live the futures of a test; how that ends is how the test ends."""
        exploration: Exploration | None = None
        earlier = Earlier()
        try:
            earlier = self._look_back(item)
            if earlier.failing:
                raise StillFails(earlier, self._outer.view)
            exploration = self._explored(item)
        except CrossroadsError as error:
            raise reports.NotLived(str(error)) from None
        finally:
            told = reports.told_of(item.nodeid, exploration, self._outer.view, earlier, whole=self._outer.whole)
            item.stash[TOLD] = told
            item.user_properties += reports.properties_of(told)
        reason = not_simulated(exploration) or ("" if is_marked(item) else hangs_always(exploration))
        if reason:
            raise reports.NotLived(reason)
        if exploration.failures:
            item.stash[FAILED] = exploration.failures[0]
            if self._outer.html is not None:
                write_page_of(exploration.failures[0], item.name, self._outer.html, self._outer.place, self._outer.view)
            raise reports.FutureFailed(exploration, self._outer.view)
        if not exploration.explored.passed:
            raise reports.NotLived(f"no future of this test could be counted: {'; '.join(exploration.notes) or 'each was another run'}")
        _end_as_said(exploration)

    def _look_back(self, item: pytest.Item) -> Earlier:
        if REFUSED in item.stash:
            raise CrossroadsError(item.stash[REFUSED])
        asked, is_verifying = item.stash[ASKED], bool(item.config.option.crossroads_verify)
        with arguments.telling(self._outer.arguments):
            return look(target_of(item), asked, Path(asked.keep), shared_by(asked, self._outer.place), is_verifying=is_verifying)

    def _explored(self, item: pytest.Item) -> Exploration:
        asked, purse = item.stash[ASKED], self._outer.purse
        if purse is not None:
            purse.begin()
        allowed = allowed_for(asked, None if purse is None else purse.share_s, lambda: 0.0 if purse is None else purse.explaining_s)
        with arguments.telling(self._outer.arguments):
            return live(target_of(item), asked, allowed, self._outer.place)


def _call(when: Phase, work: Callable[[], None]) -> "pytest.CallInfo[None]":
    return pytest.CallInfo.from_call(work, when, reraise=(pytest.exit.Exception, KeyboardInterrupt))


def _end_as_said(exploration: Exploration) -> None:
    """Futures that passed may have been skipped, or have failed as expected; then so does the test."""
    said = dict.fromkeys(("skipped", "xfailed", "xpassed"), 0)
    reasons: dict[str, str] = {}
    for text, futures in exploration.said.items():
        kind, _, reason = text.partition(": ")
        if kind in said:
            said[kind] += futures
            reasons.setdefault(kind, reason)
    passed = exploration.explored.passed
    if said["skipped"] == passed:
        raise pytest.skip.Exception(reasons["skipped"], _use_item_location=True)
    if said["xfailed"]:
        share = "" if said["xfailed"] == passed else f" (in {said['xfailed']} of {passed} futures)"
        raise pytest.xfail.Exception(reasons["xfailed"] + share, pytrace=False)
    if said["xpassed"]:
        raise reports.PassedUnexpectedly(reasons["xpassed"])


def target_of(item: pytest.Item) -> str:
    """A test's node id as it is from the working directory, where commands are typed."""
    path = os.path.relpath(item.path)
    _, _, rest = item.nodeid.partition("::")
    return f"{path}::{rest}"


def purse_of(seconds: float | None, tests: int, workers: int) -> Purse | None:
    """The time for all tests; None where there is no limit."""
    return None if seconds is None else Purse(seconds, tests, workers, time.monotonic)


def _check_marks(item: pytest.Item) -> None:
    """What pytest's marks say of a test before it is run: a skipped one isn't lived at all."""
    skipped = evaluate_skip_marks(item)
    if skipped:
        raise pytest.skip.Exception(skipped.reason, _use_item_location=True)
    expected = evaluate_xfail_marks(item)
    if expected and not expected.run and not item.config.option.runxfail:
        raise pytest.xfail.Exception(f"[NOTRUN] {expected.reason}", pytrace=False)
