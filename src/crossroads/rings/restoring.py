"""A protected place as it was at a mark, out of its vault.

Each step looks at what is there and does what is missing, so that a restore which was killed is finished by doing it once more. A file
that is still the one of the mark keeps its inode, and with it the descriptors, mappings and other names that it has; one that isn't is
made anew, because the file which is there may have a name elsewhere, outside of what is protected.
"""

import os
import stat
from collections.abc import Callable
from functools import partial
from typing import Final

from crossroads.errors import CrossroadsError
from crossroads.rings.apart import apart
from crossroads.rings.contents import copy_contents
from crossroads.rings.copying import database_state
from crossroads.rings.databases import HEADER, SIDECARS, is_database, restore_database
from crossroads.rings.descriptors import writable_mappings
from crossroads.rings.findings import Finding
from crossroads.rings.manifests import Entry, Manifest, state_of
from crossroads.rings.trees import ROOT, Tree
from crossroads.rings.vaults import Vault

__all__ = ["restore_place"]

_open, _close, _read = os.open, os.close, os.read
_TYPES: Final = {"file": stat.S_IFREG, "database": stat.S_IFREG, "directory": stat.S_IFDIR, "link": stat.S_IFLNK, "pipe": stat.S_IFIFO}


def restore_place(vault: Vault, manifest: Manifest) -> list[Finding]:
    """Make everything below the root of a vault as it was.

    Args:
        vault: has the contents.
        manifest: what the place was like.

    Returns:
        What couldn't be put back; the rest is.
    """
    try:
        os.makedirs(os.path.dirname(vault.root), exist_ok=True)
        with Tree(vault.root) as tree:
            return _Restoring(vault, tree, manifest).everything()
    except OSError as error:
        return [_failure(vault.root, error)]


class _Restoring:
    def __init__(self, vault: Vault, tree: Tree, manifest: Manifest) -> None:
        self._vault, self._tree, self._manifest = vault, tree, manifest
        self._mapped = writable_mappings()
        self._failures: list[Finding] = []

    def everything(self) -> list[Finding]:
        present = dict(self._tree.walk(force=True))
        for path, entry in self._manifest.items():
            if entry.kind == "directory":
                self._try(path, partial(self._put_directory, path))
        self._bring_home(present)
        self._try(ROOT, self._remove_others)
        leaders = self._leaders()
        for path, entry in self._manifest.items():
            if entry.kind != "directory" and leaders.get(entry.inode, path) == path:
                self._try(path, partial(self._put, path, entry))
        for path, entry in self._manifest.items():
            if leaders.get(entry.inode, path) != path:
                self._try(path, partial(self._put_name, leaders[entry.inode], path))
        # What is made in a directory changes its time; and without its mode nothing may be.
        for path, entry in reversed(self._manifest.items()):
            if entry.kind == "directory":
                self._try(path, partial(self._put_properties, path, entry))
        return self._failures

    def _try(self, path: str, step: Callable[[], None]) -> None:
        try:
            step()
        except (OSError, CrossroadsError) as error:
            self._failures.append(_failure(self._tree.full(path), error))

    def _put_directory(self, path: str) -> None:
        about = self._tree.about(path)
        if about is not None and not stat.S_ISDIR(about.st_mode):
            self._tree.remove(path)
            about = None
        if about is None:
            self._tree.make_directory(path)

    def _bring_home(self, present: dict[str, os.stat_result]) -> None:
        """Files that were renamed get their old names, so that they are the same files still."""
        strays = {about.st_ino: path for path, about in present.items() if stat.S_ISREG(about.st_mode) and not self._is_home(path, about)}
        moves: list[tuple[str, str]] = []
        for path, entry in self._manifest.items():
            if path and entry.kind == "file" and entry.inode in strays and not self._is_home(path, present.get(path)):
                stray, aside = strays.pop(entry.inode), self._unused_name(path, len(moves), present)
                about = self._tree.about(stray)
                if about is None or not stat.S_ISREG(about.st_mode) or about.st_ino != entry.inode:  # it stood where a directory has to be
                    continue
                # By way of a third name: they may have changed places.
                self._try(stray, partial(self._tree.move, stray, aside))
                moves.append((aside, path))
        for aside, path in moves:
            self._try(path, partial(self._move_over, aside, path))

    def _is_home(self, path: str, about: os.stat_result | None) -> bool:
        entry = self._manifest.get(path)
        return entry is not None and about is not None and entry.inode == about.st_ino

    def _unused_name(self, path: str, number: int, present: dict[str, os.stat_result]) -> str:
        """Beside a path, where the directory is there by now; a restore that is killed leaves it for the next one to find."""
        folder, slash, _ = path.rpartition("/")
        while True:
            name = f"{folder}{slash}crossroads-{number}"
            if name not in present:
                return name
            number += len(present)

    def _move_over(self, aside: str, path: str) -> None:
        about = self._tree.about(path)
        if about is not None and stat.S_ISDIR(about.st_mode):
            self._tree.remove(path)
        self._tree.move(aside, path)

    def _remove_others(self) -> None:
        """Remove what wasn't there at the mark; of a directory that wasn't, all at once."""
        if ROOT not in self._manifest:
            self._remove_root()
        gone = ""
        for path in [path for path, _ in self._tree.walk(force=True)]:
            if path in self._manifest or (gone and path.startswith(gone)) or self._is_sidecar(path):
                continue
            self._try(path, partial(self._tree.remove, path))
            gone = path + "/"

    def _remove_root(self) -> None:
        about = self._tree.about(ROOT)
        if about is None:
            return
        if stat.S_ISREG(about.st_mode) and self._is_database(ROOT):
            for ending in SIDECARS:
                _remove_quietly(self._tree.full(ROOT) + ending)
        self._tree.remove(ROOT)

    def _is_sidecar(self, path: str) -> bool:
        """Whether SQLite sees to it."""
        for ending in SIDECARS:
            if path.endswith(ending):
                base = self._manifest.get(path.removesuffix(ending))
                return base is not None and base.kind == "database"
        return False

    def _leaders(self) -> dict[int, str]:
        """For files with several names in here: the one through which the contents are put back."""
        names: dict[int, list[str]] = {}
        for path, entry in self._manifest.items():
            if entry.links > 1 and entry.kind in ("file", "link", "pipe"):
                names.setdefault(entry.inode, []).append(path)
        return {
            inode: next((path for path in paths if self._is_home(path, self._tree.about(path))), paths[0]) for inode, paths in names.items()
        }

    def _put(self, path: str, entry: Entry) -> None:
        about = self._tree.about(path)
        if entry.kind == "other":
            if about is None or stat.S_IFMT(about.st_mode) != stat.S_IFMT(entry.mode):
                raise CrossroadsError("sockets and devices can't be made again")
            return
        if about is not None and stat.S_IFMT(about.st_mode) != _TYPES[entry.kind]:
            self._tree.remove(path)
            about = None
        if entry.kind == "link":
            self._put_link(path, entry, about)
        elif entry.kind == "pipe":
            if about is None:
                self._tree.make_pipe(path, entry.mode)
        elif entry.kind == "database":
            self._put_database(path, entry, about)
        else:
            self._put_file(path, entry, about)
        self._put_properties(path, entry)

    def _put_link(self, path: str, entry: Entry, about: os.stat_result | None) -> None:
        if about is not None and self._tree.link_target(path) != entry.detail:
            self._tree.remove(path)
            about = None
        if about is None:
            self._tree.make_link(path, entry.detail)

    def _put_file(self, path: str, entry: Entry, about: os.stat_result | None) -> None:
        if about is not None and (about.st_ino != entry.inode or about.st_nlink > entry.links):
            self._tree.remove(path)
            about = None
        if about is not None and entry.state and state_of(about) == entry.state and about.st_ino not in self._mapped:
            return
        self._write(path, entry, is_new=about is None)

    def _write(self, path: str, entry: Entry, *, is_new: bool) -> None:
        if not is_new:
            self._tree.make_writable(path)
        source = _open(self._vault.content(entry.content), os.O_RDONLY | os.O_CLOEXEC)
        try:
            target = self._tree.open(path, os.O_WRONLY | (os.O_CREAT | os.O_EXCL if is_new else 0), 0o600)
            try:
                copy_contents(source, target)
            finally:
                _close(target)
        finally:
            _close(source)

    def _put_database(self, path: str, entry: Entry, about: os.stat_result | None) -> None:
        """Through SQLite where it still is a database; its connections find the old contents as if somebody had written them."""
        full = self._tree.full(path)
        if about is not None and about.st_ino == entry.inode and entry.state and database_state(full) == entry.state:
            return
        if about is not None and about.st_nlink <= entry.links and self._is_database(path):
            self._tree.make_writable(path)
            if apart(partial(restore_database, self._vault.content(entry.content), full, entry.detail)):
                return
        # What a lost or broken database has left beside it would be taken for changes to the new one.
        for ending in SIDECARS:
            _remove_quietly(full + ending)
        if about is not None and about.st_nlink > entry.links:
            self._tree.remove(path)
            about = None
        self._write(path, entry, is_new=about is None)

    def _is_database(self, path: str) -> bool:
        """In a child of its own: the file must not be closed by a process that may hold locks on it."""
        return apart(partial(self._has_header, path))

    def _has_header(self, path: str) -> bool:
        self._tree.make_writable(path)
        descriptor = self._tree.open(path, os.O_RDONLY)
        return is_database(_read(descriptor, len(HEADER)))

    def _put_name(self, leader: str, path: str) -> None:
        about, first = self._tree.about(path), self._tree.about(leader)
        if about is not None and first is not None and about.st_ino == first.st_ino:
            return
        self._tree.remove(path)
        self._tree.link(leader, path)

    def _put_properties(self, path: str, entry: Entry) -> None:
        """Owner, mode and time, in this order: each may change those before it."""
        about = self._tree.about(path)
        if about is None:
            return
        if (about.st_uid, about.st_gid) != (entry.user, entry.group):
            self._tree.set_owner(path, entry.user, entry.group)
            about = self._tree.about(path) or about
        if entry.kind != "link" and about.st_mode != entry.mode:
            self._tree.set_mode(path, entry.mode)
        if about.st_mtime_ns != entry.modified_ns and entry.kind != "database":
            self._tree.set_times(path, about.st_atime_ns, entry.modified_ns)


def _failure(path: str, error: Exception) -> Finding:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Finding("file", path, f"{path} couldn't be put back: {reason}", False)


def _remove_quietly(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
