"""Whether a program is still the one that a journal was written for: its file, the local modules that it has imported, its packages.

Files are named relative to the entry of `sys.path` in which they were found, so that they are found again in another place. What belongs to
Python itself goes by its version.
"""

import importlib.metadata
import os
import sys
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from crossroads.errors import JournalError
from crossroads.snapshots.places import is_installed, is_library, is_ours

__all__ = ["check", "imported", "python_tag", "short_place"]

_distribution, _distributions_by_package = importlib.metadata.distribution, importlib.metadata.packages_distributions


def python_tag() -> str:
    """The interpreter as far as it matters: "cpython 3.13"."""
    return f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"


def imported(names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Of modules that are imported: digests of the local files, and versions of the packages, each by name.

    Args:
        names: of modules; those of Python itself, of crossroads, and the program's own file are left out.
    """
    files: dict[str, str] = {}
    packages: dict[str, str] = {}
    tops: set[str] = set()
    for name in sorted(names):
        path = getattr(sys.modules.get(name), "__file__", None)
        if name == "__main__" or not isinstance(path, str) or is_ours(path):
            continue
        path = os.path.abspath(path)
        if is_installed(path):
            top = name.partition(".")[0]
            if top not in tops:
                tops.add(top)
                packages.update(_version(top))
        elif not is_library(path) and (digest := _digest(path)):
            files[_relative(path)] = digest
    return files, packages


def check(files: Mapping[str, str], packages: Mapping[str, str], python: str) -> None:
    """See to it that everything is as it was.

    Args:
        files, packages: as `imported` gave them.
        python: the interpreter then.

    Raises:
        JournalError: something differs, or isn't there; the message names it.
    """
    if python != python_tag():
        raise JournalError(f"the journal was written on {python}, and this is {python_tag()}; wake its program with the same Python")
    for name, version in packages.items():
        present = _installed_version(name)
        if present != version:
            found = f"version {present} is installed here" if present else "it isn't installed here"
            raise JournalError(f"the journal was written with {name} {version}, and {found}; install {name}=={version}")
    for name, digest in files.items():
        path = next((path for path in (os.path.join(folder, name) for folder in sys.path) if os.path.isfile(path)), None)
        if path is None:
            raise JournalError(f"the journal's program has imported {name}, which isn't here; put it where it was beside the program")
        if _digest(path) != digest:
            raise JournalError(f"{path} isn't what it was when the journal was written; put it back as it was, or begin a new journal")


def short_place(filename: str, line: int) -> str:
    """ "file:line", relative to the entry of `sys.path` that has the file."""
    return f"{_relative(os.path.realpath(filename))}:{line}"


def _relative(path: str) -> str:
    folders = [os.path.realpath(folder) for folder in sys.path if folder]
    inside = [path[len(folder) + 1 :] for folder in folders if path.startswith(folder + "/")]
    return min(inside, key=len) if inside else os.path.basename(path)


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return blake2b(file.read(), digest_size=8).hexdigest()
    except OSError:
        return ""


def _version(top: str) -> dict[str, str]:
    """Name and version of the packages that have a module; the quick look first."""
    found: list[Any] = [top] if _installed_version(top) else _distributions_by_package().get(top, [])
    return {name: _installed_version(name) for name in dict.fromkeys(found)}


def _installed_version(name: str) -> str:
    try:
        return str(_distribution(name).version)
    except importlib.metadata.PackageNotFoundError:
        return ""
