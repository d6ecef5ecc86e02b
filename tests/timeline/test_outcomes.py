"""How runs end: which endings are failures, and which two are the same one."""

import pytest

from crossroads.timeline.outcomes import OUTCOME_KINDS, Outcome


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("passed"), False),
        (Outcome("failed", "ValueError"), True),
        (Outcome("exited", code=0), False),
        (Outcome("exited", code=3), True),
        (Outcome("crashed", "SIGSEGV"), True),
        (Outcome("hung", message="wall limit"), True),
        (Outcome("out of memory"), True),
        (Outcome("left behind"), False),
        (Outcome("diverged"), False),
    ],
)
def test_is_failure(outcome, expected):
    assert outcome.is_failure is expected


def test_every_kind_is_either_a_failure_or_not():
    assert len(OUTCOME_KINDS) == len(set(OUTCOME_KINDS)) == 8
    assert {kind for kind in OUTCOME_KINDS if Outcome(kind, code=1).is_failure} == {"failed", "exited", "crashed", "hung", "out of memory"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Outcome("failed", "KeyError", "'a'", "x.py:3 in f"), Outcome("failed", "KeyError", "'b'", "x.py:3 in f")),
        (Outcome("exited", code=2, message="a"), Outcome("exited", code=2, message="b")),
        (Outcome("crashed", "SIGSEGV", where="x.py:3 in f"), Outcome("crashed", "SIGSEGV", where="x.py:9 in g")),
    ],
)
def test_the_same_failure_whatever_it_says(one, other):
    assert one.origin == other.origin


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Outcome("failed", "KeyError", "", "x.py:3 in f"), Outcome("failed", "KeyError", "", "x.py:4 in f")),
        (Outcome("failed", "KeyError"), Outcome("failed", "ValueError")),
        (Outcome("exited", code=2), Outcome("exited", code=3)),
        (Outcome("crashed", "SIGSEGV"), Outcome("crashed", "SIGABRT")),
        (Outcome("crashed", "SIGKILL"), Outcome("out of memory", "SIGKILL")),
    ],
)
def test_another_failure(one, other):
    assert one.origin != other.origin
