"""Line 8: whole programs, killed at any moment and woken in a new process, end as if nothing had been."""

import json
import shutil
from pathlib import Path

import pytest
from journal_tools import Done, command, cut, lines_of, live, wake
from ring_tools import DEADLINE_S, start

PLAIN = """
import crossroads, random
from ticker import tick

def numbers():
    total = 0
    while True:
        total += random.randrange(100)
        yield total

print("start", random.random())
tick()
sums, own, trail = numbers(), random.Random(5), []
morning = crossroads.mark("morning")
tick()
print("morning", morning.returns, morning.memory, next(sums), own.random())
for day in range(3):
    here = crossroads.mark(("day", day), guard=crossroads.Guard())
    tick()
    trail.append((day, here.returns, next(sums), own.randrange(1000)))
    print("day", *trail[-1], [getattr(one, "what", one) for one in here.memory])
    if day == 1 and here.returns == 0:
        raise ValueError("brought home")
    if day == 1 and here.returns == 1:
        crossroads.go_back(here, {"seen": {day, 7}, "sums": (next(sums), None)}, redraw=False)
    tick()
    if day == 2 and morning.returns < 2:
        crossroads.go_back(morning, [trail, b"bytes", 2.5])
    if day == 0 and here.returns < 1:
        tick()
        crossroads.go_back(here)
print("end", trail, next(sums))
tick()
"""

ASYNC = """
import asyncio, crossroads, random, time
from ticker import tick

async def server(reader, writer):
    while line := await reader.readline():
        await asyncio.sleep(random.random())
        writer.write(line.upper())
    writer.close()

async def main():
    listening = await asyncio.start_server(server, "127.0.0.1", 8000)
    reader, writer = await asyncio.open_connection("127.0.0.1", 8000)
    print("start", time.time())
    for step in range(3):
        here = crossroads.mark(step)
        tick()
        writer.write(b"step %d\\n" % step)
        answer = (await reader.readline()).decode().strip()
        print(answer, here.returns, here.memory, round(asyncio.get_running_loop().time(), 6), random.randrange(100))
        if here.returns < 1:
            tick()
            crossroads.go_back(here, answer)
    print("end", asyncio.current_task().get_name(), time.monotonic())
"""

SCRIPT = ASYNC + "\nif __name__ == '__main__':\n    asyncio.run(main())\n"


def uninterrupted(folder: Path, source: Path) -> Done:
    """The same program with the same seed, lived in one piece: woken from a journal that says nothing but how it was started."""
    return wake(cut(folder, source, len(lines_of(source)[0])))


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(("source", "ticks"), [(PLAIN, [1, 2, 6, 13, 19, 26]), (ASYNC, [1, 2, 3, 6]), (SCRIPT, [4])])
def test_killed_at_any_moment_a_program_ends_as_if_nothing_had_been(tmp_path: Path, source: str, ticks: list[int]) -> None:
    expected = None
    for tick in ticks:
        folder = tmp_path / str(tick)
        folder.mkdir()
        killed = live(folder, source, KILL_AT=str(tick))
        assert killed.returncode == -9, killed.stderr
        expected = uninterrupted(tmp_path / "whole", folder)
        assert expected.returncode == 0, expected.stderr
        (folder / "ticks").unlink()
        woken = wake(folder, PYTHONHASHSEED="77")
        assert woken.returncode == 0, woken.stderr
        # Without any mark, there is nothing to say what was shown.
        assert ("" if tick == 1 and source is PLAIN else killed.stdout) + woken.stdout == expected.stdout
        assert json.loads(lines_of(folder)[-1])["kind"] in ("end", "shown")
        assert list((folder / "temporary").iterdir()) == []
    assert expected is not None


@pytest.mark.slow
def test_a_program_that_is_killed_again_and_again_gets_to_its_end(tmp_path: Path) -> None:
    shown = live(tmp_path, PLAIN, KILL_AT="4").stdout
    expected = uninterrupted(tmp_path / "whole", tmp_path)
    for session in range(2, 20):
        (tmp_path / "ticks").unlink()
        # What is lived again ticks again.
        done = wake(tmp_path, KILL_AT=str(4 * session))
        shown += done.stdout
        if not done.returncode:
            break
    assert (done.returncode, shown) == (0, expected.stdout)


@pytest.mark.once
@pytest.mark.slow
def test_wherever_the_last_line_was_torn_the_program_ends_the_same(tmp_path: Path) -> None:
    whole, torn = tmp_path / "first", tmp_path / "torn"
    whole.mkdir()
    done = live(whole, PLAIN)
    first, rest = done.stdout.split("\n", 1)
    lines = lines_of(whole)
    sizes = [len(b"".join(lines[:count])) for count in range(1, len(lines))]
    for count, size in enumerate(sizes[::4]):
        woken = wake(cut(torn, whole, size + 7 * count))
        has_mark = b'"kind":"mark"' in (whole / "journal").read_bytes()[:size]
        assert (woken.returncode, woken.stdout) == (0, rest if has_mark else f"{first}\n{rest}"), woken.stderr


def test_in_another_place_with_other_hashes(tmp_path: Path) -> None:
    here, there, elsewhere = (tmp_path / name for name in ("here", "there", "elsewhere"))
    here.mkdir()
    elsewhere.mkdir()
    killed = live(here, PLAIN, KILL_AT="9")
    expected = uninterrupted(tmp_path / "whole", here)
    shutil.move(here, there)
    woken = command(elsewhere, "wake", "../there/journal", PYTHONHASHSEED="5", KILL_AT="0")
    assert (woken.returncode, killed.stdout + woken.stdout) == (0, expected.stdout), woken.stderr
    assert f"crossroads: waking {there}/prog.py at mark" in woken.stderr


def test_older_marks_can_still_be_gone_back_to_and_output_comes_back(tmp_path: Path) -> None:
    source = """
        import crossroads
        from ticker import tick
        outer = crossroads.mark("outer")
        print("outer", outer.returns, outer.memory)
        inner = crossroads.mark("inner")
        print("inner", inner.returns, [found.kind for found in inner.landing if found.kind == "wake"])
        tick()
        if not outer.returns:
            crossroads.go_back(outer, ("inner", inner.returns))
        """
    live(tmp_path, source, KILL_AT="1")
    woken = wake(tmp_path)
    assert woken.stdout == "outer 1 (('inner', 0),)\ninner 0 []\n"
    (tmp_path / "again").mkdir()
    live(tmp_path / "again", source, "--output", "live", KILL_AT="1")
    woken = wake(tmp_path / "again", "--output", "live")
    assert woken.stdout == "inner 0 ['wake']\nouter 1 (('inner', 0),)\ninner 0 []\n"


def test_marks_that_were_given_up_stay_so(tmp_path: Path) -> None:
    source = """
        import crossroads, random
        from ticker import tick
        marks = []
        for step in range(70):
            marks.append(crossroads.mark(step))
            print(step, flush=True)
        tick()
        try:
            crossroads.go_back(marks[0])
        except crossroads.CrossroadsError as error:
            print(str(error)[:38])
        if not marks[-2].returns:
            crossroads.go_back(marks[-2])
        """
    killed = live(tmp_path, source, KILL_AT="1")
    woken = wake(tmp_path)
    assert killed.stdout == "".join(f"{step}\n" for step in range(6))
    assert woken.stdout == "".join(f"{step}\n" for step in range(6, 70)) + "mark 0 isn't on the current past: its \n"
    assert woken.returncode == 0, woken.stderr


@pytest.mark.parametrize(
    ("end", "code", "wakes"),
    [
        ("pass", 0, False),
        ("raise SystemExit(5)", 5, False),
        ("raise ValueError('disk full')", 1, True),
        ("raise KeyboardInterrupt", -2, True),
        ("os.kill(os.getpid(), 11)", -11, True),
    ],
)
def test_what_a_program_can_be_woken_from(tmp_path: Path, end: str, code: int, wakes: bool) -> None:
    source = f"""
        import crossroads, os
        crossroads.mark("here")
        print("lived", os.getpid(), os.getppid(), flush=True)
        if not os.path.exists("mended"):
            {end}
        """
    done = live(tmp_path, source)
    assert (done.returncode, done.stdout) == (code, "lived 1 0\n")
    (tmp_path / "mended").write_text("")
    woken = wake(tmp_path)
    if wakes:
        assert (woken.returncode, woken.stdout) == (0, "lived 1 0\n"), woken.stderr
    else:
        assert woken.returncode == 4
        assert "has ended; there is nothing to wake" in woken.stderr


REFUSALS = """
import crossroads, os, helper
from ticker import tick
text = os.environ.get("TEXT", "as it was")
crossroads.mark("first")
if text == "raises":
    raise ValueError(text)
if text == "ends":
    raise SystemExit
if text == "crashes":
    os.kill(os.getpid(), 11)
here = crossroads.mark(text, guard=crossroads.Guard())
if text == "draws":
    pass
tick()
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text("VALUE = 1\n")
    done = live(tmp_path, REFUSALS, KILL_AT="1")
    assert done.returncode == -9
    return tmp_path


def refused(folder: Path, code: int, message: str, *options: str, **variables: str) -> None:
    before = (folder / "journal").read_bytes()
    done = wake(folder, *options, **variables)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "journal").read_bytes() == before


def test_a_changed_program_is_refused(killed: Path) -> None:
    (killed / "prog.py").write_text((killed / "prog.py").read_text() + "\n")
    refused(killed, 4, "prog.py isn't what it was when the journal was written; put it back as it was, or begin a new journal")
    (killed / "prog.py").unlink()
    refused(killed, 4, "nor here, nor beside the journal; name its file by --program PATH")


def test_a_changed_module_is_refused(killed: Path) -> None:
    (killed / "helper.py").write_text("VALUE = 2\n")
    refused(killed, 4, "helper.py isn't what it was when the journal was written")
    (killed / "helper.py").unlink()
    refused(killed, 4, "has imported helper.py, which isn't here")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ('"python":"cpython 3.', '"python":"pypy 3.', "the journal was written on pypy 3."),
        ('"crossroads":"', '"crossroads":"9', "the journal was written by crossroads 9"),
        ('"packages":{}', '"packages":{"pytest":"0.1"}', "written with pytest 0.1, and version"),
        (
            '"packages":{}',
            '"packages":{"nosuchthing":"1"}',
            "written with nosuchthing 1, and it isn't installed here; install nosuchthing==1",
        ),
    ],
)
def test_another_python_and_other_packages_are_refused(killed: Path, field: str, value: str, message: str) -> None:
    path = killed / "journal"
    path.write_text(path.read_text().replace(field, value, 1))
    refused(killed, 4, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("other", "the program set mark 'other' at prog.py:12, where its journal has mark 'as it was' at prog.py:12 (2 of 2)"),
        ("raises", "the program ended by ValueError: raises, where its journal has mark 'as it was'"),
        ("ends", "the program ended by SystemExit: , where"),
    ],
)
def test_another_past_is_noticed(killed: Path, text: str, message: str) -> None:
    refused(killed, 3, message, TEXT=text)


def test_a_death_on_the_way_is_named(killed: Path) -> None:
    refused(killed, -11, "the program ended while its past was lived again; its journal is as it was", TEXT="crashes")


def test_other_draws_are_noticed(tmp_path: Path) -> None:
    live(tmp_path, "import crossroads, os, random\nif 'MORE' in os.environ:\n    random.random()\ncrossroads.mark()\nos.abort()")
    refused(tmp_path, 3, "the program got there with other draws", MORE="1")


def test_a_journal_that_is_there_isnt_overwritten(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("precious")
    done = live(tmp_path, "print('lived')")
    assert (done.returncode, done.stdout) == (4, "")
    assert 'is there already; go on with its program by "crossroads wake journal", name another file, or remove it' in done.stderr
    refused(tmp_path, 4, "holds nothing yet")
    assert (tmp_path / "journal").read_text() == "precious"


def test_two_processes_on_one_journal_are_refused(tmp_path: Path) -> None:
    source = """
        import crossroads, sys
        crossroads.mark()
        print("ready", flush=True)
        sys.stdin.read()
        """
    with start(tmp_path, source, "--journal", "journal", "--output", "live", live=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        refused(tmp_path, 4, "is in use: its program is running; wait for its end, or end it")
        process.communicate("", timeout=DEADLINE_S)
    assert process.returncode == 0


def test_what_isnt_plain_data_isnt_remembered(tmp_path: Path) -> None:
    source = """
        import crossroads
        here = crossroads.mark()
        try:
            crossroads.go_back(here, {"plan": [1, crossroads]})
        except crossroads.CrossroadsError as error:
            print(error, here.returns)
        """
    done = live(tmp_path, source)
    assert done.stdout.startswith("remember['plan'][1] is of type builtins.module, and a journal holds plain data alone: None, bool,")
    assert done.stdout.endswith(" 0\n")


def test_what_cant_be_taken_back_isnt_done_again_unasked(tmp_path: Path) -> None:
    source = """
        import crossroads
        from ticker import tick
        crossroads.mark("before")
        with crossroads.irreversible("send invoice"):
            tick()
        crossroads.mark("after")
        tick()
        """
    live(tmp_path, source, KILL_AT="2")
    refused(tmp_path, 4, 'waking would do "send invoice" again, which can\'t be taken back; use --force to do so all the same')
    assert wake(tmp_path, "--force").returncode == 0


def test_what_was_held_back_is_shown_later_also_where_nothing_is_held_back(tmp_path: Path) -> None:
    source = """
        import crossroads
        from ticker import tick
        print("first")
        crossroads.mark("first")
        print("second")
        crossroads.mark("second")
        print("third")
        tick()
        """
    assert live(tmp_path, source, KILL_AT="1").stdout == "first\n"
    (tmp_path / "ticks").unlink()
    woken = wake(tmp_path, "--output", "live")
    assert woken.returncode == 0
    assert woken.stdout == "second\nthird\n"


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    source = """
        import crossroads, resource
        here = crossroads.mark("here")
        if here.returns:
            print("back", here.memory)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            try:
                crossroads.go_back(here, "x" * 5000)
            except crossroads.CrossroadsError as error:
                print("can't be written" in str(error))
            crossroads.go_back(here, "less")
        """
    done = live(tmp_path, source, "--output", "live")
    assert done.stdout == "True\nback ('less',)\n", done.stderr
