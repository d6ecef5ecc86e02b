"""Directory listings in the order of their names: file systems return them in an order of their own, which differs between machines.

`os.walk`, `glob`, `pathlib` and `shutil` go through these two functions. Left to others: what is in the directories.
"""

import os
from collections.abc import Iterator
from typing import Any

from crossroads.worlds.patches import Patches

_listdir: Any = os.listdir
_scandir: Any = os.scandir


class Listings:
    """`os.listdir` and `os.scandir`, sorted by name, from `install` to `uninstall`."""

    __slots__ = ("_patches",)

    def __init__(self) -> None:
        self._patches = Patches()

    def install(self) -> None:
        """Replace both functions in the module `os`; names bound earlier stay unsorted."""
        self._patches.set(os, "listdir", _sorted_listdir)
        self._patches.set(os, "scandir", _SortedScan)

    def uninstall(self) -> None:
        """Put the stock functions back."""
        self._patches.undo()


def _sorted_listdir(path: Any = None) -> list[Any]:
    """os.listdir, sorted by name."""
    return sorted(_listdir(path))


_sorted_listdir.__name__ = "listdir"


class _SortedScan:
    """What os.scandir returns: an iterator of entries and a context manager. It reads the directory at once."""

    def __init__(self, path: Any = None) -> None:
        with _scandir(path) as entries:
            self._entries: Iterator[Any] = iter(sorted(entries, key=_name))

    def __iter__(self) -> "_SortedScan":
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> "_SortedScan":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """No entry comes after this."""
        self._entries = iter(())


def _name(entry: Any) -> Any:
    return entry.name
