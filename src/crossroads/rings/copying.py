"""A protected place into its vault: what it is like at a mark, and the contents of the files that were changed since the last one.

Whether a file was changed is told by inode, size and times. They tell it only when the last change lies some time back: a file system's
clock stands still for some milliseconds, in which a file may change once more. Such files, and those that this process can change
through its memory, are copied at each mark.
"""

import os
import stat
from functools import partial
from typing import Final

from crossroads.errors import RingError
from crossroads.rings.apart import apart
from crossroads.rings.contents import copy_contents
from crossroads.rings.databases import SIDECARS, copy_database, is_database, journal_mode
from crossroads.rings.descriptors import Descriptor, descriptors, writable_mappings
from crossroads.rings.manifests import Entry, EntryKind, Manifest, State, entry_of, state_of
from crossroads.rings.trees import Tree
from crossroads.rings.vaults import Vault

__all__ = ["copy_place", "database_state"]

_open, _close, _pread = os.open, os.close, os.pread
_HEAD_BYTES: Final = 20
_CLOCK_STEP_NS: Final = 30_000_000
"""Twice the longest time for which the clock of a Linux file system stands still, and some."""
_COARSE_CLOCK_STEP_NS: Final = 2_100_000_000
"""Where it counts whole seconds, or two (FAT)."""
_ATTEMPTS_MAX: Final = 3
_WAL_WRITING: Final = (120, 122)
"""Bytes of a database's -shm that are locked while it is written to: WRITE, CKPT, RECOVER. Source: SQLite, wal.c."""


def copy_place(vault: Vault, last: Manifest) -> Manifest:
    """Copy what there is below the root of a vault into it.

    Args:
        vault: gets the contents of files that aren't in it yet.
        last: what the place was like when it was last copied.

    Raises:
        RingError: something in it can't be read, or a database has an open transaction.
    """
    if not os.path.isdir(os.path.dirname(vault.root)):
        return {}
    with Tree(vault.root) as tree:
        return _Copying(vault, tree, last).everything()


def database_state(path: str) -> State:
    """As `state_of`, of a database and its log of changes."""
    # SQLite, when it runs as root, gives the log to the database's owner each time it opens it, and so changes its ctime.
    return state_of(_about(path)) + state_of(_about(path + "-wal"))[:2]


class _Copying:
    def __init__(self, vault: Vault, tree: Tree, last: Manifest) -> None:
        self._vault, self._tree, self._last = vault, tree, last
        self._now_ns = vault.now_ns()
        self._open = [one for one in descriptors() if one.kind == "file"]
        self._locked = {one.identity for one in self._open if any(lock.kind == "POSIX" for lock in one.locks)}
        self._mapped = writable_mappings()

    def everything(self) -> Manifest:
        found: dict[str, Entry] = {}
        path = ""
        try:
            for path, about in self._tree.walk():
                if stat.S_ISREG(about.st_mode) and _is_sidecar(path, found):
                    continue
                found[path] = self._entry(path, about)
        except OSError as error:
            where = self._tree.full(path)
            raise RingError(f"{where} can't be copied ({error.strerror}), so it can't be protected; leave it out of protect()") from error
        return found

    def _entry(self, path: str, about: os.stat_result) -> Entry:
        if stat.S_ISREG(about.st_mode):
            return self._file(path, about)
        if stat.S_ISLNK(about.st_mode):
            return entry_of("link", about, detail=self._tree.link_target(path))
        kind: EntryKind = "directory" if stat.S_ISDIR(about.st_mode) else "pipe" if stat.S_ISFIFO(about.st_mode) else "other"
        return entry_of(kind, about)

    def _file(self, path: str, about: os.stat_result) -> Entry:
        before = self._last.get(path)
        if before is not None and before.state and before.inode == about.st_ino:
            state = database_state(self._tree.full(path)) if before.kind == "database" else state_of(about)
            if state == before.state and about.st_ino not in self._mapped:
                if before.kind == "database":
                    self._refuse_transaction(path, about, before.detail)
                return entry_of(before.kind, about, state=state, content=before.content, detail=before.detail)
        is_locked = (about.st_dev, about.st_ino) in self._locked
        head = apart(partial(self._head, path)) if is_locked else self._head(path)
        if is_database(head):
            return self._database(path, about, journal_mode(head))
        name, copy = self._vault.new_content()
        copy_file = partial(self._copied, path, copy)
        about = apart(copy_file) if is_locked else copy_file()
        return entry_of("file", about, state=self._trusted(state_of(about), about), content=name)

    def _head(self, path: str) -> bytes:
        source = self._tree.open(path, os.O_RDONLY)
        try:
            return _pread(source, _HEAD_BYTES, 0)
        finally:
            _close(source)

    def _copied(self, path: str, copy: str) -> os.stat_result:
        """Copy a file; what it was like while it didn't change, if there was such a time."""
        source = self._tree.open(path, os.O_RDONLY)
        try:
            target = _open(copy, os.O_WRONLY | os.O_CLOEXEC)
            try:
                for _ in range(_ATTEMPTS_MAX):
                    about = os.fstat(source)
                    copy_contents(source, target)
                    if state_of(os.fstat(source)) == state_of(about):
                        break
            finally:
                _close(target)
        finally:
            _close(source)
        return about

    def _database(self, path: str, about: os.stat_result, mode: str) -> Entry:
        self._refuse_transaction(path, about, mode)
        name, copy = self._vault.new_content()
        full = self._tree.full(path)
        state = database_state(full)
        apart(partial(copy_database, full, copy))
        is_changed = database_state(full) != state
        log = _about(full + "-wal")
        is_known = not is_changed and (log is None or self._is_past(log.st_mtime_ns))
        trusted = self._trusted(state, about) if is_known else ()
        return entry_of("database", about, state=trusted, content=name, detail=mode)

    def _refuse_transaction(self, path: str, about: os.stat_result, mode: str) -> None:
        """Refuse to mark while a transaction of this process would keep every later life, and the restore, out of the database."""
        full = self._tree.full(path)
        if any(_is_in_transaction(one, full, (about.st_dev, about.st_ino), mode) for one in self._open):
            raise RingError(
                f"the database {full} has an open transaction, which lives can't share; end it, or finish reading, before mark()"
            )

    def _trusted(self, state: State, about: os.stat_result) -> State:
        """A state that a later change is sure to change, or ()."""
        changed_ns = max(about.st_mtime_ns, about.st_ctime_ns)
        return state if self._is_past(changed_ns) and about.st_ino not in self._mapped else ()

    def _is_past(self, time_ns: int) -> bool:
        """Whether what happens now gets another time."""
        return time_ns + (_CLOCK_STEP_NS if time_ns % 1_000_000_000 else _COARSE_CLOCK_STEP_NS) < self._now_ns


def _is_in_transaction(one: Descriptor, path: str, identity: tuple[int, int], mode: str) -> bool:
    held = [lock for lock in one.locks if lock.kind == "POSIX"]
    if mode != "wal":
        return one.identity == identity and bool(held)
    low, high = _WAL_WRITING
    return one.target == path + "-shm" and any(low <= lock.start <= high for lock in held)


def _is_sidecar(path: str, found: Manifest) -> bool:
    """Whether a file belongs to a database that was found before it."""
    for ending in SIDECARS:
        if path.endswith(ending):
            base = found.get(path.removesuffix(ending))
            return base is not None and base.kind == "database"
    return False


def _about(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None
