"""Where the copies of one protected place are kept: a hidden directory beside it, so that the file system can share their contents.

    .crossroads-<digest of the path>-<process>-<number>/
        owner           locked for as long as any process of the ring lives; holds the path that is protected
        mark-<number>   what the place was like at a mark
        <number>        the contents of one file
        restoring       the mark that is being restored; there from before the first change until after the last

A vault whose lock is free belongs to nobody any more. If it says that a restore was going on, whoever protects the place next finishes
it; then it is removed. Where nothing may be written beside the place, the vault is in the user's cache directory, which also lists all
vaults, so that one left by a ring that was killed is removed by the next one anywhere.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

from crossroads.errors import RingError
from crossroads.rings.manifests import Manifest, decode, encode
from crossroads.rings.trees import OURS
from crossroads.snapshots import kernel
from crossroads.store.places import default_path

__all__ = ["Vault", "abandoned", "adopt", "all_abandoned", "left_behind"]

_open, _close, _read, _write, _time = os.open, os.close, os.read, os.write, time.time
_listdir, _getpid, _flock, _stat, _replace = os.listdir, os.getpid, fcntl.flock, os.stat, os.replace
_OWNER: Final = "owner"
_RESTORING: Final = "restoring"
_MARK: Final = "mark-"
_NEW: Final = ".new"
_TRIES_MAX: Final = 10_000
_NEW_SECONDS: Final = 60.0  # of a vault that is being made; one older than that never will be
_FILE_MODE: Final = 0o600


class Vault:
    """The copies of one place; made by `Vault.make`, found again by `adopt`.

    Args:
        root: absolute path of what is protected.
        path: of the vault's own directory.
        owner: descriptor of its lock, which is held.
    """

    def __init__(self, root: str, path: str, owner: int) -> None:
        self.root, self.path, self._owner = root, path, owner
        self._contents_count = 0

    @classmethod
    def make(cls, root: str) -> "Vault":
        """A new one.

        Raises:
            RingError: it can't be written, neither beside the place nor in the user's cache directory.
        """
        problem: OSError | None = None
        for place in (os.path.dirname(root), _cache()):
            try:
                os.makedirs(place, exist_ok=True)
                vault = cls._make_in(place, root)
            except OSError as error:
                problem = problem or error
                continue
            _list(vault.path)
            return vault
        reason = problem.strerror if problem is not None else "no place"
        raise RingError(f"copies of {root} can be kept neither beside it nor in the cache directory ({reason}); make one of them writable")

    @classmethod
    def _make_in(cls, place: str, root: str) -> "Vault":
        for number in range(_TRIES_MAX):
            path = f"{place}/{_prefix(root)}{_getpid()}-{number}"
            try:
                os.mkdir(path + _NEW, 0o700)
            except FileExistsError:
                continue
            # It gets its name when it has its lock: with a name and without a lock it would be anybody's.
            owner = kernel.move_up(_open(f"{path}{_NEW}/{_OWNER}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))
            _flock(owner, fcntl.LOCK_EX)
            _write(owner, os.fsencode(root))
            try:
                os.rename(path + _NEW, path)
            except OSError:  # there is one of that name
                _close(owner)
                shutil.rmtree(path + _NEW, ignore_errors=True)
                continue
            return cls(root, path, owner)
        raise FileExistsError(0, "too many copies from before", place)

    def is_there(self) -> bool:
        """Whether nobody has removed it."""
        return os.path.isfile(self._at(_OWNER))

    def now_ns(self) -> int:
        """What time it is for files beside this one."""
        os.utime(self._at(_OWNER))
        return _stat(self._at(_OWNER)).st_mtime_ns

    def new_content(self) -> tuple[str, str]:
        """A name for the copy of one more file, not taken by any, and its path; the file is made, and empty."""
        while True:
            self._contents_count += 1
            name = str(self._contents_count)
            try:
                _close(_open(self._at(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))
            except FileExistsError:
                continue
            return name, self._at(name)

    def content(self, name: str) -> str:
        """Path of the copy of this name."""
        return self._at(name)

    def save(self, mark: int, manifest: Manifest) -> None:
        """Keep what the place is like at this mark."""
        self._save(f"{_MARK}{mark}", encode(manifest))

    def saved(self, mark: int) -> Manifest:
        """What the place was like at a mark.

        Raises:
            OSError: nothing was saved for it.
            ValueError: it can't be read.
        """
        return decode(self._load(f"{_MARK}{mark}"))

    def begin_restore(self, mark: int) -> None:
        """Note that the place is about to be restored, so that it is restored in full even if this process dies."""
        self._save(_RESTORING, str(mark).encode())

    def restoring(self) -> int | None:
        """The mark whose restore has begun and not ended."""
        try:
            return int(self._load(_RESTORING))
        except FileNotFoundError:
            return None

    def end_restore(self) -> None:
        """Note that the place is restored."""
        os.unlink(self._at(_RESTORING))

    def keep_only(self, marks: frozenset[int], contents: frozenset[str]) -> None:
        """Remove what belongs to other marks."""
        for name in _listdir(self.path):
            is_mark = name.startswith(_MARK)
            if (is_mark and int(name.removeprefix(_MARK)) not in marks) or (name.isdigit() and name not in contents):
                os.unlink(self._at(name))

    def remove(self) -> None:
        """Remove it, for all processes."""
        # First its name, so that nobody finds half of it.
        doomed = self.path + _NEW
        try:
            os.rename(self.path, doomed)
        except OSError:
            doomed = self.path
        shutil.rmtree(doomed, ignore_errors=True)
        _unlist(self.path)
        self.close()

    def close(self) -> None:
        """Give up this process's share of the lock."""
        if self._owner >= 0:
            _close(self._owner)
            self._owner = -1

    def _at(self, name: str) -> str:
        return f"{self.path}/{name}"

    def _save(self, name: str, text: bytes) -> None:
        """All of it or nothing."""
        descriptor = _open(self._at(name + _NEW), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE_MODE)
        try:
            rest = memoryview(text)
            while rest:
                rest = rest[_write(descriptor, rest) :]
        finally:
            _close(descriptor)
        _replace(self._at(name + _NEW), self._at(name))

    def _load(self, name: str) -> bytes:
        return _contents(self._at(name))


def abandoned(root: str) -> Iterator[Vault]:
    """The vaults of this place that belong to nobody; the caller has their locks.

    Raises:
        RingError: one belongs to a ring that is still open.
    """
    for place in (os.path.dirname(root), _cache()):
        for name in _names(place):
            path = f"{place}/{name}"
            if name.startswith(_prefix(root)) and name.endswith(_NEW):
                _remove_old(path)
            elif name.startswith(_prefix(root)):
                vault = adopt(path)
                if vault is None and os.path.isdir(path):
                    raise RingError(f"{root} is already protected by another ring, of process {_process(name)}; wait for its end")
                if vault is not None and vault.root == root:
                    yield vault
                elif vault is not None:
                    vault.close()


def all_abandoned() -> Iterator[Vault]:
    """All vaults of this user that belong to nobody, wherever they are; the caller has their locks."""
    index = _index()
    for name in _names(index):
        path = os.fsdecode(_contents(f"{index}/{name}"))
        if not os.path.isdir(path):
            _unlist(path)
            continue
        vault = adopt(path)
        if vault is not None:
            yield vault


def adopt(path: str) -> Vault | None:
    """The vault of this directory, with its lock; None if it has an owner, or is none."""
    try:
        owner = kernel.move_up(_open(f"{path}/{_OWNER}", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW))
    except OSError:
        return None
    try:
        _flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        root = os.fsdecode(_contents(f"{path}/{_OWNER}"))
    except OSError:
        _close(owner)
        return None
    return Vault(root, path, owner)


def left_behind(path: str) -> Vault | None:
    """The vault of this directory, whoever has its lock; None if it is gone. For the ring that it belongs to."""
    try:
        return Vault(os.fsdecode(_contents(f"{path}/{_OWNER}")), path, -1)
    except OSError:
        return None


def _remove_old(path: str) -> None:
    """Remove a vault that was never made, or is half removed, unless somebody is at it right now."""
    try:
        if _time() - _stat(path).st_mtime < _NEW_SECONDS:
            return
    except OSError:
        return
    vault = adopt(path)
    if vault is not None or not os.path.exists(f"{path}/{_OWNER}"):
        shutil.rmtree(path, ignore_errors=True)
    if vault is not None:
        vault.close()


def _prefix(root: str) -> str:
    return f"{OURS}{blake2b(os.fsencode(root), digest_size=6).hexdigest()}-"


def _process(name: str) -> str:
    return name.split("-")[2]


def _cache() -> str:
    return str(default_path(Path("/")).parent / "protected")


def _index() -> str:
    return f"{_cache()}/index"


def _list(path: str) -> None:
    try:
        os.makedirs(_index(), 0o700, exist_ok=True)
        with open(_index_entry(path), "xb") as file:
            file.write(os.fsencode(path))
    except OSError:
        pass


def _unlist(path: str) -> None:
    try:
        os.unlink(_index_entry(path))
    except OSError:
        pass


def _index_entry(path: str) -> str:
    return f"{_index()}/{blake2b(os.fsencode(path), digest_size=16).hexdigest()}"


def _names(place: str) -> list[str]:
    try:
        return sorted(_listdir(place))
    except OSError:
        return []


def _contents(path: str) -> bytes:
    parts = []
    descriptor = _open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while part := _read(descriptor, 1 << 20):
            parts.append(part)
    finally:
        _close(descriptor)
    return b"".join(parts)
