"""From a store to a server that answers: a port on this machine alone, the token, the browser, and an orderly end."""

import errno
import socket
import sys
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from crossroads.errors import SettingError
from crossroads.faces.ui.security import Guard
from crossroads.faces.ui.views import Views

HOST: Final = "127.0.0.1"
SHUTDOWN_S: Final = 2
"""Time for answers that are under way when the server ends."""


class Server(uvicorn.Server):
    """A server that tells its views of Ctrl-C, so that streams end."""

    views: Views

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end; a second Ctrl-C doesn't wait for answers."""
        self.views.end()
        super().handle_exit(sig, frame)


def serve(store: Path | None, port: int, open_browser: bool) -> None:
    """Serve the local page until Ctrl-C.

    Args:
        store: None for the project's own.
        port: on 127.0.0.1; 0 takes a free one.
        open_browser: whether to open the page there.

    Raises:
        SettingError: the port is taken.
    """
    with listening(port) as listener:
        views = Views(store)
        guard = Guard(views.app, listener.getsockname()[1])
        print(f"The local page is at {guard.address}\nOnly this machine can open it. Ctrl-C ends it.", flush=True)
        if open_browser and not webbrowser.open(guard.address):
            print("crossroads: no browser could be opened; open the address by hand", file=sys.stderr)
        config = uvicorn.Config(
            guard,
            lifespan="on",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        server = Server(config)
        server.views = views
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            # The server has ended in order and passed the Ctrl-C on.
            pass


def listening(port: int) -> socket.socket:
    """A socket on a port of this machine that nobody else can reach.

    Raises:
        SettingError: the port can't be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
        raise SettingError(f"port={port} {why}; leave it out for a free one") from error
    return listener
