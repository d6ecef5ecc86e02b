"""Options that several verbs have, and the rules for their values.

A value that breaks its rule is a `SettingError`, which says the rule and the way out, rather than click's "Invalid value for".
"""

import math
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from crossroads.errors import SettingError
from crossroads.faces.cli.session import Session
from crossroads.snapshots.limits import Limits
from crossroads.timeline.keys import SEED_MAX
from crossroads.timeline.timelines import FAULT_KINDS

if TYPE_CHECKING:
    WholeType = click.ParamType[int]
    RealType = click.ParamType[float]
    TextType = click.ParamType[str]
else:
    WholeType = RealType = TextType = click.ParamType

Verb = TypeVar("Verb", bound=Callable[..., Any])

CONTEXT_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

COUNT_MAX = 10**12
"""No whole number that is an option may be larger; nobody waits for so many futures."""

SIZE_UNITS: Final = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
TIME_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
MEMORY_MIN = 16 * 10**6


class Whole(WholeType):
    """A whole number within bounds.

    Args:
        low, high: both allowed.
        way_out: what to do instead, said after the rule.
    """

    name = "number"

    def __init__(self, low: int, high: int = COUNT_MAX, way_out: str = "") -> None:
        self._low = low
        self._high = high
        self._way_out = f"; {way_out}" if way_out else ""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; raises SettingError for anything else."""
        text = str(value).replace("_", "").strip()
        if not re.fullmatch(r"[+-]?[0-9]{1,25}", text):
            _refuse(param, value, f"must be a whole number{self._way_out}")
        number = int(text)
        if number < self._low:
            _refuse(param, value, f"must be at least {self._low}{self._way_out}")
        if number > self._high:
            _refuse(param, value, f"must be at most {self._high}{self._way_out}")
        return number


class Between(RealType):
    """A number above one bound and at most another."""

    name = "number"

    def __init__(self, low: float, high: float, rule: str) -> None:
        self._low = low
        self._high = high
        self._rule = rule

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; raises SettingError for anything else."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not self._low < number <= self._high:
            _refuse(param, value, self._rule)
        return number


class OneOf(TextType):
    """One of some words."""

    name = "word"

    def __init__(self, *words: str) -> None:
        self._words = words

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The words, for the help."""
        return f"[{'|'.join(self._words)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word; raises SettingError for any other."""
        if value not in self._words:
            _refuse(param, value, f"must be {' or '.join(self._words)}")
        return str(value)


class PathType(click.Path):
    """A path; click itself makes them of texts only since its version 8."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, if there is one as asked for."""
        return Path(os.fsdecode(super().convert(value, param, ctx)))


class SomeOf(TextType):
    """One or several of some words, with commas between them; a tuple of them."""

    name = "words"

    def __init__(self, *words: str) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The words; raises SettingError for any other."""
        found = tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else tuple(value)
        for word in found:
            if word not in self._words:
                _refuse(param, word, f"must be one or several of {', '.join(self._words)}, with commas between them")
        return found


class Size(WholeType):
    """An amount of memory with its unit: "2GB", "512MB", "1.5GiB"."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The amount in bytes; raises SettingError where it has no unit or is too small."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([KMGT]I?)B?", str(value).strip().upper())
        if found is None:
            _refuse(param, value, "must be a number with its unit, such as 512MB or 2GB")
        size = int(float(found[1]) * SIZE_UNITS[found[2]])
        if size < MEMORY_MIN:
            _refuse(param, value, "must be at least 16MB, or hardly any program could run in it")
        return size


class Budget(TextType):
    """What an explanation may cost: a number of futures, or a time ("90s", "5m", "1h"). (futures or None, seconds or None)."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The pair; raises SettingError where it is neither, or too small."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([smh])", str(value).strip().lower())
        if found is None:
            return Whole(100, way_out="10000 is the usual number, and 90s or 5m a time").convert(value, param, ctx), None
        seconds = float(found[1]) * TIME_UNITS[found[2]]
        if not seconds >= 1.0:
            _refuse(param, value, "must be at least 1s, or a number of futures")
        return None, seconds


FUTURES = Whole(1, 10**9, way_out='to run one timeline again use "crossroads replay ID"')
SEED = Whole(0, SEED_MAX)
WALL = Between(0, 1e9, "must be more than 0 seconds; without this option it adapts to the program")
EPS = Between(0, 0.2, "must be more than 0 and at most 0.2: the chance of survival that counts as none")

store_option = click.option(
    "--store", type=PathType(dir_okay=False), help="The file that keeps what is found; one for each project by default."
)
seed_option = click.option("--seed", type=SEED, default=0, show_default=True, help="Another seed draws other futures.")
FUTURES_EXPLAINING: Final = 15_000
"""To explain a failure with, by default."""


def budget_option(default_time: str) -> Callable[[Any], Any]:
    """`--budget`, with what is said of the time that an explanation takes by default."""
    return click.option(
        "--budget",
        type=Budget(),
        default=None,
        metavar="FUTURES|TIME",
        help=f"Most futures, or most time (90s, 5m), to explain one failure with.  [default: {FUTURES_EXPLAINING}, {default_time}]",
    )


def budget_of(given: tuple[int | None, float | None] | None, default_s: float | None) -> dict[str, Any]:
    """The settings of `explain` for what was typed; with a number of futures the time is free."""
    futures, seconds = given or (None, default_s)
    return {"budget": futures or FUTURES_EXPLAINING, "seconds": seconds}


engine_option = click.option(
    "--engine", type=OneOf("fork", "replay"), help="How futures are begun; from live snapshots where that is possible."
)
jobs_option = click.option("--jobs", type=Whole(1, 4096), help="How many futures run at once; one for each core by default.")
wall_option = click.option("--wall", type=WALL, metavar="SECONDS", help="A future that takes longer counts as hung.")
memory_option = click.option("--memory", type=Size(), metavar="SIZE", help="A future that takes more counts as out of memory, like 2GB.")
faults_option = click.option(
    "--faults",
    type=SomeOf(*FAULT_KINDS),
    metavar="KINDS",
    help="What may go wrong in an asyncio program: one or several of crash, partition, reset, loss, with commas between them.",
)
shrunk_option = click.option("--shrunk", is_flag=True, help="The shortest way to the failure instead of the run that was found.")
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a report.")


def verb(
    name: str, summary: str, *options: Callable[[Any], Any], options_first: bool = False
) -> Callable[[Callable[..., int]], click.Command]:
    """Makes a verb of a function that gets the session first and returns the exit code.

    Args:
        name: as it is typed.
        summary: its line in the list of verbs.
        options: of the verb, in the order in which its help lists them; --debug and --help come last.
        options_first: whether everything after the first argument belongs to somebody else.
    """

    def decorate(function: Callable[..., int]) -> click.Command:
        decorated: Any = click.pass_obj(function)
        for option in reversed((*options, debug_option)):
            decorated = option(decorated)
        settings = {**CONTEXT_SETTINGS, "allow_interspersed_args": not options_first}
        return click.command(name, context_settings=settings, short_help=summary)(decorated)

    return decorate


def limits_of(wall: float | None, memory: int | None) -> Limits:
    """The bounds on one future, what wasn't given as it is by default."""
    limits = Limits(wall_s=wall)
    return limits if memory is None else replace(limits, memory_bytes=memory)


def debug_option(function: Verb) -> Verb:
    """Adds --debug, which may stand before or after the verb."""
    return click.option(
        "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_set_debug, help="Show the traceback of an error."
    )(function)


def _set_debug(context: click.Context, param: click.Parameter, value: bool) -> None:
    session = context.find_object(Session)
    if session is not None and value:
        session.debug = True


def _refuse(param: click.Parameter | None, value: object, rule: str) -> NoReturn:
    name = param.name if param is not None else "value"
    raise SettingError(f"{name}={str(value)[:40]} {rule}")
