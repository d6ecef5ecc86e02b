"""What a program does to the world outside of itself, as the interpreter announces it (`sys.audit`).

One table row for each event, one small function for what it tells. An event comes before the deed, which may still fail; files are
looked at again before they are named. Source of the events: the Python library reference, "Audit events table".
"""

import os
import shlex
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from crossroads.rings.company import own_process
from crossroads.rings.copying import database_state
from crossroads.rings.manifests import State, state_of
from crossroads.rings.sockets import address_text

__all__ = ["READERS", "Effect", "is_device", "server_name", "state_now"]

_COMMAND_CHARS_MAX: Final = 80
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NO_EFFECT: Final = ("/proc/", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts/", "/dev/ptmx")
_CACHE: Final = "__pycache__"
_SERVERS: Final = {
    1433: "SQL Server",
    1521: "Oracle",
    2379: "etcd",
    3306: "MySQL",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    6379: "Redis",
    8123: "ClickHouse",
    9042: "Cassandra",
    9092: "Kafka",
    9200: "Elasticsearch",
    11211: "memcached",
    27017: "MongoDB",
}
_SERVER_SOCKETS: Final = {".s.PGSQL.": "PostgreSQL", "mysql": "MySQL", "redis": "Redis", "mongodb": "MongoDB", "memcached": "memcached"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One deed.

    Attributes:
        what: "file", "database", "connection", "datagram", "sent", "process", "fork" or "signal".
        subject: a path, an address, a command.
        before: of a file, its state before; (-1,) if it wasn't there.
        count: of bytes sent; 0 otherwise.
    """

    what: str
    subject: str
    before: State = ()
    count: int = 0


def server_name(address: str) -> str:
    """What kind of server usually has an address; "" if none does."""
    _, _, port = address.rpartition(":")
    if port.isdigit() and not address.startswith("/"):
        return _SERVERS.get(int(port), "")
    return next((name for part, name in _SERVER_SOCKETS.items() if part in address), "")


def _file(path: Any, folder: Any = -1, *, follow: bool = False) -> Iterator[Effect]:
    name = _path(path, folder, follow=follow)
    if name is None or name.startswith(_NO_EFFECT) or _CACHE in name.split(os.sep):
        return
    yield Effect("file", name, state_now(name))


def state_now(path: str) -> State:
    """As `state_of`, of what is at a path."""
    try:
        return state_of(os.lstat(path))
    except OSError:
        return state_of(None)


def _path(path: Any, folder: Any, *, follow: bool) -> str | None:
    """Absolute, without symlinks; None for what isn't a path."""
    try:
        if isinstance(path, int):
            return os.readlink(f"/proc/self/fd/{path}") if path >= 0 else None
        name = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0:
            name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
        if follow:
            return os.path.realpath(name)
        parent, last = os.path.split(os.path.abspath(name))
        return os.path.join(os.path.realpath(parent), last)
    except (OSError, TypeError, ValueError):
        return None


def _opened(path: Any, mode: Any, flags: Any) -> Iterator[Effect]:
    if not isinstance(path, int) and isinstance(flags, int) and flags & _WRITING:
        is_unnamed = hasattr(os, "O_TMPFILE") and flags & os.O_TMPFILE == os.O_TMPFILE
        if not is_unnamed:
            yield from _file(path, follow=True)


def _removed(path: Any, folder: Any = -1) -> Iterator[Effect]:
    return _file(path, folder)


def _made(path: Any, mode: Any = 0, folder: Any = -1) -> Iterator[Effect]:
    return _file(path, folder)


def _moved(source: Any, target: Any, source_folder: Any = -1, target_folder: Any = -1) -> Iterator[Effect]:
    yield from _file(source, source_folder)
    yield from _file(target, target_folder)


def _linked(source: Any, target: Any, *folders: Any) -> Iterator[Effect]:
    return _file(target, folders[-1] if folders else -1)


def _changed(path: Any, *rest: Any) -> Iterator[Effect]:
    return _file(path, follow=True)


def _database(path: Any) -> Iterator[Effect]:
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    name = name.removeprefix("file:").partition("?")[0] if name.startswith("file:") else name
    if name and name != ":memory:":
        for effect in _file(name, follow=True):
            yield Effect("database", effect.subject, database_state(effect.subject))


def _connected(_: Any, address: Any) -> Iterator[Effect]:
    yield Effect("connection", address_text(address))


def _datagram(_: Any, address: Any) -> Iterator[Effect]:
    if address is not None:
        yield Effect("datagram", address_text(address))


def _sent_http(connection: Any, data: Any) -> Iterator[Effect]:
    yield Effect("sent", f"{connection.host}:{connection.port}", count=_size(data))


def _sent_mail(connection: Any, data: Any) -> Iterator[Effect]:
    yield Effect("sent", f"{getattr(connection, '_host', 'a mail server')}", count=_size(data))


def _size(data: Any) -> int:
    """Of what is sent; 0 for a stream, whose length nobody knows."""
    return len(data) if isinstance(data, bytes | bytearray | str) else 0


def _popen(executable: Any, arguments: Any, *_: Any) -> Iterator[Effect]:
    yield Effect("process", _command(arguments if arguments else executable))


def _executed(path: Any, arguments: Any, *_: Any) -> Iterator[Effect]:
    yield Effect("process", _command(arguments or path))


def _spawned(mode: Any, path: Any, arguments: Any, *_: Any) -> Iterator[Effect]:
    yield Effect("process", _command(arguments or path))


def _system(command: Any) -> Iterator[Effect]:
    yield Effect("process", _command(command))


def _command(arguments: Any) -> str:
    is_one = isinstance(arguments, str | bytes | os.PathLike)
    text = os.fsdecode(arguments) if is_one else shlex.join(os.fsdecode(one) for one in arguments)
    return text if len(text) <= _COMMAND_CHARS_MAX else text[: _COMMAND_CHARS_MAX - 1] + "…"


def _forked() -> Iterator[Effect]:
    yield Effect("fork", "a copy of the program")


def _killed(process: int, number: int) -> Iterator[Effect]:
    if number and process != own_process():
        yield Effect("signal", f"signal {int(number)} to process {process}")


READERS: Final[dict[str, Callable[..., Iterator[Effect]]]] = {
    "open": _opened,
    "os.remove": _removed,
    "os.rmdir": _removed,
    "os.mkdir": _made,
    "os.rename": _moved,
    "os.link": _linked,
    "os.symlink": _linked,
    "os.truncate": _changed,
    "os.chmod": _changed,
    "os.chown": _changed,
    "os.utime": _changed,
    "os.setxattr": _changed,
    "os.removexattr": _changed,
    "sqlite3.connect": _database,
    "socket.connect": _connected,
    "socket.sendto": _datagram,
    "socket.sendmsg": _datagram,
    "http.client.send": _sent_http,
    "smtplib.send": _sent_mail,
    "subprocess.Popen": _popen,
    "os.posix_spawn": _executed,
    "os.spawn": _spawned,
    "os.exec": _executed,
    "os.system": _system,
    "os.fork": _forked,
    "os.forkpty": _forked,
    "os.kill": _killed,
    "os.killpg": _killed,
}
"""By event: what its arguments tell."""


def is_device(path: str) -> bool:
    """Whether it is something else than a file, whose state tells nothing."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode)
