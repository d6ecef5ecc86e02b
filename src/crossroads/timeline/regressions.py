"""Kept regressions as JSON, format `crossroads-regression/1`: small files beside a project's tests that are read in a diff.

Each has a run that failed and, where one was found, its neighbour that was saved: both by the names of their choices, so that they hold
while the code changes around them. A file comes from anywhere, so its parts are checked as those of timelines are, and no code is ever
run from it.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from crossroads.errors import TimelineError
from crossroads.timeline import formats
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Timeline

FORMAT: Final = "crossroads-regression/1"

LINE_CHARS_MAX: Final = 1_000

_FIELDS: Final = ("format", "target", "world", "found", "python", "failure", "line", "failing", "saved")
_LIFE_FIELDS: Final = ("epochs", "choices")
_ANCHOR_FIELDS: Final = ("point", "label", "draws")
_WAY_OUT: Final = 'write it again with "crossroads keep ID", or remove the file'


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point that a run has to come to, where what it draws by itself decides: by that its file is known to apply still.

    Args:
        point: its index.
        label: what stands there.
        draws: 8 hexadecimal digits for the state of its draws there.
    """

    point: int
    label: str
    draws: str


@dataclass(frozen=True, slots=True)
class Regression:
    """A failure that is kept, to be looked for again on each later run.

    Args:
        failing: the run that failed, by the names of its choices; its outcome is the failure.
        saved: its neighbour that didn't; None where none is known.
        found: id of the failure in the store it was found in.
        line: the text of the line that raised, "" where unknown.
        anchor: None where choices alone tell whether the run is still the one that was kept.
    """

    failing: Timeline
    saved: Timeline | None
    found: str
    line: str = ""
    anchor: Anchor | None = None

    @property
    def failure(self) -> Outcome:
        """How it failed."""
        assert self.failing.outcome is not None
        return self.failing.outcome


def dumps(regression: Regression) -> str:
    """A regression as JSON text in ASCII, a choice on each line.

    Raises:
        TimelineError: it breaks a rule of the format.
    """
    failing = formats.to_data(regression.failing)
    head: dict[str, Any] = {
        "format": FORMAT,
        "target": failing["target"],
        "world": failing["world"],
        "found": regression.found,
        "python": failing["python"],
        "failure": failing["outcome"],
        "line": regression.line,
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    if regression.anchor is not None:
        anchor = {name: getattr(regression.anchor, name) for name in _ANCHOR_FIELDS}
        lines.append(f'  "anchor": {json.dumps(anchor)}')
    lines.append(f'  "failing": {_life_text(regression.failing)}')
    lines.append(f'  "saved": {"null" if regression.saved is None else _life_text(regression.saved)}')
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    loads(text)
    return text


def loads(text: str | bytes) -> Regression:
    """The regression that a JSON text describes.

    Raises:
        TimelineError: too long, not JSON, or a part of it breaks a rule.
    """
    data = formats.parsed(text)
    if not isinstance(data, dict):
        raise TimelineError(f"a kept regression must be a JSON object; {_WAY_OUT}")
    found = data.get("format")
    if found != FORMAT:
        version = re.fullmatch(r"crossroads-regression/([0-9]{1,9})", found) if isinstance(found, str) else None
        if version is not None and int(version[1]) > 1:
            raise TimelineError(f'format="{found}" was written by a newer crossroads, this one reads "{FORMAT}"; upgrade crossroads')
        raise TimelineError(f'format of a kept regression must be "{FORMAT}"; {_WAY_OUT}')
    _check_fields(data, "", _FIELDS, ("anchor",))
    failing = _life(data, data["failing"], "failing")
    if failing.outcome is None or not failing.outcome.is_failure:
        raise TimelineError(f"failure of a kept regression must be a failing outcome; {_WAY_OUT}")
    saved = None if data["saved"] is None else replace(_life(data, data["saved"], "saved"), outcome=None)
    line, anchor = _text(data["line"], "line"), data.get("anchor")
    return Regression(failing, saved, _digits(data["found"], "found"), line, None if anchor is None else _anchor(anchor))


def _life_text(timeline: Timeline) -> str:
    data = formats.to_data(timeline)
    choices = data.get("named", [])
    assert isinstance(choices, list)
    rows = ",\n".join(f"      {json.dumps(choice)}" for choice in choices)
    listed = f"[\n{rows}\n    ]" if rows else "[]"
    return f'{{\n    "epochs": {json.dumps(data["epochs"])},\n    "choices": {listed}\n  }}'


def _life(data: dict[str, Any], life: object, path: str) -> Timeline:
    """A run of a regression, checked as the timeline that it is."""
    _check_fields(life, path, _LIFE_FIELDS)
    assert isinstance(life, dict)
    whole = {
        "format": formats.FORMAT,
        "target": data["target"],
        "world": data["world"],
        "epochs": life["epochs"],
        "overrides": [],
        "outcome": data["failure"],
        "digest": "",
        "points": 0,
        "python": data["python"],
        "code": "",
    }
    try:
        return formats.from_data(whole | {"named": life["choices"]} if life["choices"] else whole)
    except TimelineError as error:
        raise TimelineError(f"{path}: {str(error).partition(';')[0]}; {_WAY_OUT}") from None


def _anchor(data: object) -> Anchor:
    _check_fields(data, "anchor", _ANCHOR_FIELDS)
    assert isinstance(data, dict)
    point = data["point"]
    if not isinstance(point, int) or isinstance(point, bool) or not 0 <= point <= formats.INTEGER_MAX:
        raise TimelineError(f"anchor.point must be a whole number from 0 to 2**64 - 1; {_WAY_OUT}")
    return Anchor(point, _text(data["label"], "anchor.label"), _digits(data["draws"], "anchor.draws"))


def _check_fields(data: object, path: str, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    here = path or "a kept regression"
    if not isinstance(data, dict):
        raise TimelineError(f"{here} must be a JSON object; {_WAY_OUT}")
    for name in names:
        if name not in data:
            raise TimelineError(f"{here} has no {name}, which {FORMAT} has; {_WAY_OUT}")
    for name in data:
        if name not in names and name not in optional:
            raise TimelineError(f"{json.dumps(name[:40])} in {here} is no field of {FORMAT}; {_WAY_OUT}")


def _text(data: object, path: str) -> str:
    if not isinstance(data, str) or len(data) > LINE_CHARS_MAX:
        raise TimelineError(f"{path} must be a string of at most {LINE_CHARS_MAX} characters; {_WAY_OUT}")
    return data


def _digits(data: object, path: str) -> str:
    if not isinstance(data, str) or re.fullmatch(r"[0-9a-f]{0,32}", data) is None:
        raise TimelineError(f"{path} must be at most 32 hexadecimal digits; {_WAY_OUT}")
    return data
