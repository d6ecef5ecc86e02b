"""Lines 1 and 2: a return restores everything, and what is remembered arrives."""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ring_tools import Ended, Log, fork_and_run, living_children, real_pid

import crossroads
from crossroads import go_back, mark, ring


def lived(folder: Path, program: Any) -> Ended:
    ended = fork_and_run(folder, program)
    assert ended.code == 0, ended.output
    return ended


def test_a_mark_alone_is_harmless() -> None:
    here = mark("nowhere", guard=crossroads.Guard(wall=1))
    assert (here.memory, here.returns, here.landing) == ((), 0, ())
    with pytest.raises(crossroads.CrossroadsError, match="works within a ring; put the code into: with "):
        go_back(here, "x")


def test_memory_grows_oldest_first(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark("departure")
            log(here.returns, here.memory)
            if here.returns < 3:
                go_back(here, remember=here.returns * 10)

    assert lived(tmp_path, program).log == ("0 ()", "1 (0,)", "2 (0, 10)", "3 (0, 10, 20)")


def test_remembering_none_is_something_and_nothing_isnt(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            log(here.returns, here.memory)
            if here.returns == 0:
                go_back(here)
            if here.returns == 1:
                go_back(here, None)

    assert lived(tmp_path, program).log == ("0 ()", "1 ()", "2 (None,)")


def test_objects_generators_and_context_managers_are_as_they_were(tmp_path: Path) -> None:
    def numbers() -> Iterator[int]:
        total = 0
        while True:
            total += 1
            yield total

    def program(log: Log) -> None:
        generator, values, text = numbers(), [1], open(os.devnull)  # noqa: SIM115
        next(generator)
        with ring():
            here = mark()
            log(next(generator), next(generator), values, text.closed)
            values.append(2)
            text.close()
            del generator
            if here.returns < 2:
                go_back(here)

    assert lived(tmp_path, program).log == ("2 3 [1] False",) * 3


def test_finally_and_exit_handlers_of_a_discarded_life_never_run(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            try:
                if not here.returns:
                    go_back(here)
            finally:
                log("finally", here.returns)

    assert lived(tmp_path, program).log == ("finally 1",)


def test_an_older_mark_discards_the_newer(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            outer = mark("outer")
            inner = mark("inner")
            log(outer.memory, inner.memory)
            if len(inner.memory) < 2:
                go_back(inner, "i")
            if len(outer.memory) < 1:
                go_back(outer, inner)
            try:
                go_back(outer.memory[0])
            except crossroads.CrossroadsError as error:
                log(error)

    log = lived(tmp_path, program).log
    assert log[:3] == ("() ()", "() ('i',)", "() ('i', 'i')")
    assert log[3].startswith("(Mark(label='inner', ")
    assert log[3].endswith(" ()")
    assert log[-1].startswith("mark 'inner' isn't on the current past: its life was discarded")


def test_what_cant_be_pickled_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            log("life", here.returns)
            for value in (lambda: 1, threading.Lock(), (one for one in ())):
                try:
                    go_back(here, value)
                except crossroads.CrossroadsError as error:
                    log(str(error).partition(" (")[0])

    refused = ("remember=function", "remember=lock", "remember=generator")
    assert lived(tmp_path, program).log == ("life 0", *(f"{one} can't be pickled" for one in refused))


def test_a_large_memory_arrives_whole(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            if not here.returns:
                go_back(here, os.urandom(1) * 30_000_000)
            log(len(here.memory[0]), len(set(here.memory[0])))

    assert lived(tmp_path, program).log == ("30000000 1",)


def test_max_returns_counts_the_returns_to_all_marks(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring(max_returns=4):
            one = mark()
            two = mark()
            log(one.returns, two.returns)
            try:
                go_back(two if two.returns < 2 else one)
            except crossroads.CrossroadsError as error:
                log(error)

    *lives, refusal = lived(tmp_path, program).log
    assert lives == ["0 0", "0 1", "0 2", "1 0", "1 1"]
    assert refusal == "go_back(None) would be return 5 of max_returns=4; give the ring a larger max_returns"


def test_marks_in_a_loop_give_the_oldest_up(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring(max_marks=4):
            first = mark("first")
            marks = [mark(step) for step in range(10)]
            log([here.returns for here in marks], first.returns)
            if first.returns:
                return
            for here in marks[:7]:
                with pytest.raises(crossroads.CrossroadsError, match="given up for newer ones, as the ring keeps max_marks=4"):
                    go_back(here)
            if marks[7].returns < 1:
                go_back(marks[7])
            go_back(first)

    zeros = "[0, 0, 0, 0, 0, 0, 0, {}, 0, 0]"
    assert lived(tmp_path, program).log == (f"{zeros.format(0)} 0", f"{zeros.format(1)} 0", f"{zeros.format(0)} 1")


def test_a_mark_that_was_given_up_after_another_is_unknown_there(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring(max_marks=2):
            one = mark()
            two = mark()
            if not two.returns:
                mark()
                go_back(two)
            try:
                go_back(one)
            except crossroads.CrossroadsError as error:
                log(error)

    (refusal,) = lived(tmp_path, program).log
    assert refusal.startswith("mark None isn't on the current past: its life was discarded, its ring has ended, or it was given up")


def test_rings_one_after_the_other_have_one_face(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        old = None
        for number in range(3):
            with ring():
                here, _ = mark(), mark()
                if here.returns < 2:
                    go_back(here)
            face = os.getpid()
            log(number, here.returns, living_children(face) == [real_pid()])
            if old is not None:
                with ring(), pytest.raises(crossroads.CrossroadsError, match="isn't on the current past"):
                    go_back(old)
            old = here

    assert lived(tmp_path, program).log == ("0 2 True", "1 2 True", "2 2 True")


def test_a_ring_within_a_ring_belongs_to_it(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring(max_returns=2):
            with ring(max_returns=0):
                here = mark()
            log(here.returns)
            if here.returns < 2:
                go_back(here)

    assert lived(tmp_path, program).log == ("0", "1", "2")


def test_the_process_id_is_that_of_the_face_and_signals_reach_the_life(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        before, parent = os.getpid(), os.getppid()
        with ring():
            here = mark()
            log(os.getpid() == before, os.getppid() == parent, real_pid() == before)
            heard: list[int] = []
            signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
            os.kill(os.getpid(), signal.SIGUSR1)
            log(heard == [signal.SIGUSR1])
            if not os.fork():
                log("child", os.getpid() == before, os.getppid() == before, mark() == crossroads.Mark())
                os._exit(0)
            os.wait()
            if not here.returns:
                go_back(here)

    assert lived(tmp_path, program).log == ("True True False", "True", "child False True True") * 2


def test_a_forked_child_cant_go_back_and_ends_no_ring(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            pid = os.fork()
            if not pid:
                with pytest.raises(crossroads.CrossroadsError, match="this one was forked from it"):
                    go_back(here)
                os._exit(9)
            log(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            if not here.returns:
                go_back(here)

    assert lived(tmp_path, program).log == ("9", "9")


def test_children_of_a_discarded_life_are_ended(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        with ring():
            here = mark()
            if not here.returns:
                reading, writing = os.pipe()
                pid = os.fork()
                if not pid:
                    os.setsid()
                    os.write(writing, str(real_pid()).encode())
                    signal.pause()
                go_back(here, int(os.read(reading, 20)))
            log(os.path.exists(f"/proc/{here.memory[0]}"))

    assert lived(tmp_path, program).log == ("False",)


@pytest.mark.parametrize("at", ["ring", "mark"])
def test_threads_and_children_are_refused(tmp_path: Path, at: str) -> None:
    def refused(log: Log) -> None:
        with pytest.raises(crossroads.CrossroadsError) as found, ring():
            mark()
        log(found.value)

    def obstacles(log: Log) -> None:
        wait = threading.Event()
        thread = threading.Thread(target=wait.wait, name="helper")
        thread.start()
        refused(log)
        wait.set()
        thread.join()
        pid = os.fork()
        if not pid:
            signal.pause()
        refused(log)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with ring():
            log(mark().returns)

    def program(log: Log) -> None:
        if at == "ring":
            obstacles(log)
            return
        with ring():
            obstacles(log)

    threads, child, fine = lived(tmp_path, program).log
    what = "a ring" if at == "ring" else "mark()"
    assert threads == f"{what} can't copy threads, and there are some: helper; end them before"
    assert child.startswith(f"{what} can't be where a child process is (process ")
    assert fine == "0"


def test_timers_go_on(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        heard: list[int] = []
        signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
        with ring():
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            here = mark()
            while not heard:
                pass
            log(here.returns, heard == [signal.SIGALRM])
            if not here.returns:
                go_back(here)

    assert lived(tmp_path, program).log == ("0 True", "1 True")


def test_the_interpreter_is_as_it_was(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        def handler(number: int, frame: object) -> None: ...

        signal.signal(signal.SIGCHLD, handler)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        frozen = gc.get_freeze_count()
        with ring():
            here = mark()
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
            log(gc.isenabled(), gc.get_freeze_count() - frozen, signal.getsignal(signal.SIGCHLD) is handler, blocked == {signal.SIGUSR2})
            if here.returns < 2:
                gc.disable()
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                go_back(here)

    assert lived(tmp_path, program).log == ("True 0 True True",) * 3


def test_companions_are_called_in_the_right_lives(tmp_path: Path) -> None:
    def program(log: Log) -> None:
        class Witness:
            def marked(self, mark: int) -> None:
                log("marked", mark)

            def returning(self, mark: int, force: bool) -> None:
                log("returning", mark, force)
                if not force:
                    raise crossroads.CrossroadsError("not without force")

            def returned(self, mark: int) -> list[crossroads.Finding]:
                return [crossroads.Finding("file", "a", "a is lost", False), crossroads.Finding("cwd", "b", "b was moved", True)]

            def ended(self) -> list[crossroads.Finding]:
                return [crossroads.Finding("leak", "c", "c was sent", False)]

        with ring(companions=[Witness()]) as worn:
            here = mark()
            log([finding.subject for finding in here.landing])
            if not here.returns:
                with pytest.raises(crossroads.CrossroadsError, match="not without force"):
                    go_back(here)
                go_back(here, force=True)
        log([finding.subject for finding in worn.findings])

    assert lived(tmp_path, program).log == ("marked 1", "[]", "returning 1 False", "returning 1 True", "['a', 'b']", "['c']")


def test_a_strict_ring_refuses_an_unsafe_landing(tmp_path: Path) -> None:
    class Witness:
        def marked(self, mark: int) -> None: ...

        def returning(self, mark: int, force: bool) -> None: ...

        def returned(self, mark: int) -> list[crossroads.Finding]:
            return [crossroads.Finding("file", "a", "a is lost", False)]

        def ended(self) -> list[crossroads.Finding]:
            return []

    def program(log: Log) -> None:
        with ring(companions=[Witness()], strict=True):
            try:
                here = mark()
            except crossroads.CrossroadsError as error:
                log(error)
            else:
                go_back(here)

    assert lived(tmp_path, program).log == (
        "the world isn't as it was at the mark: a is lost; without strict=True this is in the mark's landing",
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ring(max_returns=-1), "max_returns=-1 must be at least 0"),
        (lambda: ring(max_marks=0), "max_marks=0 must be from 1 to 10,000"),
        (lambda: ring(output="loud"), "output='loud' must be one of auto, held, live"),  # type: ignore[arg-type]
        (lambda: go_back("x"), "go_back.'x'. needs what crossroads.mark.. has returned"),  # type: ignore[arg-type]
        (lambda: crossroads.Guard(wall=0), "wall=0 must be more than 0 seconds"),
        (lambda: crossroads.Guard(on=["fire"]), "on='fire' isn't something to come home from"),
        (lambda: crossroads.Guard(memory="much"), "memory='much' must be a number with its unit"),
        (lambda: crossroads.Guard(memory=5), "memory=5 must be at least 16MB"),
    ],
)
def test_values_that_break_their_rules(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
