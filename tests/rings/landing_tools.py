"""What the tests of the ring share: pictures of trees, and work done by a process that may die."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Picture = dict[bytes, tuple[Any, ...]]


def picture(root: Path) -> Picture:
    """Everything about a tree that protection promises: names, contents, modes, times, links."""
    top = os.fsencode(root)
    found: Picture = {}
    names: dict[int, list[bytes]] = {}
    for folder, directories, files in [(b"", [top], []), *os.walk(top)]:
        for name in directories + files:
            path = os.path.join(folder, name)
            if not os.path.lexists(path) or name.startswith(b".crossroads-"):
                continue
            about = os.lstat(path)
            found[path] = (about.st_mode, about.st_mtime_ns, _content(path, about))
            if not stat.S_ISDIR(about.st_mode):
                names.setdefault(about.st_ino, []).append(path)
    return {path: (*found[path], *sorted(names.get(os.lstat(path).st_ino, []))) for path in sorted(found)}


def _content(path: bytes, about: os.stat_result) -> bytes:
    if stat.S_ISREG(about.st_mode):
        with open(path, "rb") as file:
            return file.read()
    return os.readlink(path) if stat.S_ISLNK(about.st_mode) else b""


def in_child(work: Callable[[], object]) -> int:
    """The exit code of a forked child that does this; 0 if it came to the end."""
    child = os.fork()
    if not child:
        code = 70
        try:
            work()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


CHANGES = (
    *("open", "os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink"),
    *("os.chmod", "os.chown", "os.utime", "os.truncate", "shutil.rmtree"),
)


class Deaths:
    """Kills this process at the n-th change of a file system that it is about to make.

    Args:
        last: how many changes it gets to begin.
    """

    def __init__(self, last: int) -> None:
        self._left = last
        sys.addaudithook(self._seen)

    def _seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES:
            self._left -= 1
            if self._left < 0:
                os._exit(99)
