"""The report as data: JSON objects in the form `crossroads-report/1`, and accounts read back from the store."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from crossroads.analysis.results import (
    Account,
    CurvePoint,
    Decision,
    Ended,
    Exploration,
    Failure,
    Moment,
    Option,
    PointOfNoReturn,
    Shrunk,
    ShrunkStep,
    TurningPoint,
    WayOut,
)
from crossroads.analysis.verdict import verdict_to_data
from crossroads.errors import StoreError, TimelineError
from crossroads.stats.probability import Probability
from crossroads.timeline.formats import from_data, to_data

SCHEMA = "crossroads-report/1"

Data = dict[str, Any]


def exploration_to_data(exploration: Exploration) -> Data:
    """The whole report of `crossroads run`."""
    explored = exploration.explored
    return {
        "schema": SCHEMA,
        "target": exploration.target,
        "world": exploration.world,
        "seed": exploration.seed,
        "engine": exploration.engine,
        "python": exploration.python,
        "seconds": round(exploration.seconds, 3),
        "complete": exploration.complete,
        "resumed": exploration.resumed,
        "explored": {"futures": explored.futures, "passed": explored.passed, "failed": explored.failed, "other": dict(explored.other)},
        "failures": [failure_to_data(failure) for failure in exploration.failures],
        "one_future": exploration.one_future,
        "notes": list(exploration.notes),
    }


def failure_to_data(failure: Failure) -> Data:
    """One failure, its account included."""
    outcome = failure.outcome
    return {
        "id": failure.id,
        "outcome": outcome.kind,
        "exception": outcome.exception,
        "message": outcome.message,
        "where": outcome.where,
        "code": outcome.code,
        "count": failure.count,
        "probability": asdict(failure.probability),
        "timeline": to_data(failure.timeline),
        "points": failure.timeline.points,
        "replay": replay_command(failure),
        "output": failure.output,
        "account": None if failure.account is None else account_to_data(failure.account),
        "shrunk": None if failure.shrunk is None else shrunk_to_data(failure.shrunk),
        "verdict": None if failure.verdict is None else verdict_to_data(failure.verdict),
    }


def replay_command(failure: Failure) -> str:
    """What to type to live this failure again."""
    return f"crossroads replay {failure.id}"


def account_to_data(account: Account) -> Data:
    """An account; survivors are whole timelines."""
    data = asdict(account)
    for turning_point, values in zip(account.turning_points, data["turning_points"], strict=True):
        values["jump"] = turning_point.jump
    if account.last_way_out is not None:
        data["last_way_out"]["survivor"] = to_data(account.last_way_out.survivor)
    return _plain(data)  # type: ignore[no-any-return]


def shrunk_to_data(shrunk: Shrunk) -> Data:
    """A shrunk run; its timelines whole."""
    data = asdict(shrunk) | {"timeline": to_data(shrunk.timeline), "named": to_data(shrunk.named)}
    data["survivor"] = None if shrunk.survivor is None else to_data(shrunk.survivor)
    return _plain(data)  # type: ignore[no-any-return]


def shrunk_from_data(data: Mapping[str, Any]) -> Shrunk:
    """A shrunk run as `shrunk_to_data` gave it.

    Raises:
        StoreError: it isn't one.
    """
    try:
        survivor, differs = data["survivor"], data["differs"]
        return Shrunk(
            timeline=from_data(data["timeline"]),
            named=from_data(data["named"]),
            steps=tuple(ShrunkStep(**step) for step in data["steps"]),
            minimal=bool(data["minimal"]),
            seeded=bool(data["seeded"]),
            reproduced=int(data["reproduced"]),
            survivor=None if survivor is None else from_data(survivor),
            differs=None if differs is None else ShrunkStep(**differs),
            saving=str(data["saving"]),
            futures=int(data["futures"]),
            seconds=float(data["seconds"]),
            notes=tuple(str(note) for note in data["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, TimelineError) as error:
        raise StoreError(f"a shrunk run in the store can't be read ({type(error).__name__}: {error}); shrink that failure again") from None


def account_from_data(data: Mapping[str, Any]) -> Account:
    """An account as `account_to_data` gave it.

    Raises:
        StoreError: it isn't one.
    """
    try:
        return _account(data)
    except (KeyError, TypeError, ValueError, AttributeError, TimelineError) as error:
        raise StoreError(f"an account in the store can't be read ({type(error).__name__}: {error}); explain that failure again") from None


def _account(data: Mapping[str, Any]) -> Account:
    no_return, way_out = data["point_of_no_return"], data["last_way_out"]
    return Account(
        baseline=Probability(**data["baseline"]),
        curve=tuple(CurvePoint(**{**point, "failure": Probability(**point["failure"])}) for point in data["curve"]),
        turning_points=tuple(_turning_point(values) for values in data["turning_points"]),
        decisions=tuple(Decision(**{**values, "options": _options(values["options"])}) for values in data["decisions"]),
        point_of_no_return=None if no_return is None else PointOfNoReturn(**no_return),
        last_way_out=None if way_out is None else WayOut(**{**way_out, "survivor": from_data(way_out["survivor"])}),
        unexplained_rise=float(data["unexplained_rise"]),
        gradual=bool(data["gradual"]),
        futures_spent=int(data["futures_spent"]),
        method=str(data["method"]),
        notes=tuple(str(note) for note in data["notes"]),
        ended=_one_of(get_args(Ended), data.get("ended", "finished")),
        budget=int(data.get("budget", 0)),
        seconds=float(data.get("seconds", 0.0)),
    )


def _turning_point(values: Mapping[str, Any]) -> TurningPoint:
    kept = {name: value for name, value in values.items() if name != "jump"}
    probabilities = {name: Probability(**values[name]) for name in ("before", "after")}
    return TurningPoint(**{**kept, **probabilities, "options": _options(values["options"]), "moment": _moment(values.get("moment")),
                           "ran_out": tuple(str(text) for text in values.get("ran_out", ()))})  # fmt: skip


def _moment(values: Mapping[str, Any] | None) -> Moment | None:
    if values is None:
        return None
    parts = {name: None if values[name] is None else Probability(**values[name]) for name in ("up_to", "longer")}
    limit = values["limit"]
    futures = int(values.get("futures", 0))
    return Moment(float(values["took"]), float(values["less"]), None if limit is None else float(limit), **parts, futures=futures)


def _one_of(names: tuple[Any, ...], name: object) -> Any:
    if name not in names:
        raise ValueError(f"{name!r} isn't one of {', '.join(names)}")
    return name


def _options(values: list[Mapping[str, Any]]) -> tuple[Option, ...]:
    return tuple(Option(**{**option, "failure": Probability(**option["failure"])}) for option in values)


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
