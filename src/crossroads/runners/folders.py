"""The directory of a test's temporary files: the same path in each future, empty or as it was at their snapshot, and no other future's.

Paths are printed, hashed and named in labels, so they may not differ from one future to the next. Whoever lives holds a lock on the
directory; futures of other engines that need it wait for it, as long as that isn't too long. What a snapshot's files hold is kept in its
memory, and each has a second name beside the directory: so those that it has open stay the ones that its futures find.

    crossroads-tests/1f0c5e9a77b20/         locked by whoever lives
        files/                              what tests are told of; nobody's between two lives
        home-812-4711-1/                    a snapshot's files once more; 812 has started its process

Files without a name that are open when a snapshot is laid, such as those in which output is captured, are restored as well.
Out of reach: descriptors of directories, which are other ones in each future, though the working directory is put right.
"""

import errno
import fcntl
import os
import stat
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from crossroads.rings.trees import ROOT, Tree
from crossroads.snapshots import kernel

NAME: Final = "crossroads-tests"
"""Of the directory below the system's temporary one; with a user's number where another user has that one."""

FILES: Final = "files"
HOME: Final = "home-"

SLOTS: Final = 8
"""Directories of one test; more than the first are only used while somebody holds on to that, as in a debugger."""

PATIENCE_S: Final = 10.0
"""Wait for the first so long."""

POLL_S: Final = 0.0005

KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
"""With more in it no snapshot can be laid: its files are kept in memory, and written again for each future."""

# Taken before any program under test could replace them.
_open, _close, _mkdir, _rmdir, _stat, _fstat, _pread, _pwrite = (
    os.open,
    os.close,
    os.mkdir,
    os.rmdir,
    os.stat,
    os.fstat,
    os.pread,
    os.pwrite,
)
_flock, _fcntl, _sleep, _monotonic, _truncate = fcntl.flock, fcntl.fcntl, time.sleep, time.monotonic, os.ftruncate
_getpid = os.getpid
_STARTER: Final = os.getppid()
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing in the directory: what it is and its rights, when it was changed, and the contents of a file or the target of a link."""

    mode: int
    modified_ns: int
    contents: bytes = b""


class Folder:
    """The directory of one test.

    Args:
        test: its node id.
    """

    def __init__(self, test: str) -> None:
        self._test = test
        self._box = ""
        self._lock = -1
        self._home = ""
        self._kept: dict[str, Kept] = {}
        self._nameless: dict[int, bytes] = {}
        self._working = ""
        self._snapshots = 0

    @property
    def path(self) -> str:
        """Of the directory, once it is claimed."""
        return os.path.join(self._box, FILES)

    def claim(self) -> str:
        """Have the directory, empty, for this process and its snapshots: its path."""
        if self._box:
            return self.path
        for box in _boxes(self._test):
            self._lock = _locked(box, PATIENCE_S)
            if self._lock >= 0:
                self._box = box
                _remove(self.path)
                _mkdir(self.path, 0o700)
                return self.path
        raise OSError(f"the {SLOTS} temporary directories of {self._test} are all in use; end the debuggers in which it stands")

    def leave(self) -> str:
        """Before a snapshot is laid: keep what is there, and let others have the place. Why that can't be, "" if it is done."""
        self._nameless = {descriptor: _all_at(descriptor) for descriptor in _nameless_files()}
        if self._lock < 0:
            return ""
        self._snapshots += 1
        self._home = f"{HOME}{_STARTER}-{_getpid()}-{self._snapshots}"
        self._kept = {}
        size = 0
        with Tree(self._box) as tree:
            for path, about in list(tree.walk(force=True)):
                if path.startswith(FILES):
                    size += about.st_size
                    if size > KEPT_BYTES_MAX:
                        return f"more than {KEPT_BYTES_MAX // 1024**2} MB of temporary files"
                    self._kept[path.removeprefix(FILES)] = _keep(tree, path, about, self._home + path.removeprefix(FILES))
        self._working = _working_directory(self.path)
        self.clear()
        return ""

    def enter(self) -> None:
        """After the snapshot, in whatever process: have the place again, as it was."""
        for descriptor, contents in self._nameless.items():
            if _all_at(descriptor) != contents:
                _fill(descriptor, contents)
        if not self._home or self._lock >= 0:
            return
        self._lock = _locked(self._box, None)
        _remove(self.path)
        with Tree(self._box) as tree:
            for path, kept in self._kept.items():
                _put(tree, FILES + path, kept, self._home + path)
            for path, kept in reversed(self._kept.items()):
                _finish(tree, FILES + path, kept)
        if self._working:
            os.chdir(self._working)

    def clear(self) -> None:
        """At the end of a life: leave nothing behind, and let others have the place."""
        if self._lock < 0:
            return
        with suppress(OSError):
            _remove(self.path)
            _remove_empty(self._box)
        _close(self._lock)
        self._lock = -1


def clear_folders(test: str) -> None:
    """Remove what the futures that this process has had lived have left behind, and those of processes that are gone."""
    for box in _boxes(test):
        lock = _locked(box, 0.0) if os.path.isdir(box) else -1
        if lock >= 0:
            with suppress(OSError):
                for name in sorted(os.listdir(box)):
                    if name == FILES or _is_abandoned(name):
                        _remove(os.path.join(box, name))
                _remove_empty(box)
            _close(lock)


def _is_abandoned(home: str) -> bool:
    starter = home.removeprefix(HOME).partition("-")[0]
    if not home.startswith(HOME) or not starter.isdigit():
        return False
    if int(starter) == _getpid():
        return True
    try:
        os.kill(int(starter), 0)
    except OSError as error:
        return error.errno == errno.ESRCH
    return False


def _working_directory(path: str) -> str:
    """Where the process stands, if that is there or below; else ""."""
    try:
        here = os.getcwd()
    except OSError:
        return ""
    return here if f"{here}/".startswith(f"{path}/") else ""


def _boxes(test: str) -> list[str]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = blake2b(f"{test} {version}".encode("utf-8", "replace"), digest_size=6).hexdigest()
    return [os.path.join(_root(), f"{name}{number}") for number in range(SLOTS)]


def _root() -> str:
    root = os.path.join(os.path.realpath(tempfile.gettempdir()), NAME)
    try:
        about = _stat(root, follow_symlinks=False)
    except OSError:
        return root
    return root if stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() else f"{root}-{os.getuid()}"


def _locked(path: str, patience_s: float | None) -> int:
    """A descriptor of the directory, made if it isn't there, that holds its lock; -1 where another had it for so long."""
    deadline = None if patience_s is None else _monotonic() + patience_s
    while True:
        lock = _directory(path)
        while lock >= 0:
            try:
                _flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if deadline is not None and _monotonic() >= deadline:
                    _close(lock)
                    return -1
                _sleep(POLL_S)
        if lock >= 0 and _is_at(lock, path):
            return kernel.move_up(lock)
        if lock >= 0:
            _close(lock)


def _directory(path: str) -> int:
    """A descriptor of the directory; -1 where somebody removes it at this moment."""
    for made in (os.path.dirname(path), path):
        with suppress(FileExistsError, FileNotFoundError):
            _mkdir(made, 0o700)
    try:
        return _open(path, _DIRECTORY)
    except FileNotFoundError:
        return -1


def _is_at(lock: int, path: str) -> bool:
    try:
        return os.path.samestat(_fstat(lock), _stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _remove(path: str) -> None:
    with Tree(path) as tree:
        tree.remove(ROOT)


def _remove_empty(box: str) -> None:
    with suppress(OSError):
        _rmdir(box)
        _rmdir(os.path.dirname(box))


def _keep(tree: Tree, path: str, about: os.stat_result, home: str) -> Kept:
    """What is there, for the memory; a file gets its second name."""
    contents = b""
    if stat.S_ISLNK(about.st_mode):
        contents = os.fsencode(tree.link_target(path))
    elif stat.S_ISDIR(about.st_mode):
        tree.make_directory(home)
    elif stat.S_ISREG(about.st_mode):
        tree.make_writable(path)
        tree.link(path, home)
        descriptor = tree.open(path, os.O_RDONLY)
        try:
            contents = _all_at(descriptor)
        finally:
            _close(descriptor)
    return Kept(about.st_mode, about.st_mtime_ns, contents)


def _nameless_files() -> list[int]:
    """Descriptors of files that were removed while they are open, such as those in which output is captured."""
    return [descriptor for descriptor, _ in kernel.file_offsets() if _is_nameless(descriptor)]


def _is_nameless(descriptor: int) -> bool:
    try:
        about, access = _fstat(descriptor), _fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        return False
    return not about.st_nlink and about.st_size <= KEPT_BYTES_MAX and access != os.O_RDONLY


def _all_at(descriptor: int) -> bytes:
    """What a file holds; its position isn't moved."""
    parts: list[bytes] = []
    at = 0
    while part := _pread(descriptor, 1 << 20, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _put(tree: Tree, path: str, kept: Kept, home: str) -> None:
    """Make it be there; a file is still the one that the snapshot has, with what that held."""
    if stat.S_ISDIR(kept.mode):
        tree.make_directory(path)
    elif stat.S_ISLNK(kept.mode):
        tree.make_link(path, os.fsdecode(kept.contents))
    elif stat.S_ISFIFO(kept.mode):
        tree.make_pipe(path, stat.S_IMODE(kept.mode))
    elif stat.S_ISREG(kept.mode):
        with suppress(FileNotFoundError):
            tree.link(home, path)
            tree.make_writable(path)
        descriptor = tree.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if _all_at(descriptor) != kept.contents:
                _fill(descriptor, kept.contents)
        finally:
            _close(descriptor)


def _fill(descriptor: int, contents: bytes) -> None:
    _truncate(descriptor, 0)
    left, at = memoryview(contents), 0
    while left:
        done = _pwrite(descriptor, left, at)
        left, at = left[done:], at + done


def _finish(tree: Tree, path: str, kept: Kept) -> None:
    """Rights and times, once nothing is made in it any more."""
    if stat.S_ISREG(kept.mode) or stat.S_ISDIR(kept.mode):
        tree.set_mode(path, kept.mode)
        tree.set_times(path, kept.modified_ns, kept.modified_ns)
