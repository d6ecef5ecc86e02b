"""Plain data as JSON and back: the only form in which memories are written to a journal, which somebody else may have changed.

Numbers, texts, lists and objects of JSON stand for themselves as far as they come back as they were; everything else is an object with one
key, its tag: {"tuple": [...]}, {"bytes": "..."}. No code is run, and no class but `Death` is known. Types are exact: a subclass has more to
say than what would be written of it.
"""

import base64
import json
import math
from collections.abc import Callable
from typing import Any, Final, NoReturn, get_args

from crossroads.errors import JournalError, RingError
from crossroads.rings.guards import Death, Ending

__all__ = ["dumped", "loaded", "parsed"]

DEPTH_MAX: Final = 100
"""Containers within containers; plain data made by hand is rarely deeper than ten."""

PLAIN_INT_MAX: Final = 2**63 - 1
"""Larger whole numbers are written in hexadecimal digits, which are read in linear time."""

BYTES_MAX: Final = 64 * 1024 * 1024
"""Longest text of one value, and of one record."""

NUMBER_CHARS_MAX: Final = 40
TYPES: Final = "None, bool, int, float, str, bytes, list, tuple, dict, set and frozenset"

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
_loads = json.loads
_b64encode, _b64decode = base64.b64encode, base64.b64decode
_DEATH_FIELDS: Final = ("how", "what", "where", "output", "traceback")
_ODD_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dumped(value: object) -> bytes:
    """A value as JSON text in ASCII.

    Args:
        value: of `TYPES`, exactly these, all the way down; or a `Death`.

    Returns:
        A text such that `loaded` of it equals the value; equal sets give equal texts.

    Raises:
        RingError: it isn't such a value; it is nested deeper than `DEPTH_MAX`, or its text is longer than `BYTES_MAX`.
    """
    text = _encode(_data(value, "remember", 0)).encode()
    if len(text) > BYTES_MAX:
        raise RingError(f"remember= takes {len(text):,} bytes, and a journal holds at most {BYTES_MAX:,} of one value; remember less")
    return text


def loaded(text: str | bytes) -> Any:
    """The value that such a text describes; raises JournalError for any other text."""
    return value_of(parsed(text))


def parsed(text: str | bytes) -> Any:
    """What JSON makes of a text from elsewhere.

    Raises:
        JournalError: it isn't JSON in UTF-8, or has numbers or levels beyond all measure.
    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return _loads(decoded, parse_int=_whole, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise JournalError(f"a record isn't JSON ({error})") from None


def value_of(data: object, depth: int = 0) -> Any:
    """The value that parsed JSON stands for; raises JournalError where it stands for none."""
    if depth > DEPTH_MAX:
        _refuse("is nested too deep")
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if isinstance(data, list):
        return [value_of(one, depth + 1) for one in data]
    if not isinstance(data, dict) or len(data) != 1:
        _refuse("isn't plain data with a tag")
    ((tag, content),) = data.items()
    reader = _READERS.get(tag)
    if reader is None:
        _refuse(f"has the unknown tag {str(tag)[:20]!r}")
    return reader(content, depth + 1)


# Writing.


def _data(value: Any, path: str, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -PLAIN_INT_MAX <= value <= PLAIN_INT_MAX else {"int": f"{value:x}"}
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is str:
        return value if _is_sound(value) else {"str": value.encode("utf-8", "surrogatepass").hex()}
    if kind is bytes:
        return {"bytes": _b64encode(value).decode()}
    if kind is Death:
        return {"death": {name: _sound(str(getattr(value, name))) for name in _DEATH_FIELDS}}
    if depth >= DEPTH_MAX:
        raise RingError(f"{path[:80]}... is nested deeper than {DEPTH_MAX} levels, or contains itself; remember less")
    return _container(value, kind, path, depth + 1)


def _container(value: Any, kind: type, path: str, depth: int) -> Any:
    if kind is list or kind is tuple:
        items = [_data(one, f"{path}[{index}]", depth) for index, one in enumerate(value)]
        return items if kind is list else {"tuple": items}
    if kind is set or kind is frozenset:
        return {kind.__name__: sorted((_data(one, f"{path}{{}}", depth) for one in value), key=_encode)}
    if kind is dict:
        return {"dict": [[_data(key, f"{path} key", depth), _data(one, f"{path}[{key!r:.40}]", depth)] for key, one in value.items()]}
    name = f"{kind.__module__}.{kind.__qualname__}"
    raise RingError(f"{path[:80]} is of type {name}, and a journal holds plain data alone: {TYPES}; remember it as some of these")


def _is_sound(text: str) -> bool:
    """Whether JSON gives the text back: two halves of a surrogate pair would come back as one character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sound(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


# Reading.


def _int(content: object, depth: int) -> int:
    return int(_text(content), 16)


def _float(content: object, depth: int) -> float:
    return _ODD_FLOATS[_text(content)]


def _str(content: object, depth: int) -> str:
    return bytes.fromhex(_text(content)).decode("utf-8", "surrogatepass")


def _bytes(content: object, depth: int) -> bytes:
    return _b64decode(_text(content), validate=True)


def _items(content: object, depth: int) -> list[Any]:
    if not isinstance(content, list):
        _refuse("has a tag without its list")
    return [value_of(one, depth) for one in content]


def _set(content: object, depth: int) -> set[Any]:
    items = _items(content, depth)
    found = set(items)
    if len(found) != len(items):
        _refuse("has a set with equal items")
    return found


def _dict(content: object, depth: int) -> dict[Any, Any]:
    if not isinstance(content, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
        _refuse("has a dict that isn't a list of pairs")
    found = {value_of(key, depth): value_of(value, depth) for key, value in content}
    if len(found) != len(content):
        _refuse("has a dict with equal keys")
    return found


def _death(content: object, depth: int) -> Death:
    if (
        not isinstance(content, dict)
        or sorted(content) != sorted(_DEATH_FIELDS)
        or not all(isinstance(one, str) for one in content.values())
    ):
        _refuse("has a death with other fields")
    if content["how"] not in get_args(Ending):
        _refuse("has a death of an unknown kind")
    return Death(**content)


def _guarded(reader: Callable[[object, int], Any]) -> Callable[[object, int], Any]:
    def read(content: object, depth: int) -> Any:
        try:
            return reader(content, depth)
        except JournalError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            _refuse(f"can't be read ({type(error).__name__}: {str(error)[:60]})")

    return read


_READERS: Final = {
    "int": _guarded(_int),
    "float": _guarded(_float),
    "str": _guarded(_str),
    "bytes": _guarded(_bytes),
    "tuple": _guarded(lambda content, depth: tuple(_items(content, depth))),
    "set": _guarded(_set),
    "frozenset": _guarded(lambda content, depth: frozenset(_set(content, depth))),
    "dict": _guarded(_dict),
    "death": _guarded(_death),
}


def _text(content: object) -> str:
    if not isinstance(content, str):
        _refuse("has a tag without its text")
    return content


def _whole(digits: str) -> int:
    if len(digits) > NUMBER_CHARS_MAX:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


def _refuse(rule: str) -> NoReturn:
    raise JournalError(f"a remembered value {rule}")
