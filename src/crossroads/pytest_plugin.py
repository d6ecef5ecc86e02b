"""The pytest plugin: options, the marker, and the door to `crossroads.faces.pytest`, which is loaded when a test asks for it.

Every pytest run where crossroads is installed loads this file, so it does next to nothing. PYTEST_DONT_REWRITE
"""

from typing import Any

import pytest

MARKER = (
    "crossroads(futures=500, faults=(), seed=0, budget='60s', wall=None, steps=None, cancel=None, keep='tests/crossroads'): "
    "live many futures of this test, explain what fails"
)

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--crossroads", {"action": "store_true", "help": "Live many futures of every async test, and explain what fails."}),
    ("--no-crossroads", {"action": "store_true", "help": "Run tests with the marker crossroads once, as all others."}),
    ("--crossroads-futures", {"metavar": "N", "help": "Futures of each test; 500 by default, with a budget as many as there is time for."}),
    ("--crossroads-seed", {"metavar": "S", "help": "Another seed draws other futures; 0 by default."}),
    ("--crossroads-budget", {"metavar": "TIME", "help": "Time for all tests together (90s, 5m), shared by need."}),
    ("--crossroads-html", {"metavar": "DIR", "help": "Write each explained failure as a page there."}),
    ("--crossroads-json", {"metavar": "FILE", "help": "Write what was found in all tests as JSON."}),
    ("--crossroads-store", {"metavar": "FILE", "help": "The file that keeps what is found; one for each project by default."}),
    ("--crossroads-annotations", {"metavar": "github", "help": "Print failures as a CI shows them; in GitHub Actions by itself."}),
    ("--crossroads-verify", {"action": "store_true", "help": "Tell of known failures of each test whether they still happen."}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that start with --crossroads."""
    group = parser.getgroup("crossroads", "futures of tests")
    for name, attributes in OPTIONS:
        group.addoption(name, **attributes)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; check options that were given, and those alone."""
    config.addinivalue_line("markers", MARKER)
    option = config.option
    if is_inner(config):
        return
    if option.no_crossroads:
        if option.crossroads:
            raise pytest.UsageError("crossroads and no-crossroads can't both be followed; leave one of them out")
        return
    if any(getattr(option, name.strip("-").replace("-", "_")) for name, _ in OPTIONS):
        from crossroads.faces.pytest.door import check_options

        check_options(config)
    if getattr(option, "dist", "no") != "no" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller(config))


def is_inner(config: pytest.Config) -> bool:
    """Whether this is a session within the engine, which lives one test that this plugin has taken over outside."""
    return bool(config.pluginmanager.has_plugin("crossroads_session"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take over the tests that ask for futures, if there are any."""
    option = session.config.option
    if option.no_crossroads or is_inner(session.config):
        return
    if not (option.crossroads or any(item.get_closest_marker("crossroads") for item in session.items)):
        return
    from crossroads.faces.pytest.door import take_over

    take_over(session)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item) -> bool | None:
    """Within the engine, which has limits of its own, pytest-timeout sets no timer."""
    return True if is_inner(item.config) else None


class Controller:
    """In the process that gives xdist's workers their tests: what they can't know of it, and a look at what they report."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker the arguments of the whole."""
        node.workerinput["crossroads_arguments"] = [str(argument) for argument in self._config.invocation_params.args]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what a worker has found."""
        if getattr(report, "crossroads", None) is None:
            return
        from crossroads.faces.pytest.door import LEDGER, open_ledger

        if not self._config.pluginmanager.has_plugin(LEDGER):
            open_ledger(self._config).pytest_runtest_logreport(report)
