"""Failures as a CI shows them: beside the line of the source, in the form of GitHub's workflow commands.

Source: https://docs.github.com/en/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crossroads.errors import SettingError
from crossroads.faces.terminal.sources import PLACE

FORMATS: Final = ("github",)

MESSAGE_CHARS_MAX: Final = 4_000
"""GitHub cuts what is longer."""


def wanted(given: str | None, environment: Mapping[str, str]) -> bool:
    """Whether annotations are to be printed: because that was asked for, or because this is GitHub Actions.

    Raises:
        SettingError: another format was asked for.
    """
    if given is not None and given not in FORMATS:
        raise SettingError(f"annotations={given[:40]} must be {' or '.join(FORMATS)}")
    return given is not None or environment.get("GITHUB_ACTIONS") == "true"


def failure_annotation(exception: str, message: str, where: str, often: tuple[int, int], target: str, command: str) -> str:
    """One line that shows a failure where it was raised.

    Args:
        exception, message, where: of its outcome.
        often: (futures that failed so, futures).
        target: what was run.
        command: what lives it again.
    """
    said = f"{message}\nfails in {often[0]} of {often[1]} futures of {target}\n{command}"
    return annotation(exception or "failure", said.lstrip("\n"), where)


def annotation(title: str, message: str, where: str = "", root: Path | None = None) -> str:
    """One line that GitHub shows as an error.

    Args:
        title: a few words, shown bold.
        message: may have several lines.
        where: "file:line in function"; "" shows it for no file.
        root: of the repository, which paths are to be relative to; None: $GITHUB_WORKSPACE, or the working directory.
    """
    properties = []
    found = PLACE.fullmatch(where)
    if found is not None:
        properties = [("file", _relative(found["file"], root)), ("line", found["line"])]
    properties.append(("title", title))
    said = ",".join(f"{name}={_property(value)}" for name, value in properties)
    return f"::error {said}::{_data(message[:MESSAGE_CHARS_MAX])}"


def _relative(file: str, root: Path | None) -> str:
    base = root or Path(os.environ.get("GITHUB_WORKSPACE") or os.getcwd())
    path = Path(os.path.abspath(file))
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
