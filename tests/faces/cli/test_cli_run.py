"""`crossroads run`: what it asks for, what it prints where, and its exit codes."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import faces_values as made
import pytest
from faces_fakes import Fakes

from crossroads.analysis.progress import Progress
from crossroads.analysis.results import Ended
from crossroads.errors import DivergedError, EngineError, InternalError, TargetError
from crossroads.faces.cli import main
from crossroads.snapshots.limits import Limits
from crossroads.timeline.outcomes import Outcome

pytestmark = pytest.mark.usefixtures("in_programs")


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    return ["--store", str(tmp_path / "store.sqlite")]


def test_nothing_failed(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes()
    assert main(["run", "two_coins.py", *store], fakes.services) == 0
    printed = capsys.readouterr()
    assert "1000 futures, none failed: the failure probability is below 0.7 % at 95 % confidence." in printed.out
    assert printed.err == ""
    assert [name for name, _, _ in fakes.calls] == ["explore"]


def test_what_fails_is_explained_and_reported(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    assert main(["run", "two_coins.py", *store], fakes.services) == 1
    printed = capsys.readouterr()
    assert "Decided in 2 steps" in printed.out
    assert printed.out.rstrip().endswith(f"crossroads replay 3fa9c2d1 --store {store[1]}")
    assert "\x1b" not in printed.out
    assert printed.err == ""


def test_faults_are_passed_on(store: list[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    main(["run", "redis.py", "--faults", "crash, partition", "--no-explain", *store], fakes.services)
    assert fakes.named("explore")["faults"] == ("crash", "partition")


def test_settings_are_passed_on(store: list[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    options = ["--futures", "500", "--seed", "7", "--fresh", "--budget", "999", "--engine", "replay", "--jobs", "2", "--wall", "1.5"]
    main(["run", "boat.py:main", *options, "--memory", "1.5GB", *store], fakes.services)
    explore, explain = fakes.named("explore"), fakes.named("explain")
    assert fakes.calls[0][1] == ("boat.py:main",)
    limits = Limits(wall_s=1.5, memory_bytes=1_500_000_000)
    shared = {"seed": 7, "engine": "replay", "jobs": 2, "limits": limits}
    assert {"futures": 500, "fresh": True, **shared}.items() <= explore.items()
    assert {"budget": 999, **shared}.items() <= explain.items()
    assert explore["store"] == explain["store"] == Path(store[1])
    assert not {"steps", "faults"} & set(explore)


def test_the_three_most_frequent_failures_are_explained(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    failures = [replace(made.coins(account=False), id=f"0000000{number}") for number in range(5)]
    fakes = Fakes(made.exploration(*failures, futures=5000))
    assert main(["run", "two_coins.py", *store], fakes.services) == 1
    assert [given[0].id for name, given, _ in fakes.calls if name == "explain"] == ["00000000", "00000001", "00000002"]
    assert "Other failures, not explained" in capsys.readouterr().out


def test_what_takes_the_wall_limit_each_time_is_left_to_a_command_that_can_be_pasted(
    store: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    hung = replace(made.coins(account=False), outcome=Outcome("hung", "wall limit"))
    fakes = Fakes(made.exploration(hung))
    assert main(["run", "two_coins.py", *store], fakes.services) == 1
    assert [name for name, _, _ in fakes.calls] == ["explore"]
    assert f'"crossroads explain 3fa9c2d1 --store {store[1]}" does it.' in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("options", "budget", "seconds"),
    [
        ([], 15_000, 45.0),
        (["--budget", "20_000"], 20_000, None),
        (["--budget", "80s"], 15_000, 80.0),
        (["--budget", "1.5 m"], 15_000, 90.0),
        (["--budget", "1h"], 15_000, 3_600.0),
    ],
)
def test_a_budget_is_futures_or_time(store: list[str], options: list[str], budget: int, seconds: float | None) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    main(["run", "two_coins.py", *options, *store], fakes.services)
    assert {"budget": budget, "seconds": seconds}.items() <= fakes.named("explain").items()


def test_further_failures_have_less_time_unless_it_is_given(store: list[str]) -> None:
    failures = [replace(made.coins(account=False), id=f"{number:08x}") for number in range(4)]
    for options, times in (([], [45.0, 22.5, 15.0]), (["--budget", "80s"], [80.0] * 3)):
        fakes = Fakes(made.exploration(*failures))
        main(["run", "two_coins.py", *options, *store], fakes.services)
        assert [settings["seconds"] for name, _, settings in fakes.calls if name == "explain"] == times


@pytest.mark.parametrize(("options", "enough_s"), [([], 12.0), (["--futures", "1000"], None), (["--no-explain"], None)])
def test_exploring_ends_early_only_where_nobody_said_how_much(store: list[str], options: list[str], enough_s: float | None) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    main(["run", "two_coins.py", *options, *store], fakes.services)
    assert fakes.named("explore").get("enough_s") == enough_s
    assert fakes.named("explore")["futures"] == 1_000


@pytest.mark.parametrize(("had_s", "options", "asked"), [(45.0, [], False), (45.0, ["--budget", "5m"], True), (30.0, [], True)])
def test_an_account_that_time_cut_short_is_sought_again_if_there_is_more(
    store: list[str], had_s: float, options: list[str], asked: bool
) -> None:
    failure = replace(made.coins(), account=replace(made.coins_account(), ended="budget", budget=15_000, seconds=had_s))
    fakes = Fakes(made.exploration(failure))
    main(["run", "two_coins.py", *options, *store], fakes.services)
    assert ("explain" in [name for name, _, _ in fakes.calls]) == asked


@pytest.mark.parametrize(
    ("ended", "options", "asked"),
    [
        ("finished", [], False),
        ("finished", ["--fresh"], True),
        ("interrupted", [], True),
        ("interrupted", ["--budget", "3000"], True),
        ("budget", [], True),
        ("budget", ["--budget", "3000"], False),
    ],
)
def test_an_account_is_sought_again_where_another_could_be_better(store: list[str], ended: Ended, options: list[str], asked: bool) -> None:
    failure = replace(made.coins(), account=replace(made.coins_account(), ended=ended, budget=3_000))
    fakes = Fakes(made.exploration(failure))
    main(["run", "two_coins.py", *options, *store], fakes.services)
    assert ("explain" in [name for name, _, _ in fakes.calls]) == asked


def test_exploring_alone(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    assert main(["run", "two_coins.py", "--no-explain", *store], fakes.services) == 1
    assert [name for name, _, _ in fakes.calls] == ["explore"]
    assert "crossroads explain 3fa9c2d1" in capsys.readouterr().out


def test_json_on_stdout_is_all_there_is(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    assert main(["run", "two_coins.py", "--json", "-", *store], fakes.services) == 1
    printed = capsys.readouterr()
    data = json.loads(printed.out)
    assert data["schema"] == "crossroads-report/1"
    assert data["failures"][0]["account"]["point_of_no_return"]["point"] == 62
    assert printed.err == ""


def test_json_in_a_file_stands_beside_the_report(store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    file.write_text('{"an": "earlier report"}')
    assert main(["run", "two_coins.py", "--json", str(file), *store], Fakes().services) == 0
    assert json.loads(file.read_text())["explored"]["futures"] == 1000
    assert "none failed" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("missing/report.json", "is in a directory that doesn't exist"),
        (".", "is a directory"),
        ("boat.py", "holds something else than JSON and won't be overwritten"),
    ],
)
def test_a_place_for_json_that_cant_be_is_refused_before_any_work(
    store: list[str], place: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fakes = Fakes()
    assert main(["run", "two_coins.py", "--json", place, *store], fakes.services) == 4
    assert message in capsys.readouterr().err
    assert fakes.calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--futures", "0"], 'futures=0 must be at least 1; to run one timeline again use "crossroads replay ID"'),
        (["--futures", "many"], 'futures=many must be a whole number; to run one timeline again use "crossroads replay ID"'),
        (["--seed", "-1"], "seed=-1 must be at least 0"),
        (["--seed", str(2**64)], f"seed={2**64} must be at most {2**64 - 1}"),
        (["--budget", "99"], "budget=99 must be at least 100; 10000 is the usual number, and 90s or 5m a time"),
        (["--budget", "soon"], "budget=soon must be a whole number; 10000 is the usual number, and 90s or 5m a time"),
        (["--budget", "0.5s"], "budget=0.5s must be at least 1s, or a number of futures"),
        (["--jobs", "0"], "jobs=0 must be at least 1"),
        (["--wall", "0"], "wall=0 must be more than 0 seconds; without this option it adapts to the program"),
        (["--wall", "nan"], "wall=nan must be more than 0 seconds; without this option it adapts to the program"),
        (["--memory", "2"], "memory=2 must be a number with its unit, such as 512MB or 2GB"),
        (["--memory", "1KB"], "memory=1KB must be at least 16MB, or hardly any program could run in it"),
        (["--steps", "0"], "steps=0 must be at least 1"),
        (["--faults", "crash,fire"], "faults=fire must be one or several of crash, partition, reset, loss, with commas between them"),
        (["--colour"], "no such option"),
        (["--engine", "vm"], "engine=vm must be fork or replay"),
        (["other.py"], 'got unexpected extra argument (other.py); see "crossroads run --help"'),
    ],
)
def test_settings_that_cant_be_are_said_in_one_line(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes()
    assert main(["run", "boat.py", *options], fakes.services) == 4
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("crossroads: ")
    assert printed.out == ""
    assert fakes.calls == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TargetError("there is no file"), 4),
        (EngineError("nothing can be forked"), 3),
        (DivergedError("not the same run"), 3),
        (InternalError("a count is off"), 3),
        (ZeroDivisionError("oops"), 3),
        (OSError(28, "No space left on device"), 3),
    ],
)
def test_errors_are_one_line_without_a_traceback(store: list[str], error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "boat.py", *store], Fakes(error).services) == code
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert str(error) in printed.err
    assert ("please report it" in printed.err) == isinstance(error, InternalError | ZeroDivisionError)


@pytest.mark.parametrize("arguments", [["--debug", "run", "boat.py"], ["run", "boat.py", "--debug"]])
def test_debug_shows_the_traceback(store: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, *store], Fakes(ZeroDivisionError("oops")).services) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_failure_that_cant_be_explained_is_reported_with_the_reason(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)), DivergedError("it was another run; look for threads"))
    assert main(["run", "two_coins.py", *store], fakes.services) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "failure 3fa9c2d1 could not be explained: it was another run; look for threads." in text
    assert "Failures, not explained" in text


def test_a_bug_of_ours_while_explaining_doesnt_cost_the_report(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)), InternalError("a count is off"))
    assert main(["run", "two_coins.py", *store], fakes.services) == 3
    printed = capsys.readouterr()
    assert "Failures, not explained" in printed.out
    assert "please report it" in printed.err


def test_interrupted_while_exploring(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False), complete=False))
    assert main(["run", "two_coins.py", *store], fakes.services) == 2
    assert [name for name, _, _ in fakes.calls] == ["explore"]
    assert "It was interrupted; the same command goes on from here." in capsys.readouterr().out


def test_interrupted_while_explaining_keeps_what_is_known(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def ctrl_c(name: str, named: dict[str, Any]) -> None:
        if name == "explain":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                return

    others = [replace(made.coins(account=False), id=f"0000000{number}") for number in range(2)]
    fakes = Fakes(made.exploration(*others), during=ctrl_c)
    assert main(["run", "two_coins.py", *store], fakes.services) == 2
    assert [name for name, _, _ in fakes.calls] == ["explore", "explain"]
    assert "Decided in 2 steps" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupted_anywhere_else(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "two_coins.py", *store], Fakes(KeyboardInterrupt()).services) == 2
    assert capsys.readouterr().err.strip() == "crossroads: interrupted; what was found until then is in the store"


def test_after_an_interrupted_search_no_turning_point_isnt_taken_for_none(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    account = made.gradual().account
    assert account is not None
    fakes = Fakes(made.exploration(made.coins(account=False)), replace(account, ended="interrupted"))
    main(["run", "two_coins.py", *store], fakes.services)
    assert "No turning point is known yet." in capsys.readouterr().out


def test_no_progress_in_a_pipe(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def report(name: str, named: dict[str, Any]) -> None:
        named["on_progress"](Progress("exploring", 5, 10, 3.0, 1, 2.0))

    assert main(["run", "two_coins.py", *store], Fakes(during=report).services) == 0
    assert capsys.readouterr().err == ""


def test_annotations_come_after_the_report(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.coins(account=False)))
    assert main(["run", "two_coins.py", "--annotations", "github", *store], fakes.services) == 1
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("::error file=")
    assert last.endswith(f"fails in 250 of 1000 futures of two_coins.py:main%0Acrossroads replay 3fa9c2d1 --store {store[1]}")
