"""What a program's runs depend on beside its own file: the local modules that it imports, the packages that are installed, the Python.

It is told from names and sources, without importing anything. What is imported under a name that is only made while the program runs isn't
seen, nor are data files.
"""

import ast
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from crossroads.errors import TargetError
from crossroads.snapshots.places import is_library
from crossroads.worlds.sources import conftests_of
from crossroads.worlds.targets import Target, module_file

FILES_MAX: Final = 2_000
"""Local modules that are looked at; a program that imports more is known by these."""

_RECORDS: Final = (".dist-info", ".egg-info")


def surroundings_of(target: Target) -> str:
    """16 hexadecimal digits: others when a local module that the target imports, a package's version or the Python has changed."""
    told = blake2b(digest_size=8)
    for text in (*map(str, sys.version_info[:3]), *_packages()):
        told.update(f"{text}\0".encode("utf-8", "surrogateescape"))
    for _, digest in sorted(_modules_of(target)):
        told.update(digest)
    return told.hexdigest()


def _packages() -> Iterator[str]:
    """Names of the records that installed packages leave; the versions are in them."""
    for folder in sys.path:
        if folder and os.path.isdir(folder):
            yield from sorted(name for name in os.listdir(folder) if name.endswith(_RECORDS))


def _modules_of(target: Target) -> Iterator[tuple[str, bytes]]:
    """Path and digest of every local module that the target imports, directly or not."""
    try:
        path = (Path(target.place) if target.is_path else module_file(target.place)).resolve()
    except (OSError, TargetError):
        return
    folders = (str(path.parent), *([] if target.is_path else [os.getcwd()]), *(folder for folder in sys.path if folder))
    ahead = [path, *(conftests_of(path) if target.is_test else ())]
    known = {str(one) for one in ahead}
    while ahead:
        file = ahead.pop()
        try:
            about = os.stat(file)
            digest, names = _read(str(file), about.st_mtime_ns, about.st_size)
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        if file != path:
            yield str(file), digest
        for name in names:
            for found in _files_of(name, file, folders):
                if len(known) < FILES_MAX and str(found) not in known:
                    known.add(str(found))
                    ahead.append(found)


@lru_cache(maxsize=FILES_MAX)
def _read(path: str, modified_ns: int, size: int) -> tuple[bytes, tuple[str, ...]]:
    """Digest of a file, and the dotted names that it imports, with as many dots before them as they are relative."""
    source = Path(path).read_bytes()
    names: dict[str, None] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names[base] = None
            names.update((f"{base}{'' if base.endswith('.') else '.'}{alias.name}", None) for alias in node.names if alias.name != "*")
    return blake2b(source, digest_size=16).digest(), tuple(names)


def _files_of(name: str, importer: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    """The local files that an import of a name runs: of the module, and of the packages that it is in."""
    dots = len(name) - len(name.lstrip("."))
    parts = [part for part in name[dots:].split(".") if part]
    if dots:
        yield from _below(importer.parents[min(dots, len(importer.parents)) - 1], parts)
    elif parts and (top := _place_of(parts[0], folders)) is not None and not is_library(top):
        yield Path(top)
        if top.endswith("__init__.py"):
            yield from _below(Path(top).parent, parts[1:])


def _below(folder: Path, parts: list[str]) -> Iterator[Path]:
    files = [folder / "__init__.py"]
    for part in parts:
        files += [folder / f"{part}.py", folder / part / "__init__.py"]
        folder = folder / part
    yield from (file for file in files if file.is_file())


def _place_of(top: str, folders: tuple[str, ...]) -> str | None:
    """The source file of a module or package that is at the top."""
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return None
    try:
        spec = PathFinder.find_spec(top, list(folders))
    except (ImportError, ValueError):
        return None
    return spec.origin if spec is not None and spec.origin is not None and spec.origin.endswith(".py") else None
