"""What discarded lives have left in the world is named at each return and at the end."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from landing_tools import in_child

from crossroads.rings import leaks as leaks_module
from crossroads.rings.effects import server_name
from crossroads.rings.leaks import Leaks
from crossroads.rings.protection import Protection

MARK = 1


@pytest.fixture
def leaks() -> Iterator[Leaks]:
    made = Leaks()
    yield made
    made.ended()


def texts_after(leaks: Leaks, live: Callable[[], object], mark: int = MARK) -> list[str]:
    """What a life leaves in the world; the life is a fork of this process."""
    leaks.marked(mark)

    def life() -> None:
        live()
        leaks.returning(mark, False)

    assert in_child(life) == 0
    # The fork is the test's own; a ring's lives are forked without a word.
    return [finding.text for finding in leaks.returned(mark) if finding.text != "the program forked"]


def test_a_life_without_effects(leaks: Leaks, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")

    def live() -> None:
        kept.read_text()
        os.listdir(tmp_path)
        with kept.open("r+"):
            pass
        with open(os.devnull, "w") as nothing:
            nothing.write("x")
        (tmp_path / "made").write_text("")
        (tmp_path / "made").unlink()
        (tmp_path / "__pycache__").mkdir()
        (tmp_path / "__pycache__" / "x.pyc").write_text("")
        with sqlite3.connect(":memory:") as connection:
            connection.execute("SELECT 1")

    assert texts_after(leaks, live) == []


@pytest.mark.parametrize(
    ("live", "texts"),
    [
        (lambda here: (here / "new").write_text("x"), ["/new was made"]),
        (lambda here: (here / "kept").write_text("x"), ["/kept was changed"]),
        (lambda here: (here / "kept").open("a").write("x"), ["/kept was changed"]),
        (lambda here: (here / "kept").unlink(), ["/kept was removed"]),
        (lambda here: (here / "kept").rename(here / "moved"), ["/kept was removed", "/moved was made"]),
        (lambda here: (here / "new" / "deep").mkdir(parents=True), ["/new/deep was made", "/new was made"]),
        (lambda here: (here / "empty").rmdir(), ["/empty was removed"]),
        (lambda here: (here / "new").symlink_to("kept"), ["/new was made"]),
        (lambda here: os.link(here / "kept", here / "new"), ["/new was made"]),
        (lambda here: (here / "kept").chmod(0o600), ["/kept was changed"]),
        (lambda here: os.truncate(here / "kept", 1), ["/kept was changed"]),
        (lambda here: os.utime(here / "kept"), ["/kept was changed"]),
        (lambda here: (here / "points").write_text("x"), ["/kept was changed"]),
        (lambda here: os.remove("kept", dir_fd=os.open(here, os.O_RDONLY)), ["/kept was removed"]),
    ],
)
def test_files(leaks: Leaks, tmp_path: Path, live: Callable[[Path], object], texts: list[str]) -> None:
    (tmp_path / "kept").write_text("kept")
    os.utime(tmp_path / "kept", (1, 1))
    (tmp_path / "empty").mkdir()
    (tmp_path / "points").symlink_to("kept")
    found = texts_after(leaks, lambda: live(tmp_path))
    assert found == [f"{tmp_path}{text}, and isn't protected" for text in texts]


def test_what_is_protected_does_not_leak(tmp_path: Path) -> None:
    protection = Protection()
    protection.add([str(tmp_path / "data")])
    leaks = Leaks(protection)
    (tmp_path / "data").mkdir()
    protection.marked(MARK)

    def live() -> None:
        (tmp_path / "data" / "in").write_text("x")
        (tmp_path / "beside").write_text("x")

    assert texts_after(leaks, live) == [f"{tmp_path}/beside was made, and isn't protected"]
    leaks.ended()


def test_what_crossroads_does_is_no_leak(leaks: Leaks, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("x")
    leaks.marked(MARK)
    protection = Protection()
    protection.add([str(tmp_path / "data")])
    protection.marked(MARK)
    protection.returned(MARK)
    protection.ended()
    assert list(leaks.returned(MARK)) == []


def test_databases(leaks: Leaks, tmp_path: Path) -> None:
    for name in ("read", "written"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute("CREATE TABLE t (x)")

    def live() -> None:
        with closing(sqlite3.connect(tmp_path / "read")) as connection:
            connection.execute("SELECT * FROM t")
        with closing(sqlite3.connect(f"file:{tmp_path}/written?mode=rw", uri=True)) as connection, connection:
            connection.execute("INSERT INTO t VALUES (1)")

    assert texts_after(leaks, live) == [f"the database {tmp_path}/written was changed, and isn't protected"]


def test_connections_and_what_was_sent(leaks: Leaks) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        kept = []

        def live() -> None:
            connection = socket.create_connection(server.getsockname())
            connection.sendall(b"12345")
            kept.append(connection)

        assert texts_after(leaks, live) == [f"a connection to {address} was asked for", f"5 bytes were sent to {address}"]


def test_http(leaks: Leaks) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_port
        thread = Thread(target=server.handle_request)
        thread.start()
        leaks.marked(MARK)
        urlopen(f"http://127.0.0.1:{port}/", timeout=10).close()
        thread.join()
        found = {finding.subject: finding.text for finding in leaks.returned(MARK)}
    assert "bytes were sent to" in found[f"127.0.0.1:{port}"]


def test_datagrams(leaks: Leaks) -> None:
    def live() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", ("127.0.0.1", 9))

    assert texts_after(leaks, live) == ["datagrams were sent to 127.0.0.1:9"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.0.1:5432", "PostgreSQL"),
        ("[::1]:3306", "MySQL"),
        ("cache:6379", "Redis"),
        ("/run/postgresql/.s.PGSQL.5432", "PostgreSQL"),
        ("10.0.0.1:80", ""),
        ("/tmp/x:5432", ""),
    ],
)
def test_servers_are_known_by_their_addresses(address: str, name: str) -> None:
    assert server_name(address) == name


def test_processes(leaks: Leaks) -> None:
    def live() -> None:
        subprocess.run([sys.executable, "-c", ""], check=True)
        subprocess.run([sys.executable, "-c", ""], check=True, close_fds=False)
        os.system("true")
        os.kill(os.getppid(), 0)
        os.kill(os.getpid(), signal.SIGCONT)
        with subprocess.Popen(["sleep", "1000"]) as sleeper:
            os.kill(sleeper.pid, signal.SIGKILL)
            killed.append(sleeper.pid)

    killed: list[int] = []
    texts = texts_after(leaks, live)
    assert texts[:3] == [
        f"a process was started: {sys.executable} -c ''",
        "a process was started: true",
        "a process was started: sleep 1000",
    ]
    assert texts[3].startswith("signal 9 to process ")
    assert len(texts) == 4


def test_each_return_names_what_is_new_and_the_end_names_all(tmp_path: Path) -> None:
    leaks = Leaks()

    def texts(findings: object) -> list[str]:
        return [Path(finding.subject).name for finding in findings]  # type: ignore[attr-defined]

    leaks.marked(1)
    (tmp_path / "a").write_text("")
    leaks.marked(2)
    (tmp_path / "b").write_text("")
    assert texts(leaks.returned(2)) == ["b"]
    (tmp_path / "c").write_text("")
    assert texts(leaks.since(2)) == ["b", "c"]
    assert texts(leaks.returned(1)) == ["a", "c"]
    assert texts(leaks.since(1)) == ["a", "b", "c"]
    assert texts(leaks.returned(1)) == []
    (tmp_path / "d").write_text("")
    assert texts(leaks.ended()) == ["b", "a", "c"]
    (tmp_path / "e").write_text("")


def test_there_is_an_end_to_it(leaks: Leaks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks_module, "_FINDINGS_MAX", 3)
    leaks.marked(MARK)
    for number in range(5):
        (tmp_path / str(number)).write_text("")
    findings = leaks.returned(MARK)
    assert len(findings) == 4
    assert findings[-1].text == "2 more effects can't be taken back either"


def test_errors_in_the_hook_are_not_the_programs(leaks: Leaks, tmp_path: Path) -> None:
    leaks.marked(MARK)
    sys.audit("os.remove", object())
    sys.audit("open", "\0", "w", os.O_WRONLY)
    sys.audit("socket.connect")
    assert list(leaks.returned(MARK)) == []
