"""Timelines as JSON, format `crossroads-timeline/1`: the only way in which they are written and read.

Texts come from anywhere (a colleague, a bug report, a damaged store), so each value is checked before it becomes part of a timeline
and every refusal is a `TimelineError`. No code is ever run from a timeline. An unknown field is refused: a writer that has more to say
changes the version.
"""

import json
import re
from typing import Any, Final, NoReturn, cast

from crossroads.errors import TimelineError
from crossroads.timeline.keys import SEED_MAX
from crossroads.timeline.outcomes import OUTCOME_KINDS, Outcome, OutcomeKind
from crossroads.timeline.timelines import CALMS, FAULT_KINDS, Calm, Epoch, NamedOverride, Override, Timeline, WorldSettings

FORMAT: Final = "crossroads-timeline/1"

TEXT_BYTES_MAX: Final = 1_000_000
"""Longest text that is read or written: room for ENTRIES_MAX epochs and as many overrides with the largest numbers."""

ENTRIES_MAX: Final = 10_000
"""Most epochs, and most overrides: a timeline is tiny, one that takes more turns than this wasn't found by exploring."""

STRING_CHARS_MAX: Final = 10_000
"""Longest string in a timeline: messages are cut at some hundred characters when they are taken."""

INTEGER_MAX: Final = SEED_MAX
"""Largest number in a timeline."""

_NUMBER_CHARS_MAX = 21  # as long as -INTEGER_MAX; longer ones cost time in the square of their length
_FIELDS = ("format", "target", "world", "epochs", "overrides", "outcome", "digest", "points", "python", "code")
_NAMED_FIELDS = ("name", "occurrence", "option", "text")
_WORLD_FIELDS = ("name", "points", "step_limit")
_OUTCOME_FIELDS = ("kind", "exception", "message", "where", "code")
_WAY_OUT = 'export the timeline again with "crossroads export ID"'


def to_data(timeline: Timeline) -> dict[str, object]:
    """A timeline as dicts, lists, strings and numbers, ready for `json`; it isn't checked here.

    Args:
        timeline: any.

    Returns:
        The object of the format, keys in the order of the format.
    """
    data: dict[str, object] = {
        "format": FORMAT,
        "target": timeline.target,
        "world": world_to_data(timeline.world),
        "epochs": [[epoch.point, epoch.seed, *([epoch.calm] if epoch.calm else ())] for epoch in timeline.epochs],
        "overrides": [[override.point, override.option] for override in timeline.overrides],
        "outcome": None if timeline.outcome is None else {name: getattr(timeline.outcome, name) for name in _OUTCOME_FIELDS},
        "digest": timeline.digest,
        "points": timeline.points,
        "python": timeline.python,
        "code": timeline.code,
    }
    named = [{name: getattr(one, name) for name in _NAMED_FIELDS} for one in timeline.named]
    return data | {"named": named} if named else data


def world_to_data(world: WorldSettings) -> dict[str, object]:
    """The "world" part of the format; "faults" is in it only where there may be some."""
    data: dict[str, object] = {"name": world.name, "points": world.points, "step_limit": world.step_limit}
    return data | {"faults": list(world.faults)} if world.faults else data


def from_data(data: object) -> Timeline:
    """The timeline that such an object describes.

    Args:
        data: what `json` made of a text, or the "timeline" of a report.

    Returns:
        The timeline; `to_data` of it equals `data`.

    Raises:
        TimelineError: a field is missing, unknown, of the wrong type or out of its range; another version of the format.
    """
    _check_version(data)
    fields = _fields(data, "", _FIELDS, optional=("named",))
    return Timeline(
        target=_string(fields["target"], "target", empty=False),
        epochs=_epochs(fields["epochs"]),
        overrides=_overrides(fields["overrides"]),
        world=world_from_data(fields["world"]),
        outcome=None if fields["outcome"] is None else _outcome(fields["outcome"]),
        digest=_digest(fields["digest"]),
        points=_integer(fields["points"], "points"),
        python=_string(fields["python"], "python"),
        code=_string(fields["code"], "code"),
        named=_named(fields["named"]) if "named" in fields else (),
    )


def world_from_data(data: object) -> WorldSettings:
    """The settings that the "world" part of the format describes; raises `TimelineError` as `from_data` does."""
    fields = _fields(data, "world", _WORLD_FIELDS, optional=("faults",))
    return WorldSettings(
        name=_string(fields["name"], "world.name", empty=False),
        points=_string(fields["points"], "world.points", empty=False),
        step_limit=_integer(fields["step_limit"], "world.step_limit", low=1),
        faults=_faults(fields["faults"]) if "faults" in fields else (),
    )


def dumps(timeline: Timeline, *, compact: bool = False) -> str:
    """A timeline as JSON text in ASCII.

    Args:
        timeline: one that keeps the format's rules.
        compact: everything on one line, rather than one field a line.

    Returns:
        A text of at most `TEXT_BYTES_MAX` bytes; equal timelines give equal texts, and `loads` of it equals `timeline`.

    Raises:
        TimelineError: the timeline breaks a rule of the format, so that its text could not be read again.
    """
    data = to_data(timeline)
    from_data(data)
    if compact:
        text = json.dumps(data, separators=(",", ":"))
    else:
        text = "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in data.items()) + "\n}\n"
    _check_size(len(text))
    return text


def loads(text: str | bytes) -> Timeline:
    """The timeline that a JSON text describes.

    Args:
        text: JSON; bytes are UTF-8. Of a key that comes twice the last one counts.

    Returns:
        The timeline.

    Raises:
        TimelineError: too long, not JSON, or refused by `from_data`.
    """
    _check_size(len(text))
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        data = json.loads(decoded, parse_int=_parsed_integer, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise TimelineError(f"timeline isn't UTF-8 at byte {error.start}; {_WAY_OUT}") from None
    except json.JSONDecodeError as error:
        raise TimelineError(f"timeline isn't JSON, or was cut off, at line {error.lineno} column {error.colno}; {_WAY_OUT}") from None
    except RecursionError:
        raise TimelineError(f"timeline is nested deeper than any timeline; {_WAY_OUT}") from None
    return from_data(data)


def _check_size(size: int) -> None:
    if size > TEXT_BYTES_MAX:
        raise TimelineError(f"timeline of {size} bytes is longer than {TEXT_BYTES_MAX}, which none is; {_WAY_OUT}")


def _parsed_integer(digits: str) -> int:
    if len(digits) > _NUMBER_CHARS_MAX:
        raise TimelineError(f"number {digits[:_NUMBER_CHARS_MAX]}... of {len(digits)} digits must be at most 2**64 - 1; {_WAY_OUT}")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise TimelineError(f"{name} isn't JSON and has no meaning in a timeline; {_WAY_OUT}")


def _check_version(data: object) -> None:
    """Comes before all else, since of another version nothing else is known."""
    if not isinstance(data, dict):
        _refuse("timeline", data, "must be a JSON object")
    found = data.get("format")
    if found == FORMAT:
        return
    version = re.fullmatch(r"crossroads-timeline/([0-9]{1,9})", found) if isinstance(found, str) else None
    if version is not None and int(version[1]) > 1:
        raise TimelineError(f'format={_shown(found)} was written by a newer crossroads, this one reads "{FORMAT}"; upgrade crossroads')
    _refuse("format", found, f'must be "{FORMAT}"')


def _fields(data: object, path: str, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """`data` as an object that has exactly these fields, and perhaps the optional ones."""
    if not isinstance(data, dict):
        _refuse(path, data, "must be a JSON object")
    prefix = f"{path}." if path else ""
    for name in names:
        if name not in data:
            raise TimelineError(f"{prefix}{name} is missing, each field of {FORMAT} must be there; {_WAY_OUT}")
    for name in data:
        if name not in names and name not in optional:
            raise TimelineError(f"{prefix}{_shown(name)} is no field of {FORMAT}; remove it, or {_WAY_OUT}")
    return data


def _faults(data: object) -> tuple[str, ...]:
    if not isinstance(data, list) or not data or data != [kind for kind in FAULT_KINDS if kind in data]:
        _refuse("world.faults", data, f"must be a list of at least one of {', '.join(FAULT_KINDS)}, each once and in this order")
    return tuple(data)


def _epochs(data: object) -> tuple[Epoch, ...]:
    entries = data if isinstance(data, list) else []
    calms = [_calm_of(entry, f"epochs[{index}][2]") for index, entry in enumerate(entries)]
    pairs = _pairs([entry[:2] if calm else entry for entry, calm in zip(entries, calms, strict=True)] or data, "epochs", low=0)
    if not pairs or pairs[0][0] != 0:
        _refuse("epochs", data if not pairs else pairs[0][0], "must start at point 0")
    return tuple(Epoch(point, seed, calm) for (point, seed), calm in zip(pairs, calms, strict=True))


def _calm_of(entry: object, path: str) -> Calm:
    """The third part of an epoch's entry, "" where there is none."""
    if not isinstance(entry, list) or len(entry) != 3:
        return ""
    if not entry[2] or entry[2] not in CALMS:
        _refuse(path, entry[2], f"must be {' or '.join(filter(None, CALMS))}, or left out")
    return cast(Calm, entry[2])


def _named(data: object) -> tuple[NamedOverride, ...]:
    if not isinstance(data, list) or not 1 <= len(data) <= ENTRIES_MAX:
        _refuse("named", data, f"must be a list of 1 to {ENTRIES_MAX} objects")
    named: dict[tuple[str, int], NamedOverride] = {}
    for index, entry in enumerate(data):
        here = f"named[{index}]"
        fields = _fields(entry, here, _NAMED_FIELDS)
        one = NamedOverride(
            name=_string(fields["name"], f"{here}.name"),
            occurrence=_integer(fields["occurrence"], f"{here}.occurrence"),
            option=_integer(fields["option"], f"{here}.option"),
            text=_string(fields["text"], f"{here}.text"),
        )
        if named.setdefault((one.name, one.occurrence), one) is not one:
            _refuse(f"{here}.name", one.name, f"must not come twice with occurrence {one.occurrence}")
    return tuple(named.values())


def _overrides(data: object) -> tuple[Override, ...]:
    return tuple(Override(point, option) for point, option in _pairs(data, "overrides", low=1))


def _pairs(data: object, path: str, low: int) -> list[tuple[int, int]]:
    """Pairs of a point (at least `low`, each above the one before) and a number."""
    if not isinstance(data, list) or len(data) > ENTRIES_MAX:
        _refuse(path, data, f"must be a list of at most {ENTRIES_MAX} pairs")
    pairs: list[tuple[int, int]] = []
    for index, pair in enumerate(data):
        here = f"{path}[{index}]"
        if not isinstance(pair, list) or len(pair) != 2:
            _refuse(here, pair, "must be a pair [point, number]")
        point = _integer(pair[0], f"{here}[0]", low)
        if pairs and point <= pairs[-1][0]:
            _refuse(f"{here}[0]", point, f"must be above the point before it, {pairs[-1][0]}")
        pairs.append((point, _integer(pair[1], f"{here}[1]")))
    return pairs


def _outcome(data: object) -> Outcome:
    fields = _fields(data, "outcome", _OUTCOME_FIELDS)
    kind = _string(fields["kind"], "outcome.kind")
    if kind not in OUTCOME_KINDS:
        _refuse("outcome.kind", kind, f"must be one of {', '.join(OUTCOME_KINDS)}")
    code = fields["code"]
    return Outcome(
        kind=cast(OutcomeKind, kind),
        exception=_string(fields["exception"], "outcome.exception"),
        message=_string(fields["message"], "outcome.message"),
        where=_string(fields["where"], "outcome.where"),
        code=None if code is None else _integer(code, "outcome.code", low=-INTEGER_MAX),
    )


def _digest(data: object) -> str:
    digest = _string(data, "digest")
    if re.fullmatch(r"[0-9a-f]*", digest) is None:
        _refuse("digest", digest, "must be hexadecimal digits, or empty")
    return digest


def _integer(data: object, path: str, low: int = 0) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not low <= data <= INTEGER_MAX:
        _refuse(path, data, f"must be a whole number from {low if low >= 0 else '-(2**64 - 1)'} to 2**64 - 1")
    return data


def _string(data: object, path: str, empty: bool = True) -> str:
    if not isinstance(data, str) or len(data) > STRING_CHARS_MAX or not (data or empty):
        _refuse(path, data, f"must be a string of {0 if empty else 1} to {STRING_CHARS_MAX} characters")
    return data


def _refuse(path: str, value: object, rule: str) -> NoReturn:
    raise TimelineError(f"{path}={_shown(value)} {rule}; {_WAY_OUT}")


def _shown(value: object) -> str:
    """A value, shortened, as it stands in a message; never slow and never failing, whatever it is."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 40 else value[:40] + "...")
    if isinstance(value, int) and value.bit_length() > 80:
        return f"(a number of {value.bit_length()} bits)"
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, list):
        return f"(a list of {len(value)})"
    return "(an object)" if isinstance(value, dict) else f"(a {type(value).__name__})"
