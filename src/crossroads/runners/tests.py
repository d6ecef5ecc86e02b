"""One test of pytest's as a program: what is done for it once, and what is one life of it."""

import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, TracebackType
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol
from _pytest.skipping import evaluate_skip_marks, evaluate_xfail_marks

from crossroads.errors import TargetError
from crossroads.snapshots.endings import raised_at
from crossroads.snapshots.places import is_own, short_path
from crossroads.timeline.outcomes import Outcome

EXIT_CODE: Final = 2
"""Of pytest itself, where `pytest.exit` is given none."""

PHASES: Final = {"setup": "in its setup", "call": "", "teardown": "in its teardown"}


class Next(pytest.Item):
    """Stands for a test that comes next, so that only what belongs to the function is torn down."""

    def runtest(self) -> None: ...


class OneTest:
    """A collected test.

    Args:
        item: pytest's.
    """

    def __init__(self, item: Any) -> None:
        self._item = item
        self._next = Next.from_parent(item.parent, name="next")
        self._step: Callable[[Any, Any], None] = self._set_up_wider
        self._note: tuple[str, str] = ("", "")
        self._error: BaseException | None = None
        self._phase = ""
        self._trace: TracebackType | None = None
        self._is_raised_by_program = False
        self._refused = ""

    @property
    def module(self) -> ModuleType:
        """The module that the test is in."""
        module: ModuleType = self._item.module
        return module

    def refusal(self, world: str) -> str:
        """Why the test can't be run in this world, in one sentence; "" if it can."""
        if world != "asyncio" and inspect.iscoroutinefunction(getattr(self._item, "obj", None)):
            return f"{self._item.nodeid} is async, but not by its source; write it as async def in the test's file"
        return self._refused

    def widen(self) -> None:
        """Set up what is wider than a function, as it would be for the first test that needs it."""
        self._protocol()
        self._step = self._run

    def live(self) -> None:
        """The function's part of the protocol, once.

        Raises:
            BaseException: what has failed the test, its setup or its teardown, the first of them.
        """
        self._note, self._error, self._phase = ("", ""), None, ""
        try:
            self._protocol()
        except pytest.exit.Exception as error:
            self._error = error
        if self._error is not None:
            own = own_part(self._error.__traceback__)
            self._trace = own
            self._is_raised_by_program = own is not None
            raise self._error.with_traceback(own or self._error.__traceback__)

    def read_end(self, outcome: Outcome) -> Outcome:
        """Say in which phase it failed, or how it passed without being run to its end."""
        kind, text = self._note
        if outcome.kind == "passed" and kind:
            return replace(outcome, message=f"{kind}: {text}" if text else kind)
        if self._error is None:
            return self._read_end_by_world(outcome)
        if outcome.kind not in ("passed", "failed", "exited"):
            return outcome
        where = outcome.where if self._is_raised_by_program else self._place()
        message = f"{self._phase}: {_text(self._error, outcome)}" if self._phase else _text(self._error, outcome)
        if isinstance(self._error, pytest.exit.Exception):
            code = self._error.returncode
            return Outcome("exited", "pytest.exit", message, where, EXIT_CODE if code is None else code)
        if outcome.kind == "passed":
            return Outcome(
                "failed", "SystemExit", message or "it left with exit code 0, which is no end for a test", raised_at(self._trace)
            )
        return replace(outcome, message=message, where=where)

    # What the session's hooks call.

    def step(self, item: Any, nextitem: Any) -> None:
        """The innermost part of the protocol: around it stand the warnings filter, explained assertions and what plugins put there."""
        self._step(item, nextitem)

    def note(self, call: Any, report: Any) -> None:
        """Learn how a phase ended."""
        if report.failed:
            self._note_failure(call, report)
        elif hasattr(report, "wasxfail"):
            self._note = ("xfailed" if report.skipped else "xpassed", report.wasxfail.removeprefix("reason: "))
        elif report.skipped and not self._note[0]:
            self._note = ("skipped", str(report.longrepr[2]).removeprefix("Skipped: "))

    # Inside.

    def _read_end_by_world(self, outcome: Outcome) -> Outcome:
        """A deadlock, say, isn't raised in the test; but it may be expected to fail."""
        expected = evaluate_xfail_marks(self._item) if outcome.kind == "failed" and not self._item.config.option.runxfail else None
        if expected is None or expected.raises is not None:
            return outcome
        return Outcome("passed", message=f"xfailed: {expected.reason}" if expected.reason else "xfailed")

    def _place(self) -> str:
        """Where the test is, for an end that no line of the program has raised."""
        path, line, _ = self._item.location
        return f"{short_path(os.path.abspath(path))}:{(line or 0) + 1} in {self._item.name}"

    def _protocol(self) -> None:
        self._item.ihook.pytest_runtest_protocol(item=self._item, nextitem=self._next)

    def _note_failure(self, call: Any, report: Any) -> None:
        if self._error is not None:
            return
        self._error = call.excinfo.value if call.excinfo is not None else pytest.fail.Exception(str(report.longrepr), pytrace=False)
        self._phase = PHASES[report.when]

    def _run(self, item: Any, nextitem: Any) -> None:
        runtestprotocol(item, log=False, nextitem=nextitem)

    def _set_up_wider(self, item: Any, nextitem: Any) -> None:
        """The fixtures of wider scope in pytest's order; one that fails is kept by pytest, and fails in each future."""
        if self._is_not_run():
            return
        try:
            item.session._setupstate.setup(item.parent)
            for name in list(getattr(item, "fixturenames", ())):
                if self._is_wider(name):
                    item._request.getfixturevalue(name)
        except TargetError as error:
            self._refused = str(error)
        except BaseException:
            pass

    def _is_not_run(self) -> bool:
        expected = evaluate_xfail_marks(self._item)
        return evaluate_skip_marks(self._item) is not None or (expected is not None and not expected.run)

    def _is_wider(self, name: str) -> bool:
        definitions = self._item._fixtureinfo.name2fixturedefs.get(name)
        return bool(definitions) and definitions[-1].scope != "function"


def check_fixture(name: str, value: object, test: str) -> None:
    """Refuse what a fixture says a test is to run on, where there is no world for that.

    Raises:
        TargetError: it is trio.
    """
    backend = value[0] if isinstance(value, tuple) and value else value
    if name == "anyio_backend" and backend == "trio":
        raise TargetError(f"{test} runs on trio, which has no world here; choose its asyncio variant, or let anyio_backend be 'asyncio'")


def _text(error: BaseException, outcome: Outcome) -> str:
    if isinstance(error, pytest.FixtureLookupError):
        return error.msg or f"fixture {error.argname!r} not found"
    return outcome.message


def own_part(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from the first of the program's own frames on; None where there is none."""
    while trace is not None and not is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace
