"""Lines that a life executes: each once, the program's own alone, from the moment they are asked for."""

import sys

import pytest

from crossroads.snapshots.lines import LINES_MAX, LineRecorder


def program(sign: int) -> str:
    if sign > 0:
        return "more"
    return "less"


def lines_of(*signs: int) -> list[int]:
    recorder = LineRecorder(lambda file: file == __file__)
    recorder.start()
    for sign in signs:
        program(sign)
    found = recorder.stop()
    assert {file for file, _ in found} <= {__file__}
    first = program.__code__.co_firstlineno
    return [line - first for _, line in found if first < line <= first + 3]


def test_lines_are_noted_once() -> None:
    assert lines_of(1, 1, 1) == [1, 2]
    assert lines_of(-1) == [1, 3]
    assert lines_of(1, -1) == [1, 2, 3]


def test_nothing_is_left_behind() -> None:
    before = sys.gettrace()
    lines_of(1)
    assert sys.gettrace() is None or before is not None
    if sys.version_info >= (3, 12):
        assert sys.monitoring.get_tool(4) is None


def test_a_restart_forgets() -> None:
    recorder = LineRecorder(lambda file: file == __file__)
    recorder.start()
    program(1)
    recorder.restart()
    program(-1)
    found = {line - program.__code__.co_firstlineno for _, line in recorder.stop()}
    assert 3 in found
    assert 2 not in found


def test_other_files_are_not_noted() -> None:
    recorder = LineRecorder(lambda file: False)
    recorder.start()
    program(1)
    assert recorder.stop() == []


def test_there_is_a_limit() -> None:
    source = "\n".join(["def long():"] + ["    x = 0"] * (LINES_MAX + 100))
    names: dict[str, object] = {}
    exec(compile(source, "long.py", "exec"), names)
    recorder = LineRecorder(lambda file: file == "long.py")
    recorder.start()
    names["long"]()  # type: ignore[operator]
    assert len(recorder.stop()) == LINES_MAX


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_a_tool_that_is_in_use_is_left_alone() -> None:
    sys.monitoring.use_tool_id(4, "another")
    try:
        recorder = LineRecorder(lambda file: True)
        recorder.start()
        program(1)
        assert recorder.stop() == []
        assert sys.monitoring.get_tool(4) == "another"
    finally:
        sys.monitoring.free_tool_id(4)
