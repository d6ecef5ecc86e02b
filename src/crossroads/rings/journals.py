"""The journal of a ring: a file of JSON lines, schema `crossroads-journal/1`, that only grows.

The first line says which program it belongs to, each later one what has happened in its lives. A record is on the disk before the program
goes on from what it tells. A journal may come from anywhere: whatever is read is checked to be one of the records listed here, and is
never more than data. What the records mean together is in `pasts`.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from crossroads.errors import JournalError, RingError
from crossroads.rings import plain
from crossroads.snapshots import kernel

__all__ = ["SCHEMA", "Journal", "Record", "read"]

SCHEMA: Final = "crossroads-journal/1"
TEXT_CHARS_MAX: Final = 10_000
ENTRIES_MAX: Final = 100_000
"""Most arguments, modules or findings in one record."""

NUMBER_MAX: Final = 2**64 - 1
COUNT_MAX: Final = 2**53
"""Largest number of a mark or a return."""

JOURNAL_BYTES_MAX: Final = 4 * 2**30
LOCK_WAIT_S: Final = 2.0
"""How long the processes of a program that was just killed may take to be gone."""

_LOCK_STEP_S: Final = 0.01

Record = dict[str, Any]
Check = Callable[[object], bool]

# Taken before any program under test could replace them.
_open, _close, _write, _fstat, _ftruncate, _fsync, _pread = os.open, os.close, os.write, os.fstat, os.ftruncate, os.fsync, os.pread
_flock, _monotonic, _sleep = fcntl.flock, time.monotonic, time.sleep
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_CHARS_MAX


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= NUMBER_MAX


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int) and 1 <= value <= COUNT_MAX


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_list(value: object, check: Check) -> bool:
    return isinstance(value, list) and len(value) <= ENTRIES_MAX and all(check(one) for one in value)


def _is_texts(value: object) -> bool:
    return _is_list(value, _is_text)


def _is_named_texts(value: object) -> bool:
    return isinstance(value, dict) and _is_texts(list(value)) and _is_texts(list(value.values()))


def _is_seed(value: object) -> bool:
    return value is None or _is_number(value)


def _is_finding(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(_is_text(one) for one in value[:3]) and _is_flag(value[3])


def _is_settings(value: object) -> bool:
    fields: dict[str, Check] = {"max_returns": _is_number, "strict": _is_flag}
    return isinstance(value, dict) and value.keys() == fields.keys() and all(check(value[name]) for name, check in fields.items())


KINDS: Final[dict[str, dict[str, Check]]] = {
    "program": {
        "schema": lambda value: value == SCHEMA,
        "target": _is_text,
        "is_file": _is_flag,
        "directory": _is_text,
        "arguments": _is_texts,
        "world": lambda value: value in ("plain", "asyncio"),
        "code": _is_text,
        "python": _is_text,
        "crossroads": _is_text,
        "seed": _is_number,
        "settings": _is_settings,
    },
    "session": {"held": lambda value: _is_list(value, _is_flag) and isinstance(value, list) and len(value) == 2},
    "mark": {
        "mark": _is_count,
        "label": _is_text,
        "place": _is_text,
        "draws": _is_text,
        "files": _is_named_texts,
        "packages": _is_named_texts,
    },
    "return": {
        "mark": _is_count,
        "ordinal": _is_count,
        "seed": _is_seed,
        "memory": lambda value: isinstance(value, list) and len(value) <= 1,
    },
    "stayed": {},
    "landed": {"mark": _is_count, "findings": lambda value: _is_list(value, _is_finding)},
    "gone": {"mark": _is_count},
    "irreversible": {"what": _is_text},
    "shown": {},
    "end": {},
}
"""Which records there are, and the rule for each of their fields. Each has a field "kind", too.

    program       the first one: what was started, where and how
    session       the program was started or woken; whether its stdout and stderr were held back
    mark          a mark was set: label and place, a fingerprint of all entropy, local files and packages imported since the one before
    return        a life goes back, the `ordinal`th to do so: what it remembers, and the seed of new draws if there are to be any
    stayed        the return before wasn't possible after all
    landed        what the new life found in the world
    gone          a mark was given up for newer ones
    irreversible  something that can't be taken back is about to be done
    shown         everything that was held back has been printed
    end           the program has ended by itself
"""


class Journal:
    """A journal that this program, and nobody else, writes to; all processes of its ring have it open.

    Args:
        descriptor: open for reading and appending, locked.
        path: for messages.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.path = path
        self._descriptor = descriptor
        about = _fstat(descriptor)
        self._identity = (about.st_dev, about.st_ino)

    @classmethod
    def begin(cls, path: str, program: Record) -> "Journal":
        """A new file with its first record.

        Raises:
            JournalError: there is such a file already, or it can't be made.
        """
        try:
            descriptor = _open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise JournalError(
                f'journal={path!r} is there already; go on with its program by "crossroads wake {path}", name another file, or remove it'
            ) from None
        except OSError as error:
            raise JournalError(
                f"journal={path!r} can't be made ({error.strerror}); name a file in a directory that can be written"
            ) from None
        journal = cls(kernel.move_up(descriptor), path)
        _lock(journal._descriptor, path)
        try:
            journal.add("program", program)
            _sync_folder(path)
        except BaseException:
            os.unlink(path)
            raise
        return journal

    @classmethod
    def reopen(cls, path: str) -> "tuple[Journal, list[Record]]":
        """An existing file, and what is in it; a last line that was cut short is cut off.

        Raises:
            JournalError: it can't be read, isn't a journal, or another process has it.
        """
        try:
            descriptor = _open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise JournalError(f"journal={path!r} can't be opened ({error.strerror}); check the path") from None
        try:
            _lock(descriptor, path)
            size = _fstat(descriptor).st_size
            if size > JOURNAL_BYTES_MAX:
                raise JournalError(f"journal={path!r} is longer than any journal")
            records, whole_bytes = read(_contents(descriptor, size), path)
            if whole_bytes < size:
                _ftruncate(descriptor, whole_bytes)
        except BaseException:
            _close(descriptor)
            raise
        return cls(kernel.move_up(descriptor), path), records

    def add(self, kind: str, fields: Record | None = None, durable: bool = True) -> None:
        """Append a record; when this returns it is on the disk, unless durable=False.

        Raises:
            RingError: it can't be written; nothing was.
        """
        record = {"kind": kind, **(fields or {})}
        assert _problem(record, 0 if kind == "program" else 1) is None, record
        line = _encode(record).encode() + b"\n"
        size = -1
        try:
            about = _fstat(self._descriptor)
            if (about.st_dev, about.st_ino) != self._identity:
                raise OSError("its descriptor was closed")
            size = about.st_size
            if _write(self._descriptor, line) < len(line):
                raise OSError("no space is left")
            if durable:
                _fsync(self._descriptor)
        except OSError as error:
            if size >= 0:
                _undo(self._descriptor, size)
            raise RingError(f"journal={self.path!r} can't be written ({error.strerror or error}); see to it that it can") from None


def read(text: bytes, path: str) -> tuple[list[Record], int]:
    """The records of a journal, the first of which is of kind "program", and how many bytes are whole lines.

    A last line without its end, as a power cut leaves it, is left out.

    Raises:
        JournalError: it isn't a journal, or is damaged in another place.
    """
    whole_bytes = text.rfind(b"\n") + 1
    records = list(_records(text[:whole_bytes], path))
    if not records:
        raise JournalError(f"journal={path!r} holds nothing yet; remove it, and start its program again by crossroads live --journal")
    return records, whole_bytes


def _records(text: bytes, path: str) -> Iterator[Record]:
    for index, line in enumerate(text.split(b"\n")[:-1]):
        if len(line) > 2 * plain.BYTES_MAX:
            raise JournalError(f"journal={path!r} line {index + 1} is longer than any record; get the file again from where it was written")
        try:
            record = plain.parsed(line)
        except JournalError:
            record = None
        problem = _problem(record, index)
        if problem is not None:
            raise JournalError(f"journal={path!r} line {index + 1} {problem}; get the file again from where it was written")
        yield record


def _problem(record: object, index: int) -> str | None:
    """Why this isn't a record for the line of this index, None if it is one."""
    if not isinstance(record, dict):
        return "isn't a JSON object"
    kind = record.get("kind")
    if index == 0 and record.get("schema") != SCHEMA:
        return f'has schema={str(record.get("schema"))[:40]!r} where this crossroads reads "{SCHEMA}"'
    fields = KINDS.get(kind) if isinstance(kind, str) else None
    if fields is None or (kind == "program") != (index == 0):
        return f"has kind={str(kind)[:40]!r}, which has no place there"
    if record.keys() - {"kind"} != fields.keys():
        return f"hasn't the fields of kind={kind!r}: {', '.join(fields) or 'none'}"
    return next((f"has an unfit value of {name!r}" for name, fits in fields.items() if not fits(record[name])), None)


def _lock(descriptor: int, path: str) -> None:
    deadline = _monotonic() + LOCK_WAIT_S
    while True:
        try:
            _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if _monotonic() >= deadline:
                raise JournalError(f"journal={path!r} is in use: its program is running; wait for its end, or end it") from None
            _sleep(_LOCK_STEP_S)


def _contents(descriptor: int, size: int) -> bytes:
    parts, at = [], 0
    while at < size and (part := _pread(descriptor, min(size - at, 1 << 30), at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _undo(descriptor: int, size: int) -> None:
    """Take back a line that was written in part."""
    try:
        _ftruncate(descriptor, size)
    except OSError:
        pass


def _sync_folder(path: str) -> None:
    """So that the file itself is there after a power cut."""
    folder = _open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _fsync(folder)
    except OSError:
        pass
    finally:
        _close(folder)
