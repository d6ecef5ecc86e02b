"""`crossroads ui`: a local page over the store."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    click.argument("place", metavar="[STORE]", required=False, type=options.PathType(dir_okay=False)),
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

    with writable(store) as used:
        serve(used, port, not no_open)
    return 0


@contextmanager
def writable(store: Path | None) -> Iterator[Path | None]:
    """The store itself, or a copy of one that can't be written: an artifact on a read-only disk, say. The copy ends with the page."""
    if store is None or (os.access(store, os.W_OK) and os.access(store.absolute().parent, os.W_OK)):
        yield store
        return
    with tempfile.TemporaryDirectory(prefix="crossroads-") as folder:
        copy = Path(folder) / store.name
        try:
            # What SQLite hasn't moved into the file yet stands beside it.
            for suffix in ("", "-wal"):
                source = store.with_name(store.name + suffix)
                if not suffix or source.exists():
                    copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
        except OSError as problem:
            raise SettingError(f"store={store} can't be read: {problem.strerror}") from None
        click.echo(f"{store} can't be written: this page works on a copy, and what is found there ends with it.", err=True)
        yield copy
