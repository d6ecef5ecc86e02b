"""What a protected place was like at a mark: one entry for each thing in it, and their JSON."""

import json
import os
from dataclasses import astuple, dataclass, replace
from typing import Any, Final, Literal

__all__ = ["Entry", "Manifest", "State", "decode", "encode", "entry_of", "state_of"]

EntryKind = Literal["file", "database", "directory", "link", "pipe", "other"]

State = tuple[int, ...]
"""Size and times, from which can be told whether a file was changed; () if it can't be told from them."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a protected place.

    Attributes:
        kind: what it is; "other" can't be made again (a socket, a device).
        mode: type and permissions.
        user: number of its owner.
        group: number of its group.
        modified_ns: nanoseconds since 1970.
        inode: its number; the same thing has it for as long as it exists.
        links: how many names it had, here or elsewhere.
        state: of a file or database when it was copied.
        content: name of the copy of a file or database.
        detail: where a link points, as it was written; the journal mode of a database.
    """

    kind: EntryKind
    mode: int
    user: int
    group: int
    modified_ns: int
    inode: int
    links: int
    state: State = ()
    content: str = ""
    detail: str = ""


Manifest = dict[str, Entry]
"""Entries by path relative to the root, a directory before what is in it. No entries: there was nothing."""


def entry_of(kind: EntryKind, about: os.stat_result, *, state: State = (), content: str = "", detail: str = "") -> Entry:
    """An entry with the properties that a thing has now."""
    owner = (about.st_mode, about.st_uid, about.st_gid, about.st_mtime_ns, about.st_ino, about.st_nlink)
    return Entry(kind, *owner, state, content, detail)


def state_of(about: os.stat_result | None) -> State:
    """What changes when a file is written to; of nothing: (-1,)."""
    return (-1,) if about is None else (about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def encode(manifest: Manifest) -> bytes:
    """As JSON; names that aren't text survive, too."""
    rows = [(path, *astuple(entry)) for path, entry in manifest.items()]
    return json.dumps({"version": _VERSION, "entries": rows}, separators=(",", ":")).encode("ascii")


def decode(text: bytes) -> Manifest:
    """What `encode` was given.

    Raises:
        ValueError: it isn't that, or of another version.
    """
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ValueError("a manifest of another version")
    return {path: _entry(*properties) for path, *properties in found["entries"]}


def _entry(*properties: Any) -> Entry:
    entry = Entry(*properties)
    return replace(entry, state=tuple(entry.state))
