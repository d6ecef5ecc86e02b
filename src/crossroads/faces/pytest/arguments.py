"""What a test's own session has to be told: the options of this pytest that change what the test is, and not those that say which tests
run or how they are shown.

It reaches the engine's processes, and the printed commands, as PYTEST_ADDOPTS.
"""

import argparse
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import pytest

VARIABLE: Final = "PYTEST_ADDOPTS"
WORKER_INPUT: Final = "crossroads_arguments"
"""Under which workers of xdist are told the arguments of the whole."""

OUTER: Final = frozenset(
    (
        # which tests run, and how often
        "file_or_dir", "keyword", "markexpr", "deselect", "ignore", "ignore_glob", "keepduplicates", "pyargs", "maxfail", "lf",
        "failedfirst", "newfirst", "last_failed_no_failures", "cacheclear", "cacheshow", "collectonly", "continue_on_collection_errors",
        "setuponly", "setupplan", "setupshow", "only_rerun", "rerun_except", "crossroads", "no_crossroads",
        # how they are shown
        "verbose", "reportchars", "tbstyle", "showlocals", "fulltrace", "color", "code_highlight", "capture", "showcapture", "durations",
        "durations_min", "no_header", "no_summary", "no_fold_skipped", "nofold", "force_short_summary", "xfail_tb", "disable_warnings",
        "max_warnings", "pastebin", "xmlpath", "junitprefix", "htmlpath", "self_contained_html", "css", "instafail", "traceconfig", "debug",
        "help", "version", "markers", "showfixtures", "show_fixtures_per_test", "usepdb", "usepdb_cls", "trace",
        # where they run
        "basetemp", "numprocesses", "maxprocesses", "maxworkerrestart", "maxschedchunk", "dist", "distload", "tx", "px", "rsyncdir",
        "rsyncignore", "testrunuid", "looponfail", "loadscopereorder", "noloadscopereorder", "no_cov",
    )
)  # fmt: skip
"""Destinations of options that are this session's own business."""

OUTER_BEGINNINGS: Final = (
    "crossroads_", "cov", "timeout", "reruns", "stepwise", "sw_", "doctest", "log_cli", "log_file", "json_report", "benchmark", "randomly",
    "random_order", "loadscope",
)  # fmt: skip


OUTER_PLUGINS: Final = frozenset(
    ("cacheprovider", "terminal", "junitxml", "pastebin", "faulthandler", "xdist", "cov", "timeout", "randomly")
)
"""Plugins without which a test is the same."""


def passed_on(config: pytest.Config) -> list[str]:
    """The arguments of this pytest that its tests' own sessions are given, too."""
    worker = getattr(config, "workerinput", None)
    arguments = config.invocation_params.args if worker is None else worker.get(WORKER_INPUT, ())
    return inner_arguments([str(argument) for argument in arguments], _actions(config))


def inner_arguments(arguments: Sequence[str], actions: Mapping[str, argparse.Action]) -> list[str]:
    """Those of some arguments that change what a test is.

    Args:
        arguments: of a command line.
        actions: of the parser, by each of the option's names.

    Returns:
        Options with their values; places and unknown options are left out.
    """
    kept: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        name, has_value = _name_of(word, actions)
        action = actions.get(name)
        if action is None:
            continue
        values = [] if has_value else _values(action, rest)
        if not _is_outer(action.dest) and not _is_outer_plugin(word, values):
            kept += [word, *values]
    return kept


def _name_of(word: str, actions: Mapping[str, argparse.Action]) -> tuple[str, bool]:
    """(the name of the option, whether its value stands in the same word)."""
    if word in actions:
        return word, False
    if word.startswith("--"):
        return word.partition("=")[0], "=" in word
    return (word[:2], True) if word.startswith("-") and len(word) > 2 else (word, False)


def _values(action: argparse.Action, rest: list[str]) -> list[str]:
    """The values that follow an option, taken from the rest."""
    if isinstance(action.nargs, int):
        count = action.nargs
    elif action.nargs is None:
        count = 1
    else:
        follow = next((number for number, word in enumerate(rest) if word.startswith("-")), len(rest))
        count = min(follow, 1) if action.nargs == "?" else follow
    taken = rest[:count]
    del rest[:count]
    return taken


def _is_outer(destination: str) -> bool:
    return destination in OUTER or destination.startswith(OUTER_BEGINNINGS)


def _is_outer_plugin(word: str, values: list[str]) -> bool:
    """Whether it is a plugin switched off that has no part in a test's own session."""
    name = values[0] if word == "-p" and values else word.removeprefix("-p")
    return name.removeprefix("no:") in OUTER_PLUGINS and name.startswith("no:")


def _actions(config: pytest.Config) -> Mapping[str, argparse.Action]:
    """The options that pytest and its plugins know; pytest has no public way to them."""
    parser = config._parser
    made = getattr(parser, "optparser", None) or parser._getparser()  # type: ignore[attr-defined]  # pytest 8
    actions: Mapping[str, argparse.Action] = made._option_string_actions
    return actions


def in_front(arguments: Sequence[str]) -> str:
    """What stands before a command that is to be typed; "" where nothing has to."""
    return f"{VARIABLE}={shlex.quote(shlex.join(arguments))}" if arguments else ""


@contextmanager
def telling(arguments: Sequence[str]) -> Iterator[None]:
    """Processes that are started within get these arguments after those that the environment has."""
    before = os.environ.get(VARIABLE)
    if arguments:
        os.environ[VARIABLE] = f"{before or ''} {shlex.join(arguments)}".strip()
    try:
        yield
    finally:
        if before is not None:
            os.environ[VARIABLE] = before
        elif arguments:
            os.environ.pop(VARIABLE, None)
