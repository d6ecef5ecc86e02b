"""A session of pytest's inside of a process that lives futures: it collects one test and sets up what is wider than a function.

pytest's own protocol does all of the work, with the project's settings, conftest files and plugins; this file only decides when which
part of it runs. Once, before the snapshot LOADED: configuration, collection, fixtures of wider scope. In each future, from one call of
`OneTest.live` to its return: the function's fixtures, the call, their teardown. Wider fixtures aren't torn down, as no future is the last.
Some of what is used here isn't public in pytest: `_prepareconfig`, `SetupState`, `_initrequest` and `_request`, the same since version 7.
"""

import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
from _pytest.config import ConftestImportFailure, _prepareconfig

from crossroads.errors import TargetError
from crossroads.runners.examples import unwrap, use_examples
from crossroads.runners.folders import Folder
from crossroads.runners.programs import Program, import_problem
from crossroads.runners.tests import OneTest, check_fixture
from crossroads.snapshots.lasting import make_lasting
from crossroads.snapshots.live import program_folders
from crossroads.worlds.targets import Target

PLUGIN_NAME: Final = "crossroads_session"
"""By this name other plugins find out that they are in such a session."""

ARGUMENTS: Final = ("--capture=no", "-o", "faulthandler_timeout=0")
"""Output belongs to futures; a watchdog is a thread."""

OPTIONS: Final[dict[str, object]] = {
    "verbose": 0,
    "collectonly": False,
    "keyword": "",
    "markexpr": "",
    "deselect": None,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "cacheshow": None,
    "usepdb": False,
    "trace": False,
    "setuponly": False,
    "setupshow": False,
    "setupplan": False,
    "tbstyle": "native",
    "xmlpath": None,
    "htmlpath": None,
    "pastebin": None,
    "log_file": os.devnull,
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "forked": False,
    "reruns": 0,
    "randomly_reset_seed": False,
}
"""Options of pytest and of plugins that would keep the test from being run here, once, and without a trace; as far as they are there."""

_show_warning = warnings.showwarning

TESTS_NAMED: Final = 8


def run_session(target: Target, world: str, go: Callable[[Program], NoReturn]) -> NoReturn:
    """Collect a test, set up what is wider than a function, and go on with it inside of the session.

    Raises:
        TargetError: there is no such test, it can't be collected, or can't be run in this world.
    """
    text = str(target)
    sys.argv = ["pytest", text]
    driver = Driver(target, world, go)
    warnings.showwarning = _QUIET
    try:
        config = _prepareconfig([*ARGUMENTS, text], [Early()])
        for name, value in OPTIONS.items():
            if name in vars(config.option):
                setattr(config.option, name, value)
        config.pluginmanager.register(driver, PLUGIN_NAME)
        config.hook.pytest_cmdline_main(config=config)
    except ConftestImportFailure as error:
        raise TargetError(import_problem(str(error.path), error.cause)) from error
    except pytest.UsageError as error:
        raise TargetError(driver.trouble or _said(target, error)) from error
    raise TargetError(driver.trouble or f"{target} can't be collected: pytest ended without saying why")


class Early:
    """What has to be said before plugins look at the command line."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: Any) -> Generator[None, Any, Any]:
        options = early_config.known_args_namespace
        if hasattr(options, "cov_source"):
            options.cov_source = []
        return (yield)


class Driver:
    """The plugin that takes a session to its one test, and never back.

    Args:
        target: the test.
        world: name of the one that this process is in.
        go: lives, and ends the process.
    """

    def __init__(self, target: Target, world: str, go: Callable[[Program], NoReturn]) -> None:
        self._target, self._world, self._go = target, world, go
        self.trouble = ""
        self._folder = Folder(str(target))
        self._test: OneTest | None = None

    # Hooks of pytest's, by their names.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: Any) -> None:
        """From here on pytest itself is silent, leaves no files, and its own folder counts as the program's."""
        if warnings.showwarning is _QUIET:
            warnings.showwarning = _show_warning
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = Sink()
        # A cache that is shown isn't written.
        session.config.option.cacheshow = ["*"]
        _use_folder(session.config, self._folder)
        root = f"{session.config.rootpath}/"
        if root not in program_folders:
            program_folders.append(root)
            program_folders.sort(key=len, reverse=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, Any]:
        report = yield
        if report.failed and not self.trouble:
            error = report.call.excinfo.value if report.call.excinfo is not None else None
            self.trouble = import_problem(self._target.place, error.__cause__ or error) if error is not None else str(report.longrepr)
        elif report.skipped and not self.trouble:
            self.trouble = f"{self._target} is skipped with its module: {str(report.longrepr[2]).removeprefix('Skipped: ')}"
        return report

    def pytest_internalerror(self, excinfo: Any) -> None:
        self.trouble = self.trouble or f"{self._target} can't be collected: {excinfo.exconly()}"

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        self.trouble = self.trouble or f"{self._target} can't be collected: {excinfo.exconly()}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not self.trouble and len(session.items) != 1:
            self.trouble = _not_one(self._target, [item.name for item in session.items])
        if not self.trouble:
            test = self._test = OneTest(session.items[0])
            use_examples(session.items[0])
            test.widen()
            self.trouble = test.refusal(self._world)
        if not self.trouble:
            make_lasting()
            self._go_on(Program(test.module, test.live, str(self._target), test.read_end, self._folder))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:
        assert self._test is not None
        self._test.step(item, nextitem)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        unwrap(item, call)
        report = yield
        if self._test is not None:
            self._test.note(call, report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        value = yield
        check_fixture(fixturedef.argname, value, str(self._target))
        return value

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self) -> bool:
        """Futures have limits of their own."""
        return True

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> bool | None:
        """A coroutine function that no plugin has taken is run as `asyncio.run` does."""
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        import asyncio

        asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}))
        return True

    # Inside.

    def _go_on(self, program: Program) -> NoReturn:
        """Nothing may come back from there: the session would end in this process, as if it was the only one."""
        try:
            self._go(program)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)


def _use_folder(config: Any, folder: Folder) -> None:
    """Have pytest's temporary directories made in this one; it is claimed when the first is asked for."""
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is None:
        return

    def getbasetemp() -> Path:
        factory._basetemp = Path(folder.claim())
        return Path(factory._basetemp)

    factory.getbasetemp = getbasetemp


class Sink:
    """A file for what pytest itself has to say."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False


def _unseen(*warning: Any) -> None:
    """Of the configuration; pytest itself shows those that come later."""


_QUIET: Final[Any] = _unseen


def _said(target: Target, error: Exception) -> str:
    """A sentence of pytest's about the command line, as one of ours."""
    text = "; ".join(str(argument) for argument in error.args).strip().partition("\n")[0]
    if text.startswith("not found:"):
        return f"target={str(target)!r}: {target.place} has no such test; list its tests with: pytest --collect-only -q {target.place}"
    return f"{target} can't be collected: {text}"


def _not_one(target: Target, names: list[str]) -> str:
    if not names:
        return f"{target} is no test that pytest collects; list those there are with: pytest --collect-only -q {target.place}"
    more = f" and {len(names) - TESTS_NAMED} more" if len(names) > TESTS_NAMED else ""
    return f"{target} has {len(names)} tests ({', '.join(names[:TESTS_NAMED])}{more}); name one of them"
