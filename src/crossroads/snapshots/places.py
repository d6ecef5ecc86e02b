"""Places in the program: which files are its own, and how a line of them is named."""

import os
import sys
from types import CodeType, FrameType
from typing import Final

program_folders: list[str] = []
"""Directories, with a slash at the end, that the program's own files lie in; set when the program is loaded."""

_INSTALLED: Final = ("/site-packages/", "/dist-packages/")
_PLUMBING: Final = ("anyio/", "async_timeout/")
_STDLIB: Final = os.path.dirname(os.__file__) + "/"
_OUR_FOLDER: Final = __file__.rpartition("/snapshots/")[0] + "/"


def program_frame() -> FrameType | None:
    """The innermost frame in the program's own files, None where there is none on the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def is_own(filename: str) -> bool:
    """Whether the file belongs to the program rather than to the library, Python's or an installed one, or to us."""
    if is_ours(filename) or is_installed(filename):
        return False
    return filename.startswith(tuple(program_folders))


def is_library(filename: str) -> bool:
    """Whether a file belongs to Python, to an installed package or to crossroads, and not to the program."""
    return is_ours(filename) or filename.startswith((_STDLIB, "<frozen")) or is_installed(filename)


def is_plumbing(filename: str) -> bool:
    """Whether a file belongs to what other libraries wait by: Python's own, or one that stands in for asyncio."""
    return is_ours(filename) or package_path(filename, "").startswith(_PLUMBING) or (is_library(filename) and not is_installed(filename))


def is_installed(filename: str) -> bool:
    """Whether a file belongs to a package that pip or the system has installed."""
    site, distribution = _INSTALLED
    return site in filename or distribution in filename


def is_ours(filename: str) -> bool:
    """Whether the file belongs to crossroads, or is the part of Python that starts modules."""
    return filename.startswith((_OUR_FOLDER, "<frozen runpy"))


def describe_place(code: CodeType, line: int | None) -> str:
    """ "file:line in function" with the file as short as it can be named from the working directory."""
    return f"{short_path(code.co_filename)}:{line or 0} in {code.co_name}"


def library_place(frame: FrameType) -> str:
    """ "file:line in function" of a frame of a library's, its file told by the package alone: the same wherever that is installed."""
    code = frame.f_code
    return f"{package_path(code.co_filename, frame.f_globals.get('__name__', ''))}:{frame.f_lineno or 0} in {code.co_name}"


def package_path(path: str, module: str) -> str:
    """The path of a library's file from its package on.

    Args:
        path: of the file.
        module: its dotted name, which tells how deep the file is in its package where it isn't installed where others are.
    """
    for part in _INSTALLED:
        if part in path:
            return path.rpartition(part)[2]
    if path.startswith(_STDLIB):
        return path[len(_STDLIB) :]
    parts = path.split("/")
    return "/".join(parts[-(module.count(".") + 1 + (parts[-1] == "__init__.py")) :])


def short_path(path: str) -> str:
    """The path relative to the directory of the program, where it lies below it."""
    for folder in program_folders:
        if path.startswith(folder):
            return path[len(folder) :]
    return path
