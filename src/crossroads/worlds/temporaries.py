"""Temporary files and directories that the program has made and that are still there.

Their names are drawn for each process, so that futures don't share them; but futures from a snapshot would, and the first to remove a
directory takes it from the others. So no snapshot is laid while there are any.
"""

import os
import shutil
import tempfile
from typing import Any, Final

_lexists: Final = os.path.lexists
_is_directory: Final = os.path.isdir
_unlink: Final = os.unlink
_remove_tree: Final = shutil.rmtree


class Temporaries:
    """What `tempfile` has made under names of its own since `install` or `forget`."""

    def __init__(self) -> None:
        self._made: list[Any] = []

    def install(self) -> None:
        """Note from now on what is made, in a process that is the program's own."""
        made: Any = tempfile
        stock_directory, stock_file = made.mkdtemp, made._mkstemp_inner

        def mkdtemp(suffix: Any = None, prefix: Any = None, dir: Any = None) -> Any:
            path = stock_directory(suffix, prefix, dir)
            self._made.append(path)
            return path

        def make_file(*args: Any) -> Any:
            descriptor, path = stock_file(*args)
            self._made.append(path)
            return descriptor, path

        mkdtemp.__module__, mkdtemp.__qualname__, mkdtemp.__doc__ = "tempfile", "mkdtemp", stock_directory.__doc__
        made.mkdtemp, made._mkstemp_inner = mkdtemp, make_file

    def forget(self) -> None:
        """What was made until now belongs to all futures."""
        self._made.clear()

    @property
    def are_there(self) -> bool:
        """Whether any of it is still there."""
        self._made = [path for path in self._made if _lexists(path)]
        return bool(self._made)

    def remove(self) -> None:
        """Leave nothing behind, in a process that ends here."""
        for path in self._made:
            try:
                if _is_directory(path):
                    _remove_tree(path, ignore_errors=True)
                else:
                    _unlink(path)
            except OSError:
                pass
