"""Where the thin plugin knocks: options checked before anything runs, and tests taken over once they are collected."""

import os
from typing import Any

import pytest

from crossroads.errors import CrossroadsError, SettingError
from crossroads.faces.cli.files import check_place
from crossroads.faces.pytest.conductor import ASKED, REFUSED, Conductor, outer_of, purse_of
from crossroads.faces.pytest.items import is_wanted
from crossroads.faces.pytest.ledger import Ledger
from crossroads.faces.pytest.settings import asked_of, futures_of, seconds_of, seed_of
from crossroads.faces.terminal.annotations import wanted

CONDUCTOR, LEDGER = "crossroads-conductor", "crossroads-ledger"


def check_options(config: pytest.Config) -> None:
    """Refuse options that can't be followed, before anything runs.

    Raises:
        pytest.UsageError: one is out of range, or names a place that can't be written.
    """
    try:
        _check(config.option)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None


def open_ledger(config: pytest.Config) -> Ledger:
    """What gathers reports in the process that shows them, made where it isn't there yet."""
    known: Any = config.pluginmanager.get_plugin(LEDGER)
    if known is None:
        option = config.option
        known = Ledger(option.crossroads_json, wanted(option.crossroads_annotations, os.environ))
        config.pluginmanager.register(known, LEDGER)
    ledger: Ledger = known
    return ledger


def take_over(session: pytest.Session) -> None:
    """Note for each test that is to be lived many times what was asked for it, and register what runs it.

    Raises:
        pytest.UsageError: an argument of a marker isn't one, or out of range.
    """
    config = session.config
    is_worker = hasattr(config, "workerinput")
    count = 0
    for item in session.items:
        if not is_wanted(item):
            continue
        count += 1
        try:
            if not isinstance(item, pytest.Function):
                raise SettingError(f"{item.nodeid} isn't a test function, and only those have futures; take the marker off")
            item.stash[ASKED] = asked_of(item)
        except CrossroadsError as error:
            if not is_worker:
                raise pytest.UsageError(f"{item.nodeid}: {error}") from None
            # A worker can't end the whole; its test says what is wrong.
            item.stash[REFUSED] = str(error)
    if not count or config.option.collectonly or config.option.setuponly or config.option.setupplan:
        return
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    budget = config.option.crossroads_budget
    purse = purse_of(None if budget is None else seconds_of(budget, "crossroads_budget"), count, workers)
    outer = outer_of(config, purse, None if workers == 1 else max(1, cores // workers))
    config.pluginmanager.register(Conductor(outer), CONDUCTOR)
    if not is_worker:
        open_ledger(config)


def _check(option: Any) -> None:
    futures_of(option.crossroads_futures)
    if option.crossroads_seed is not None:
        seed_of(option.crossroads_seed)
    if option.crossroads_budget is not None:
        seconds_of(option.crossroads_budget, "crossroads_budget")
    if option.crossroads_json is not None:
        check_place(option.crossroads_json, "crossroads_json")
    wanted(option.crossroads_annotations, os.environ)
