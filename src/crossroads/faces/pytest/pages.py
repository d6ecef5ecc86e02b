"""The page of a failing test, where one was asked for."""

import re
from pathlib import Path

from crossroads.analysis.evidence import gather
from crossroads.analysis.results import Failure
from crossroads.errors import SettingError
from crossroads.faces.cli.files import write_text
from crossroads.faces.page.build import page_of
from crossroads.faces.page.render import render
from crossroads.faces.pytest.living import Place
from crossroads.faces.terminal.lines import View

NAME_CHARS_MAX = 80


def write_page_of(failure: Failure, name: str, folder: Path, place: Place, view: View) -> Path:
    """Write the page of a failure into a folder, made where it isn't there; where it is.

    Raises:
        SettingError: it can't be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"crossroads_html={folder} can't be made ({error.strerror}); choose another place") from None
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-")[:NAME_CHARS_MAX] or "test"
    path = folder / f"{safe}-{failure.id}.html"
    notes = (f"the commands need {view.before} in front of them",) if view.before else ()
    page = page_of(failure, gather(failure, jobs=place.jobs), options=view.options, notes=notes)
    write_text(str(path), render(page), "crossroads_html")
    return path
