"""Paths below a protected root, reached from directory to directory, so that no symlink on the way is ever followed.

Every change to a protected place goes through here. Names are any that the file system takes; paths may be longer than one system call
takes.
"""

import errno
import os
import stat
from collections.abc import Iterator
from typing import Final

__all__ = ["ROOT", "Tree"]

ROOT: Final = ""
"""The path of the root itself."""

OURS: Final = ".crossroads-"
"""How names begin that are never copied, restored or removed: copies of other roots may lie in this one."""

_open, _close, _scandir, _stat, _fstat = os.open, os.close, os.scandir, os.stat, os.fstat
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OWNER_ALL = stat.S_IRWXU
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class Tree:
    """A root, which may be a file, a directory or not there, and everything below it.

    Paths are relative to the root, with "/" between names; `ROOT` is the root itself.

    Args:
        root: absolute; its parent directory exists, and may be reached through symlinks.
    """

    def __init__(self, root: str) -> None:
        parent, self._name = os.path.split(root)
        self.root = root
        self._base = _open(parent, _DIRECTORY)
        self._last: tuple[str, int] = ("", -1)

    def __enter__(self) -> "Tree":
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        _close(self._base)

    def full(self, path: str) -> str:
        """For messages: the absolute path."""
        return f"{self.root}/{path}" if path else self.root

    def about(self, path: str) -> os.stat_result | None:
        """What is there, symlinks not followed; None if nothing is."""
        try:
            folder, name = self.place(path)
            return _stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno in _NOT_THERE:
                return None
            raise

    def walk(self, force: bool = False) -> Iterator[tuple[str, os.stat_result]]:
        """Everything there is, a directory before what it contains, names in order.

        Args:
            force: give the owner of each directory the rights that looking into it takes.
        """
        waiting = [ROOT]
        while waiting:
            path = waiting.pop()
            about = self.about(path)
            if about is None:
                continue
            yield path, about
            if stat.S_ISDIR(about.st_mode):
                if force:
                    self.make_writable(path)
                waiting += [f"{path}/{name}" if path else name for name in reversed(self._names(path))]

    def place(self, path: str) -> tuple[int, str]:
        """Where a path is: a descriptor of its directory, good until the next call, and the name in it.

        Raises:
            OSError: a directory on the way isn't there, or isn't one.
        """
        if not path:
            return self._base, self._name
        folder, _, name = path.rpartition("/")
        return self._folder(folder), name

    def open(self, path: str, flags: int, mode: int = 0) -> int:
        """A descriptor of a file; OSError ELOOP if it is a symlink."""
        folder, name = self.place(path)
        return _open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode, dir_fd=folder)

    def link_target(self, path: str) -> str:
        """Where a symlink points."""
        folder, name = self.place(path)
        return os.readlink(name, dir_fd=folder)

    def remove(self, path: str) -> None:
        """Remove what is there, a directory with all that is in it."""
        about = self.about(path)
        if about is None:
            return
        if not stat.S_ISDIR(about.st_mode):
            self._unlink(path)
            return
        self.make_writable(path)
        below = [(path, False)]
        while below:
            at, is_empty = below.pop()
            self._forget()
            if is_empty:
                folder, name = self.place(at)
                os.rmdir(name, dir_fd=folder)
                continue
            below.append((at, True))
            for name in self._names(at, everything=True):
                inner = f"{at}/{name}" if at else name
                inside = self.about(inner)
                if inside is not None and stat.S_ISDIR(inside.st_mode):
                    self.make_writable(inner)
                    below.append((inner, False))
                else:
                    self._unlink(inner)

    def make_directory(self, path: str) -> None:
        """With all rights for its owner until its mode is set."""
        folder, name = self.place(path)
        os.mkdir(name, _OWNER_ALL, dir_fd=folder)

    def make_link(self, path: str, target: str) -> None:
        """Make a symlink; its target need not exist."""
        folder, name = self.place(path)
        os.symlink(target, name, dir_fd=folder)

    def make_pipe(self, path: str, mode: int) -> None:
        folder, name = self.place(path)
        os.mkfifo(name, mode, dir_fd=folder)

    def link(self, path: str, new: str) -> None:
        """Give a file one more name."""
        folder, name = self.place(path)
        folder = os.dup(folder)
        try:
            new_folder, new_name = self.place(new)
            os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)
        finally:
            _close(folder)

    def move(self, path: str, new: str) -> None:
        """Rename; what was at `new` is replaced."""
        folder, name = self.place(path)
        folder = os.dup(folder)
        try:
            new_folder, new_name = self.place(new)
            os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)
        finally:
            _close(folder)
            self._forget()

    def set_mode(self, path: str, mode: int) -> None:
        """Permissions of anything but a symlink."""
        folder, name = self.place(path)
        os.chmod(name, stat.S_IMODE(mode), dir_fd=folder)

    def set_owner(self, path: str, user: int, group: int) -> None:
        folder, name = self.place(path)
        os.chown(name, user, group, dir_fd=folder, follow_symlinks=False)

    def set_times(self, path: str, accessed_ns: int, modified_ns: int) -> None:
        folder, name = self.place(path)
        os.utime(name, ns=(accessed_ns, modified_ns), dir_fd=folder, follow_symlinks=False)

    def make_writable(self, path: str) -> None:
        """Give the owner of a directory or file the rights that a restore needs; nothing if it has them."""
        about = self.about(path)
        wanted = _OWNER_ALL if about is not None and stat.S_ISDIR(about.st_mode) else stat.S_IRUSR | stat.S_IWUSR
        if about is not None and about.st_mode & wanted != wanted:
            self.set_mode(path, about.st_mode | wanted)

    def _unlink(self, path: str) -> None:
        folder, name = self.place(path)
        os.unlink(name, dir_fd=folder)

    def _names(self, path: str, everything: bool = False) -> list[str]:
        descriptor = self._folder(path)
        with _scandir(descriptor) as entries:
            return sorted(entry.name for entry in entries if everything or not entry.name.startswith(OURS))

    def _folder(self, path: str) -> int:
        """A descriptor of the directory at a path; kept for the next call, which is often for the same."""
        if self._last[1] >= 0 and self._last[0] == path:
            return self._last[1]
        descriptor = _open(self._name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._base)
        for name in path.split("/") if path else ():
            try:
                inner = _open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            finally:
                _close(descriptor)
            descriptor = inner
        self._forget()
        self._last = (path, descriptor)
        return descriptor

    def _forget(self) -> None:
        if self._last[1] >= 0:
            _close(self._last[1])
        self._last = ("", -1)
