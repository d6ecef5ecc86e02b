"""The report of a failing test, its text pinned; and how pytest has it."""

from dataclasses import replace
from pathlib import Path

import faces_values as made
import pytest

from crossroads.faces.pytest.account import account_lines, crash_of, output_of
from crossroads.faces.pytest.earlier import Earlier
from crossroads.faces.pytest.reports import FutureFailed, longrepr_of, properties_of, told_of
from crossroads.faces.terminal.lines import View

VIEW = View(width=88, options="--store kept.sqlite", before="PYTEST_ADDOPTS='-o asyncio_mode=auto'")


def text_of(*failures: object, **changes: object) -> str:
    exploration = made.exploration(*failures, **changes)  # type: ignore[arg-type]
    return "\n".join(line.plain for line in account_lines(exploration, VIEW)) + "\n"


@pytest.mark.parametrize(
    ("name", "failures"),
    [
        ("pytest_coins", (made.coins(),)),
        ("pytest_several", (made.boat(), made.coins(account=False))),
        ("pytest_always", (made.always(),)),
        ("pytest_unexplained", (made.coins(account=False),)),
    ],
)
def test_accounts(name: str, failures: tuple[object, ...], in_programs: Path) -> None:
    made.check_snapshot(name, text_of(*failures))


def test_what_fails_always_says_so(in_programs: Path) -> None:
    failure = replace(made.always(), account=None)
    assert "No future passed" in text_of(failure, futures=failure.count)
    assert "It is the only future there is" in text_of(failure, futures=failure.count, one_future=True)
    assert "No future passed" not in text_of(failure, futures=failure.count + 1)


def test_commands_in_notes_can_be_pasted(in_programs: Path) -> None:
    failure = made.coins(account=False)
    said = " ".join(text_of(failure, notes=('"crossroads explain ID --budget 7m" does it',)).split())
    assert f'Note: "{VIEW.before} crossroads explain {failure.id} --budget 7m {VIEW.options}" does it.' in said
    assert "--crossroads-futures 500 lives all" in text_of(failure, notes=("exploring ended; --futures 500 lives all",))


def test_pytest_gets_a_place_and_a_line(in_programs: Path) -> None:
    failure = made.coins()
    crash = crash_of(made.exploration(failure), "tests/test_x.py", 3)
    assert failure.outcome.where.startswith(f"{crash.path}:{crash.line} in ")
    assert crash.message.startswith(f"in {failure.count} of {failure.probability.futures} futures: ")
    nowhere = replace(failure, outcome=replace(failure.outcome, where=""), timeline=replace(failure.timeline, outcome=None))
    crash = crash_of(made.exploration(nowhere), "tests/test_x.py", 3)
    assert (crash.path, crash.line) == ("tests/test_x.py", 3)
    assert str(longrepr_of(crash, ["one", "two"])) == "one\ntwo"


def test_a_traceback_is_told_from_what_was_printed() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\nAssertionError\n'
    assert output_of(replace(made.coins(), output=f"hello\n{trace}")) == ("hello\n", trace)
    assert output_of(replace(made.coins(), output="hello\n")) == ("hello\n", "")


def test_the_phase_stands_beside_the_place(in_programs: Path) -> None:
    coins = made.coins(account=False)
    outcome = replace(coins.outcome, message="in its setup: no disk", exception="OSError")
    failure = replace(coins, outcome=outcome, timeline=replace(coins.timeline, outcome=None), output="OSError: no disk\n")
    assert output_of(failure) == ("", "")
    assert "E   OSError: no disk\n\ntwo_coins.py:19 in main, in its setup\n" in text_of(failure)


def test_reports_bring_along_what_others_show(in_programs: Path) -> None:
    exploration = made.exploration(made.coins())
    told = told_of("t.py::t", exploration, VIEW, Earlier(), whole=True)
    assert told["report"]["failures"][0]["replay"] == told["failures"][0]["replay"] == VIEW.command("replay", made.coins().id)
    assert dict(properties_of(told))["crossroads_id"] == made.coins().id
    assert properties_of(told_of("t.py::t", None, VIEW, Earlier(), whole=True)) == []
    assert "report" not in told_of("t.py::t", exploration, VIEW, Earlier(), whole=False)
    assert "fails in" in str(FutureFailed(exploration, VIEW))
