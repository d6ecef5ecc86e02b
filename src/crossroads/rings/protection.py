"""What is protected goes back too: directories, files and SQLite databases are as they were at the mark after a return.

What isn't protected stays changed. A place is protected from the next mark on; a return to an earlier one leaves it alone.
"""

import os
import stat
from collections.abc import Sequence
from typing import Final

from crossroads.errors import RingError, SettingError
from crossroads.rings.copying import copy_place
from crossroads.rings.findings import Finding
from crossroads.rings.manifests import Manifest
from crossroads.rings.quiet import unrecorded
from crossroads.rings.record import Record
from crossroads.rings.restoring import restore_place
from crossroads.rings.vaults import Vault, abandoned, all_abandoned, left_behind

__all__ = ["Protection", "finish_restores", "of_this_ring", "protect"]


_VAULT: Final = "vault"


class _Current:
    """What is protected in this process, and by which ring."""

    __slots__ = ("protection", "remembered")

    def __init__(self) -> None:
        self.protection: Protection | None = None
        self.remembered: list[str] = []


class _Place:
    """One protected root, its copies, and what it was like at the marks of the current past."""

    __slots__ = ("manifests", "vault")

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.manifests: dict[int, Manifest] = {}

    @property
    def latest(self) -> Manifest:
        return next(reversed(self.manifests.values()), {})


def protect(*paths: str | os.PathLike[str]) -> None:
    """Have files come back: after a return these are as they were at the mark.

    Names, contents, permissions, times of change, symlinks and hard links of everything in a directory come back; what was made since is
    removed. An SQLite database is copied and put back by SQLite itself, what is committed in it, so that connections to it stay good; it
    must not have an open transaction at a mark. Extended attributes aren't kept, sockets and devices can't be made again. If the program
    is killed while it puts things back, the next ring that protects the same paths finishes it.

    In a ring it takes effect from the next mark on. Outside of a ring the paths are remembered for those opened later.

    Args:
        paths: directories, files, databases; they need not exist, and then come back as not existing. A symlink stands for what it
            leads to; those inside of a directory are kept as they are and never followed.

    Raises:
        SettingError: a path is the root of the file system.
        RingError: another ring protects the same path; or its copies can be written nowhere.
    """
    roots = [_root(path) for path in paths]
    if current.protection is None:
        current.remembered += [root for root in roots if root not in current.remembered]
    else:
        current.protection.add(roots)


class Protection:
    """The companion of a ring that puts protected places back.

    It takes over what was remembered so far, finishes the restores that were cut short there, and removes copies that nobody needs.
    """

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._unfinished: list[Finding] = []
        # Also those of lives that are discarded before this is told.
        self._record = Record()
        with unrecorded():
            _remove_abandoned()
        try:
            self.add(current.remembered)
        except BaseException:
            self.ended()
            raise
        current.protection = self

    def add(self, roots: Sequence[str]) -> None:
        """Protect these from the next mark on; those that lie in a protected directory are so already."""
        with unrecorded():
            for root in sorted(roots):
                if not self.covers(root):
                    self._unfinished += finish_restores([root])
                    vault = Vault.make(root)
                    self._record.add(_VAULT, vault.path)
                    self._places.append(_Place(vault))
        self._places.sort(key=lambda place: place.vault.root)

    def covers(self, path: str) -> bool:
        """Whether an absolute path is protected, or lies in a protected directory, or beside a protected database as part of it."""
        return any(_is_in(path, place.vault.root) for place in self._places)

    def covered_at(self, path: str, mark: int) -> bool:
        """Whether a return to a mark puts this path back."""
        return any(mark in place.manifests and _is_in(path, place.vault.root) for place in self._places)

    def inode_at(self, path: str, mark: int) -> int | None:
        """The inode of a plain file at a mark; None if it wasn't protected, or is a database."""
        for place in self._places:
            if mark in place.manifests and _is_in(path, place.vault.root):
                entry = place.manifests[mark].get(path[len(place.vault.root) + 1 :])
                return entry.inode if entry is not None and entry.kind == "file" else None
        return None

    def marked(self, mark: int) -> None:
        """Copy what has changed since the last mark.

        Raises:
            RingError: something can't be copied, or a database has an open transaction.
        """
        with unrecorded():
            for place in self._places:
                manifest = copy_place(place.vault, place.latest)
                place.vault.save(mark, manifest)
                place.manifests[mark] = manifest

    def returning(self, mark: int, force: bool) -> None:
        """Refuse to go back when the copies have been removed."""
        for place in self._places:
            if mark in place.manifests and not place.vault.is_there() and not force:
                root = place.vault.root
                raise RingError(
                    f"the copies of {root} are gone, so it can't be put back; protect the directory around it, or use force=True"
                )

    def returned(self, mark: int) -> Sequence[Finding]:
        """Put everything back that was protected at this mark."""
        with unrecorded():
            self._remove_but(frozenset(place.vault.path for place in self._places))
            places = [place for place in self._places if mark in place.manifests]
            findings = [_lost(place.vault.root) for place in places if not place.vault.is_there()]
            places = [place for place in places if place.vault.is_there()]
            # All of them say so before the first begins: they go back together, or are finished together.
            for place in places:
                place.vault.begin_restore(mark)
            for place in places:
                findings += restore_place(place.vault, place.manifests[mark])
            for place in places:
                place.vault.end_restore()
            for place in places:
                self._forget_after(place, mark)
        return findings

    def ended(self) -> Sequence[Finding]:
        """Remove all copies; what is protected stays as it is now."""
        for place in self._places:
            place.vault.close()
        self.release()
        self._places.clear()
        self._record.close()
        if current.protection is self:
            current.protection = None
        return self._unfinished

    def release(self) -> None:
        """Remove all copies of all lives; where a life was killed while it put things back, finish that first."""
        with unrecorded():
            self._remove_but(frozenset())

    def _remove_but(self, kept: frozenset[str]) -> None:
        """Remove the copies that lives of this ring have made, except for some."""
        for name, path in self._record.entries():
            vault = left_behind(path) if name == _VAULT and path not in kept else None
            if vault is not None:
                _finished(vault)
                vault.remove()

    def _forget_after(self, place: _Place, mark: int) -> None:
        for later in [number for number in place.manifests if number > mark]:
            del place.manifests[later]
        contents = {entry.content for manifest in place.manifests.values() for entry in manifest.values()}
        place.vault.keep_only(frozenset(place.manifests), frozenset(contents))


def finish_restores(paths: Sequence[str | os.PathLike[str]]) -> list[Finding]:
    """Finish restores of these paths that were cut short because all processes were killed, and remove copies that were left behind.

    Args:
        paths: as they were protected.

    Returns:
        What was finished, and what couldn't be put back; [] if there was nothing to do.

    Raises:
        RingError: one of them is protected by a ring that is still open.
    """
    findings: list[Finding] = []
    with unrecorded():
        for path in paths:
            for vault in abandoned(_root(path)):
                findings += _finished(vault)
                vault.remove()
    return findings


def _finished(vault: Vault) -> list[Finding]:
    mark = vault.restoring()
    if mark is None:
        return []
    text = f"{vault.root} was being put back when the program was killed; that is finished now"
    return [*restore_place(vault, vault.saved(mark)), Finding("file", vault.root, text, True)]


def _remove_abandoned() -> None:
    """Copies whose ring was killed, of any place; those that are needed to finish a restore are kept."""
    for vault in all_abandoned():
        if vault.restoring() is None:
            vault.remove()
        else:
            vault.close()


def _root(path: str | os.PathLike[str]) -> str:
    root = os.path.realpath(os.fsdecode(path))
    if root == os.sep:
        raise SettingError(f"protect({os.fsdecode(path)!r}) would copy the whole file system; name the directories that matter")
    return root


def _is_in(path: str, root: str) -> bool:
    if path == root or path.startswith(root + os.sep):
        return True
    return path.startswith(root + "-") and path[len(root) :] in ("-wal", "-shm", "-journal") and _is_file(root)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True


def _lost(root: str) -> Finding:
    return Finding("file", root, f"{root} couldn't be put back: its copies are gone", False)


def of_this_ring() -> Protection:
    """The protection of the ring that is open, or a new one."""
    return current.protection or Protection()


current = _Current()
