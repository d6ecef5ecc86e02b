"""What is said of tests in few words."""

from typing import Any

from crossroads.faces.pytest.words import summary


def told(**values: Any) -> dict[str, Any]:
    return {
        "nodeid": "t.py::t",
        "outcome": "passed",
        "futures": 500,
        "counted": 500,
        "failed": 0,
        "diverged": 0,
        "one_future": False,
        "not_lived": "",
        "earlier": [],
    } | values


def test_passing_tests_have_a_bound_each() -> None:
    assert summary([told(), told(futures=1500, counted=1500)]) == [
        "2 tests, 2000 futures, none failed.",
        "Tests that passed fail in less than 1.4 % of their futures, at 95 % confidence.",
    ]


def test_failing_tests_and_those_with_one_future_have_none() -> None:
    tests = [told(outcome="failed", failed=3), told(futures=8, counted=8, one_future=True), told(outcome="skipped", futures=0)]
    assert summary(tests) == [
        "2 tests, 508 futures, 1 test with failing futures.",
        "1 test has only one future: nothing is drawn there, and nothing arrives.",
    ]


def test_what_diverged_is_said_and_counts_for_nothing() -> None:
    lines = summary([told(counted=300, diverged=200)])
    assert lines[0] == "1 test, 500 futures, none failed."
    assert "less than 2.2 %" in lines[1]
    assert lines[2] == "200 futures diverged, which counts neither way: t.py::t."


def test_what_could_not_be_lived_is_named() -> None:
    tests = [told(nodeid=f"t.py::t{number}", futures=0, not_lived="it starts a process") for number in range(5)]
    assert summary(tests) == [
        "5 tests ran once, as without crossroads (t.py::t0, t.py::t1, t.py::t2 and 2 more): it starts a process.",
    ]
