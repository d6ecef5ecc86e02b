"""What was asked for: by the command line for all tests, by the marker for one. The command line wins."""

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
import pytest

from crossroads.analysis.explore import check_faults
from crossroads.errors import SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.run import KEPT

FUTURES: Final = 500
"""Futures of a test by default: a failure of 0.6 % is found with 95 %."""

UNASKED_WALL_S: Final = 10.0
"""A future of a test that nobody has marked may take so long: some wait for what isn't simulated, and many such would take hours."""

MARKER: Final = "crossroads"
KNOWN: Final = ("futures", "faults", "seed", "budget", "wall", "steps", "cancel", "keep")

ABSENT: Final = {
    "hosts": 'machines are made where they are used: call crossroads.world.host("db") in the test or in a fixture',
    "verify": "give pytest the option --crossroads-verify",
}
"""Arguments that one may look for, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with one test.

    Args:
        futures: how many; None: FUTURES, or as many as there is time for.
        seed: of all of them.
        faults: as for `explore`.
        budget_s: seconds that this test may take, exploring and explaining; None: no such limit of its own.
        wall_s: seconds that one future may take; None adapts it.
        steps: points after which a future counts as hung; None: the usual number.
        cancel: the coroutine to cancel at each of its awaits; None: none.
        keep: the folder of its kept regressions, from the working directory.
    """

    futures: int | None = None
    seed: int = 0
    faults: tuple[str, ...] = ()
    budget_s: float | None = None
    wall_s: float | None = None
    steps: int | None = None
    cancel: str | None = None
    keep: str = KEPT


def asked_of(item: pytest.Item) -> Asked:
    """What was asked for one test.

    Raises:
        SettingError: an argument of its marker, or an option, is unknown or out of range.
    """
    markers = list(item.iter_markers(MARKER))
    marked, marked_at_all = arguments_of(markers), bool(markers)
    given = item.config.option
    return Asked(
        futures=futures_of(given.crossroads_futures) or _whole("futures", marked, options.FUTURES),
        seed=seed_of(given.crossroads_seed) if given.crossroads_seed is not None else _whole("seed", marked, options.SEED) or 0,
        faults=check_faults(marked.get("faults", ())),
        budget_s=None if marked.get("budget") is None else seconds_of(str(marked["budget"]), "budget"),
        wall_s=_wall(marked) or (None if marked_at_all else UNASKED_WALL_S),
        steps=_whole("steps", marked, options.Whole(1)),
        cancel=_text("cancel", marked),
        keep=_text("keep", marked) or KEPT,
    )


def arguments_of(markers: Sequence[pytest.Mark]) -> Mapping[str, Any]:
    """The arguments of a test's markers, the nearest one's first.

    Raises:
        SettingError: there is one that the marker doesn't have.
    """
    for marker in markers:
        if marker.args:
            raise SettingError(f"crossroads({marker.args[0]!r}) has an argument without a name; write futures=500, or one of {_known()}")
        for name in marker.kwargs:
            if name in ABSENT:
                raise SettingError(f"crossroads({name}=...) isn't an argument of the marker; {ABSENT[name]}")
            if name not in KNOWN:
                raise SettingError(f"crossroads({name}=...) isn't an argument of the marker; it has {_known()}")
    return ChainMap(*(dict(marker.kwargs) for marker in markers))


def futures_of(text: str | None) -> int | None:
    """The number given by --crossroads-futures."""
    return None if text is None else options.FUTURES.convert(text, _option("--crossroads-futures"), None)


def seed_of(text: str) -> int:
    """The number given by --crossroads-seed."""
    return options.SEED.convert(text, _option("--crossroads-seed"), None)


def seconds_of(text: str, name: str) -> float:
    """A time such as "90s", "5m" or "1h" in seconds, at least one."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([smh])", text.strip().lower())
    if found is None:
        raise SettingError(f"{name}={text[:40]} must be a time, such as 90s, 5m or 1h")
    seconds = float(found[1]) * options.TIME_UNITS[found[2]]
    if seconds < 1.0:
        raise SettingError(f"{name}={text} must be at least 1s; leave it out to let tests take their time")
    return seconds


def _whole(name: str, marked: Mapping[str, Any], rule: options.Whole) -> int | None:
    value = marked.get(name)
    return None if value is None else rule.convert(value, _option(f"--{name}"), None)


def _text(name: str, marked: Mapping[str, Any]) -> str | None:
    value = marked.get(name)
    if value is not None and not (isinstance(value, str) and value):
        raise SettingError(f"crossroads({name}={value!r}) must be a text that isn't empty, or left out")
    return value


def _wall(marked: Mapping[str, Any]) -> float | None:
    value = marked.get("wall")
    return None if value is None else options.WALL.convert(value, _option("--wall"), None)


def _option(name: str) -> click.Option:
    """What names the value in a message."""
    return click.Option([name])


def _known() -> str:
    return ", ".join(KNOWN)
