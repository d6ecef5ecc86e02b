"""Landing, protection and leaks in a whole program, started as a user would."""

import os
import signal
from pathlib import Path

import pytest
from ring_tools import run

MIGRATION = """
    import os, sqlite3, sys
    import crossroads

    crossroads.protect("data", "app.db")
    how = sys.argv[1]
    db = sqlite3.connect("app.db")
    db.execute("PRAGMA journal_mode=" + sys.argv[2])
    with crossroads.ring():
        os.makedirs("data", exist_ok=True)
        with db:
            db.execute("CREATE TABLE people (name)")
            db.execute("INSERT INTO people VALUES ('one')")
        log = open("log", "a+")
        here = crossroads.mark("before", guard=crossroads.Guard(on=("crash", "exception")))
        with db:
            db.execute("UPDATE people SET name = name || ?", (here.returns,))
        print(here.returns, *db.execute("SELECT * FROM people").fetchall(), sorted(os.listdir("data")), file=sys.stderr)
        if here.returns < 3:
            open("data/half", "w").write("half done")
            log.write("lost")
            log.flush()
            if how == "go_back":
                crossroads.go_back(here, remember=1)
            elif how == "die":
                os.abort()
            raise ValueError
        for finding in here.landing:
            print(finding.mended, finding.kind, os.path.basename(finding.subject))
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("how", ["go_back", "die", "raise"])
def test_files_and_databases_come_back(tmp_path: Path, how: str, mode: str) -> None:
    done = run(tmp_path, MIGRATION, how, mode)
    # What is printed in discarded lives isn't shown.
    assert done.stderr.splitlines()[-1] == "3 ('one3',) []", done.stderr
    assert done.returncode == 0
    assert "True file log" in done.stdout
    assert "False file log" in done.stdout
    assert sorted(name for name in os.listdir(tmp_path) if not name.startswith("app.db")) == ["data", "log", "prog.py", "temporary"]


LEFT_BEHIND = """
    import os, signal, sys
    import crossroads

    with crossroads.ring():
        crossroads.protect("data")
        here = crossroads.mark("here")
        open("data/file", "w").write("lived")
        if sys.argv[1] == "life":
            os.kill(int(os.readlink("/proc/self")), signal.SIGKILL)
        elif sys.argv[1] == "exit":
            os._exit(3)
"""


def vaults(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".crossroads-")]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [("life", -9), ("exit", 3), ("end", 0)])
def test_no_copies_stay_however_the_last_life_ends(tmp_path: Path, how: str, code: int) -> None:
    (tmp_path / "data").mkdir()
    assert run(tmp_path, LEFT_BEHIND, how).returncode == code
    assert vaults(tmp_path) == []
    assert (tmp_path / "data" / "file").read_text() == "lived"


LEAKY = """
    import os, socket, subprocess, sys
    import crossroads

    server = socket.create_server(("127.0.0.1", 0))
    with crossroads.ring() as ring:
        crossroads.protect("data")
        here = crossroads.mark("here")
        if not here.returns:
            open("out", "w").write("x")
            open("data/in", "w").write("x")
            connection = socket.create_connection(server.getsockname())
            connection.sendall(b"12345")
            subprocess.run(["true"])
            with crossroads.irreversible("send invoice"):
                pass
            try:
                crossroads.go_back(here)
            except crossroads.CrossroadsError as error:
                print(error)
            crossroads.go_back(here, force=True)
        told = [finding.text for finding in here.landing]
    port = str(server.getsockname()[1])
    print(*(text.replace(os.getcwd(), "").replace(port, "PORT") for text in told), sep="\\n")
    print("end:", *sorted(finding.kind for finding in ring.findings))
"""


@pytest.mark.slow
def test_what_leaked_is_shown_at_each_return_and_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = run(tmp_path, LEAKY)
    assert done.stderr == ""
    # The refusal was printed in a life that has been discarded.
    assert done.stdout.splitlines() == [
        '"send invoice" was done in a life that went back, and stays done',
        "connections to 127.0.0.1:PORT (descriptor 3) that were taken since the mark are lost",
        "/out was made, and isn't protected",
        "a connection to 127.0.0.1:PORT was asked for",
        "a process was started: true",
        "5 bytes were sent to 127.0.0.1:PORT",
        "end: irreversible leak leak leak leak",
    ]
    assert os.listdir(tmp_path / "data") == []


STRICT = """
    import socket
    import crossroads

    with crossroads.ring(strict=True):
        one = socket.create_server(("127.0.0.1", 0))
        here = crossroads.mark("here")
        if not here.returns:
            crossroads.go_back(here)
"""


@pytest.mark.slow
def test_strict_makes_it_an_error(tmp_path: Path) -> None:
    done = run(tmp_path, STRICT)
    assert done.returncode == 1
    assert "the world isn't as it was at the mark: connections to 127.0.0.1:" in done.stderr


CALM = """
    import os
    import crossroads

    with crossroads.ring(strict=True) as ring:
        here = crossroads.mark("here")
        print(here.returns, *here.landing)
        if here.returns < 2:
            os.chdir("/")
            os.umask(0)
            os.environ["X"] = "y"
            crossroads.go_back(here)
    print(os.environ.get("X"), os.getcwd() != "/", *ring.findings)
"""


@pytest.mark.slow
def test_a_calm_return_finds_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, CALM)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["2", "None True"]


KILLED = """
    import os, sys
    import crossroads

    def die(event, arguments):
        # The restore opens files by their names alone.
        if event == "open" and arguments[0] == "3" and arguments[2] & os.O_WRONLY:
            os.killpg(0, 9)

    crossroads.protect("data")
    with crossroads.ring():
        if sys.argv[1] == "die":
            sys.addaudithook(die)
            here = crossroads.mark("here")
            for number in range(5):
                open(f"data/{number}", "w").write("new")
            crossroads.go_back(here)
        print(*(open(f"data/{number}").read() for number in range(5)))
"""


@pytest.mark.slow
def test_killed_while_it_restores_the_next_start_finishes(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(5):
        (tmp_path / "data" / str(number)).write_text("old")
    assert run(tmp_path, KILLED, "die").returncode == -signal.SIGKILL
    assert len(vaults(tmp_path)) == 1
    assert {path.read_text() for path in (tmp_path / "data").iterdir()} == {"old", "new"}
    assert run(tmp_path, KILLED, "finish").stdout == "old old old old old\n"
    assert vaults(tmp_path) == []
