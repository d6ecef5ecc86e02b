"""The kernel's part: which threads a process has."""

import threading

import pytest

from crossroads.snapshots import kernel


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads the system knows of beside ours, look by look; the last for ever."""
    looks: list[int] = []

    def listed(path: str) -> list[str]:
        assert path == "/proc/self/task"
        here = 1 + sum(thread is not threading.current_thread() for thread in threading.enumerate())
        return ["task"] * (here + (looks.pop(0) if len(looks) > 1 else looks[0]))

    monkeypatch.setattr(kernel, "_listdir", listed)
    monkeypatch.setattr(kernel, "_sleep", lambda seconds: None)
    monkeypatch.setattr(kernel, "_outside_python", 0)
    return looks


def outside() -> list[str]:
    return [name for name in kernel.thread_names() if "outside" in name]


def test_a_thread_that_is_ending_is_none(tasks: list[int]) -> None:
    tasks += [1, 1, 0]
    assert outside() == []


def test_threads_started_outside_of_python_are_waited_for_once(tasks: list[int]) -> None:
    tasks += [2]
    assert outside() == ["2 started outside of Python"]
    tasks[:] = [2, 0]
    assert outside() == ["2 started outside of Python"], "one look is enough for those that stayed"
    assert outside() == []
