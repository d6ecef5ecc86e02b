"""Where the store of a project is, when nobody says where: a file of its own in the user's cache directory."""

import os
import re
from hashlib import blake2b
from pathlib import Path

from platformdirs import user_cache_dir

from crossroads.errors import StoreError

_PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_NAME_CHARS_MAX = 40  # of a directory's name; with 4 bytes a character and the rest of the file name still below 255 bytes


def default_path(start: Path | None = None) -> Path:
    """The file of the project that a file or directory belongs to.

    Args:
        start: a file or directory in the project; None is the working directory.

    Returns:
        `<project directory's name>-<8 hexadecimal digits of its path>.sqlite` in the user's cache directory; nothing is created.

    Raises:
        StoreError: the working directory is gone.
    """
    project = project_directory(start)
    name = re.sub(r"[^\w.-]", "-", project.name)[:_NAME_CHARS_MAX] or "root"
    digits = blake2b(os.fsencode(project), digest_size=4).hexdigest()
    return Path(user_cache_dir("crossroads", appauthor=False)) / f"{name}-{digits}.sqlite"


def project_directory(start: Path | None = None) -> Path:
    """The nearest directory, upwards from `start`, with pyproject.toml, setup.py, setup.cfg or .git; else that of `start` itself."""
    try:
        here = (Path.cwd() if start is None else start).resolve()
    except OSError as error:
        raise StoreError(f"the project's directory can't be found ({error.strerror}); change to one that exists") from error
    if here.is_file():
        here = here.parent
    for directory in (here, *here.parents):
        if any((directory / mark).exists() for mark in _PROJECT_MARKS):
            return directory
    return here
