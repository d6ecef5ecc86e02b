"""`crossroads ui`: a local page over the store."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from crossroads.errors import SettingError
from crossroads.faces.cli import options
from crossroads.faces.cli.session import Session

PACKAGES: Final = ("starlette", "uvicorn")


@options.verb(
    "ui",
    "Look at what is kept, and explore, in a local page.",
    click.argument("place", metavar="[STORE]", required=False, type=click.Path(path_type=Path, dir_okay=False)),
    click.option("--port", type=options.Whole(0, 65535), default=0, help="A port of this machine; a free one by default."),
    click.option("--no-open", is_flag=True, help="Don't open a browser."),
    options.store_option,
)
def ui_verb(session: Session, place: Path | None, port: int, no_open: bool, store: Path | None) -> int:
    """Serve a page over the failures of this project, or of the file STORE, until Ctrl-C.

    It needs the packages of crossroads[ui]. Only this machine can reach the page, and only with the address that is printed.
    """
    if place is not None and store is not None:
        raise SettingError(f"store={store} is another one than {place}; name the store once")
    store = place or store
    if store is not None and not store.exists():
        raise SettingError(f'store={store} isn\'t there; "crossroads run TARGET --store {store}" makes it')
    if any(find_spec(name) is None for name in PACKAGES):
        raise SettingError(f'"crossroads ui" needs {" and ".join(PACKAGES)}; install them with pip install "crossroads[ui]"')
    from crossroads.faces.ui.server import serve

    serve(store, port, not no_open)
    return 0
