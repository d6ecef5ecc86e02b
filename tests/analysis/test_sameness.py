"""A failure is known again in edited code: by its exception, place and message, whatever its line number is."""

from pathlib import Path

import pytest

from crossroads.analysis.sameness import Signature, are_alike, is_same_failure, line_at, signature
from crossroads.timeline.outcomes import Outcome
from crossroads.worlds.targets import Target


def failed(message: str = "sank", where: str = "boat.py:3 in sail", exception: str = "AssertionError", line: str = "") -> Signature:
    return signature(Outcome("failed", exception, message, where), line)


@pytest.mark.parametrize(
    "other",
    [
        failed(),
        failed(where="boat.py:77 in sail"),
        failed("sank at 3", line="x"),
        failed(where="boat.py:3 in voyage"),
        failed(where="ship.py:3 in sail"),
        failed(line="assert afloat"),
    ],
)
def test_the_same(other: Signature) -> None:
    assert is_same_failure(failed("sank at 12", line="assert afloat"), other)


@pytest.mark.parametrize(
    "other",
    [
        failed(exception="ValueError"),
        failed("lost its mast", line="assert mast"),
        failed("lost its mast", where="boat.py:3 in moor"),
        signature(Outcome("passed")),
        signature(Outcome("hung", "wall limit")),
    ],
)
def test_another(other: Signature) -> None:
    assert not is_same_failure(failed("sank at 12", line="assert afloat"), other)


def test_without_messages_the_line_counts() -> None:
    one = failed("", line="assert x")
    assert is_same_failure(one, failed("", where="boat.py:9 in sail", line="assert x"))
    assert not is_same_failure(one, failed("", line="assert y"))
    assert is_same_failure(failed(""), failed("", line="assert y"))
    assert is_same_failure(one, failed("", where="boat.py:9 in voyage", line="assert x"))
    assert not is_same_failure(one, failed("", where="boat.py:9 in voyage", line="assert y"))


def test_endings_without_a_place() -> None:
    for kind, exception in (("crashed", "SIGSEGV"), ("hung", "wall limit"), ("out of memory", "MemoryError")):
        assert is_same_failure(signature(Outcome(kind, exception, "a")), signature(Outcome(kind, exception, "b")))
    assert not is_same_failure(signature(Outcome("crashed", "SIGSEGV")), signature(Outcome("crashed", "SIGABRT")))
    assert is_same_failure(signature(Outcome("exited", code=3)), signature(Outcome("exited", code=3, where="a.py:1 in f")))
    assert not is_same_failure(signature(Outcome("exited", code=3)), signature(Outcome("exited", code=4)))


def test_messages_are_alike_whatever_values_they_have() -> None:
    assert are_alike("alice-4 was shown 'session of bob-3'", "bob-1 was shown 'session of alice-2'")
    assert are_alike("asked 4, got b'ok 0'", "asked 1, got b'ok 0'")
    assert not are_alike("charged twice", "an order is lost")
    assert not are_alike("", "")
    assert are_alike("17", "17")
    assert not are_alike("17", "18")


def test_the_line_at_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boat.py").write_text("one\n    assert afloat\n")
    target = Target(str(tmp_path / "boat.py"), "main", True)
    assert line_at("boat.py:2 in sail", target) == "assert afloat"
    monkeypatch.chdir(tmp_path)
    assert line_at("boat.py:2 in sail") == "assert afloat"
    for where in ("", "boat.py:9 in sail", "no.py:1 in sail", "boat.py:x in sail", "nonsense"):
        assert line_at(where) == ""
