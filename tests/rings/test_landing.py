"""The world around a program after a return: put right where it can be, named where it can't."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from landing_tools import in_child

from crossroads.rings import surroundings
from crossroads.rings.company import own_process
from crossroads.rings.descriptors import descriptors
from crossroads.rings.findings import Finding
from crossroads.rings.landing import Landing
from crossroads.rings.protection import Protection
from crossroads.rings.surroundings import elapsed_words

MARK = 1

_inherited: list[str] = []


@pytest.fixture(autouse=True)
def _know_what_was_inherited() -> None:
    """Whoever runs the tests may have left descriptors open, which are none of theirs."""
    landing = Landing()
    landing.marked(MARK)
    _inherited[:] = [finding.subject for finding in landing.returned(MARK)] + [one.target for one in descriptors()]


def landed(landing: Landing) -> list[Finding]:
    return [finding for finding in landing.returned(MARK) if finding.subject not in _inherited]


def findings_after(live: Callable[[], object], landing: Landing | None = None, kind: str = "") -> list[Finding]:
    """What a life's return finds; the life is a fork of this process, which then lands in its place."""
    landing = landing or Landing()
    landing.marked(MARK)

    def life() -> None:
        live()
        landing.returning(MARK, False)

    assert in_child(life) == 0
    return [finding for finding in landed(landing) if finding.kind == kind or not kind]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "open"
    path.write_text("0123456789")
    return path


@pytest.fixture
def here() -> Iterator[None]:
    """Directory, umask and environment as they were before the test."""
    directory, environment, umask = os.getcwd(), dict(os.environ), os.umask(0o022)
    yield
    os.chdir(directory)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)


def test_a_life_without_traces_finds_nothing(path: Path) -> None:
    with path.open() as file, socket.socketpair()[0]:
        file.read(3)
        assert findings_after(lambda: None, kind="") == []


def test_positions_of_files_come_back(path: Path) -> None:
    with path.open(buffering=1) as file:
        file.seek(4)
        (finding,) = findings_after(lambda: file.seek(9))
        assert finding == Finding("file", str(path), f"the position in {path} (descriptor {file.fileno()}) was 9, and is 4 again", True)
        assert file.read() == "456789"


def test_flags_of_files_come_back(path: Path) -> None:
    with path.open("a") as file:
        (finding,) = findings_after(lambda: fcntl.fcntl(file, fcntl.F_SETFL, 0))
        assert finding.mended
        assert fcntl.fcntl(file, fcntl.F_GETFL) & os.O_APPEND


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (lambda path: path.unlink(), "was deleted since the mark"),
        (lambda path: path.write_text("more than it was"), "had 10 bytes at the mark, now 16"),
        (lambda path: os.utime(path, (1, 1)), "was written to since the mark"),
        (lambda path: path.with_name("new").write_text("") or path.with_name("new").replace(path), "was deleted since the mark"),
        (lambda path: path.rename(path.with_name("old")) and path.write_text(""), "was replaced by another file since the mark"),
    ],
)
def test_files_that_changed_are_named(path: Path, live: Callable[[Path], object], words: str) -> None:
    with path.open() as file:
        (finding,) = findings_after(lambda: live(path))
        assert (finding.subject, finding.mended) == (str(path), False)
        assert finding.text == f"{path} (descriptor {file.fileno()}) {words}"


def test_a_protected_file_that_was_replaced_is_open_again(path: Path) -> None:
    protection = Protection()
    protection.add([str(path)])
    with path.open("r+") as file:
        file.seek(2)

        def live() -> None:
            path.with_name("new").write_text("replaced")
            path.with_name("new").replace(path)

        protection.marked(MARK)
        landing = Landing(protection)
        landing.marked(MARK)
        assert in_child(live) == 0
        protection.returned(MARK)
        (finding,) = landed(landing)
        assert finding.mended
        assert os.path.sameopenfile(file.fileno(), os.open(path, os.O_RDONLY))
        assert file.read() == "23456789"
        file.seek(0)
        file.write("written")
    assert path.read_text() == "written789"


@pytest.mark.parametrize("before", [fcntl.LOCK_SH, fcntl.LOCK_EX, None])
@pytest.mark.parametrize("after", [fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_EX])
def test_flocks_come_back(path: Path, before: int | None, after: int) -> None:
    with path.open() as file, path.open() as other:
        if before is not None:
            fcntl.flock(file, before)
        changed = {finding.mended for finding in findings_after(lambda: fcntl.flock(file, after), kind="lock")}
        assert changed == (set() if (before or fcntl.LOCK_UN) == after else {True})
        for wanted in (fcntl.LOCK_SH, fcntl.LOCK_EX):
            is_free = before is None or (before, wanted) == (fcntl.LOCK_SH, fcntl.LOCK_SH)
            try:
                fcntl.flock(other, wanted | fcntl.LOCK_NB)
            except BlockingIOError:
                assert not is_free
            else:
                assert is_free


def test_a_flock_that_somebody_else_took_is_named(path: Path) -> None:
    with path.open() as file, path.open() as other:
        fcntl.flock(file, fcntl.LOCK_EX)

        def lose_it() -> None:
            fcntl.flock(file, fcntl.LOCK_UN)
            fcntl.flock(other, fcntl.LOCK_EX)

        findings = {finding.mended: finding.text for finding in findings_after(lose_it, kind="lock")}
        assert "was lost since the mark (somebody else has it)" in findings[False]


def test_locks_that_belong_to_a_process_are_named(path: Path) -> None:
    with path.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        (finding,) = findings_after(lambda: None)
        assert (finding.kind, finding.mended) == ("lock", False)


def test_a_connection_is_named_with_what_it_was_sent() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        # The other end is in another process.
        ready, done = os.pipe()
        child = os.fork()
        if not child:
            taken = server.accept()[0]
            os.read(ready, 1)
            taken.close()
            os._exit(0)
        with closing(socket.create_connection(("127.0.0.1", port))) as connection:
            found = {finding.subject: finding for finding in findings_after(lambda: connection.sendall(b"12345"), kind="socket")}
        os.write(done, b".")
        os.waitpid(child, 0)
        os.close(ready)
        os.close(done)
    connection_finding = found[f"127.0.0.1:{port}"]
    assert not connection_finding.mended
    assert len(found) == 1  # the listening one has the same name


def test_a_listening_socket_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        (finding,) = findings_after(lambda: None, kind="socket")
        assert finding.subject == f"127.0.0.1:{server.getsockname()[1]}"
        assert "taken since the mark are lost" in finding.text


def test_a_connection_within_the_process_is_its_own_business() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        client = socket.create_connection(server.getsockname())
        taken = server.accept()[0]
    with client, taken:
        assert findings_after(lambda: None) == []
        (finding,) = findings_after(lambda: taken.sendall(b"123"), kind="socket")
        assert "0 bytes waited" in finding.text
        assert finding.text.endswith("now 3")


def test_socket_pairs_and_pipes_within_the_process_are_its_own_business() -> None:
    one, other = socket.socketpair()
    reading, writing = os.pipe()
    with one, other:
        assert findings_after(lambda: None) == []
        kinds = {finding.kind for finding in findings_after(lambda: (one.send(b"1"), os.write(writing, b"12")))}
        assert kinds == {"socket", "pipe"}
    os.close(reading)
    os.close(writing)


def test_a_pipe_to_the_outside_is_named() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    subject = os.readlink(f"/proc/self/fd/{writing}")
    (finding,) = [one for one in findings_after(lambda: None) if one.subject == subject]
    assert (finding.kind, finding.mended) == ("pipe", False)
    os.close(writing)


def test_a_unix_socket_of_another_process_is_named(tmp_path: Path) -> None:
    address = str(tmp_path / "socket")

    def connect() -> None:
        server.close()
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(address)
            mine = Landing()
            mine.marked(MARK)
            assert [one.kind for one in landed(mine) if one.subject == address] == ["socket"]

    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(address)
        server.listen()
        assert in_child(connect) == 0


def test_child_processes_from_before_the_mark_are_named() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as before:
        (finding,) = findings_after(lambda: None, kind="process")
    assert finding.text.startswith(f"process {before.pid} (")
    assert finding.text.endswith("this life can't wait for its end")


def test_a_process_that_outlives_its_life_is_named() -> None:
    landing = Landing()
    landing.marked(MARK)
    reading, writing = os.pipe()
    held_reading, held_writing = os.pipe()

    def life() -> None:
        child = os.fork()
        if not child:
            os.close(held_writing)
            os.read(held_reading, 1)
            os._exit(0)
        os.write(writing, str(child).encode())
        landing.returning(MARK, False)

    assert in_child(life) == 0
    pid = int(os.read(reading, 20))
    found = [finding for finding in landed(landing) if finding.kind == "process"]
    for descriptor in (held_writing, held_reading, reading, writing):
        os.close(descriptor)
    (finding,) = found
    assert finding.text.startswith(f"process {pid} (")
    assert finding.text.endswith("started since the mark, still runs")


def test_threads_are_named() -> None:
    end = threading.Event()
    worker = threading.Thread(target=end.wait, name="worker")
    worker.start()
    landing = Landing()
    landing.marked(MARK)

    def live() -> None:
        threading.Thread(target=threading.Event().wait, name="later", daemon=True).start()
        landing.returning(MARK, False)

    assert in_child(live) == 0
    findings = {finding.subject: finding for finding in landed(landing) if finding.kind == "thread"}
    end.set()
    worker.join()
    assert not findings["worker"].mended
    assert findings["later"].mended


def test_surroundings_come_back(tmp_path: Path, here: None) -> None:
    landing = Landing()
    os.environ["RING_TEST"] = "before"
    directory = os.getcwd()
    landing.marked(MARK)
    os.chdir(tmp_path)
    os.umask(0o077)
    os.environ["RING_TEST"] = "after"
    os.environ["RING_TEST_NEW"] = "new"
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    findings = landed(landing)
    assert [finding.kind for finding in findings] == ["environment", "umask", "directory", "signals"]
    assert all(finding.mended for finding in findings)
    assert os.getcwd() == directory
    assert os.umask(0o022) == 0o022
    assert os.environ["RING_TEST"] == "before"
    assert subprocess.check_output("echo $RING_TEST$RING_TEST_NEW", shell=True) == b"before\n"
    assert signal.SIGUSR1 not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_working_directory_that_is_gone_is_named(tmp_path: Path, here: None) -> None:
    landing = Landing()
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    landing.marked(MARK)
    os.chdir(tmp_path)
    (tmp_path / "gone").rmdir()
    (finding,) = landed(landing)
    assert (finding.kind, finding.mended) == ("directory", False)


def test_timers_run_on_in_each_life() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000, 5)
    landing = Landing()
    landing.marked(MARK)
    signal.setitimer(signal.ITIMER_REAL, 0)

    def next_life() -> None:
        (finding,) = landed(landing)
        assert (finding.kind, finding.mended) == ("timer", True)
        left, between = signal.getitimer(signal.ITIMER_REAL)
        assert left > 990
        assert between == 5
        assert landed(landing) == []

    assert in_child(next_life) == 0


@pytest.mark.parametrize(
    ("passed_s", "words"),
    [
        (30, ""),
        (70, "one minute has passed"),
        (1_900_000, "three weeks have passed"),
        (86_400 * 400, "one year has passed"),
        (-7200, "set back by two hours"),
    ],
)
def test_the_clock(passed_s: float, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    landing = Landing()
    landing.marked(MARK)
    now = time.time()
    monkeypatch.setattr(surroundings.time, "time", lambda: now + passed_s)
    findings = [finding for finding in landed(landing) if finding.kind == "clock"]
    assert bool(findings) == bool(words)
    assert all(words in finding.text for finding in findings)


def test_lengths_of_time_in_words() -> None:
    assert [elapsed_words(seconds)[0] for seconds in (60, 3599, 7200, 100_000, 3e8)] == [
        "one minute", "60 minutes", "two hours", "one day", "ten years"
    ]  # fmt: skip


def test_descriptors_are_told_apart(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with socket.socket() as one, (tmp_path / "file").open("w") as file:
        kinds = {found.number: found.kind for found in descriptors()}
        assert [kinds[number] for number in (reading, one.fileno(), file.fileno())] == ["pipe", "socket", "file"]
    os.close(reading)
    os.close(writing)
    assert own_process() == os.getpid()
