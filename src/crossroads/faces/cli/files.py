"""Files that a user asked for: written whole or not at all, and never over something that isn't ours."""

import json
import os
import stat
import sys
import tempfile
from pathlib import Path

from crossroads.errors import SettingError

STDOUT = "-"

BEGINNINGS = {"JSON": (b"{", b"["), "a report": (b"<!doctype html>\n<!-- crossroads report -->",)}
"""How the files begin that crossroads writes, by what they are called."""


def to_json(data: object, indent: int | None = 2) -> str:
    """The data as JSON in ASCII, so that any stream can take it."""
    return json.dumps(data, indent=indent, allow_nan=False)


def check_place(path: str, option: str, what: str = "JSON") -> None:
    """Refuse a place that can't be written, before any work is done for it.

    Args:
        path: a file that may exist, or "-".
        option: its name in the message.
        what: crossroads writes there, "JSON" or "a report"; a file that holds something else isn't overwritten.

    Raises:
        SettingError: its directory doesn't exist, it is a directory, or it holds something that crossroads hasn't written.
    """
    if path == STDOUT:
        return
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise SettingError(f"{option}={path} is a directory; name a file in it")
    if not real.parent.is_dir():
        raise SettingError(f"{option}={path} is in a directory that doesn't exist; make {real.parent} first")
    if real.is_file() and not _begins_as(real, BEGINNINGS[what]):
        raise SettingError(f"{option}={path} holds something else than {what} and won't be overwritten; choose another name")


def write_text(path: str, text: str, option: str) -> None:
    """Write a text to a file, whole or not at all, or to stdout for "-".

    Raises:
        SettingError: it can't be written there.
    """
    if path == STDOUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    real = os.path.realpath(path)
    try:
        if os.path.exists(real) and not stat.S_ISREG(os.stat(real).st_mode):
            Path(real).write_text(text, encoding="utf-8")
        else:
            _replace(Path(real), text)
    except OSError as error:
        raise SettingError(f"{option}={path} can't be written ({error.strerror}); choose another place") from error


def _replace(path: Path, text: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _begins_as(path: Path, beginnings: tuple[bytes, ...]) -> bool:
    """Whether the file is empty or begins as what crossroads writes."""
    try:
        with open(path, "rb") as file:
            beginning = file.read(256).lstrip()
    except OSError:
        return True
    return not beginning or beginning.startswith(beginnings)
