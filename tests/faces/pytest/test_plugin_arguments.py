"""Which arguments a test's own session is given."""

import argparse
import os
import shlex

import pytest

from crossroads.faces.pytest.arguments import VARIABLE, in_front, inner_arguments, passed_on, telling


def options() -> dict[str, argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-c", "--config-file", dest="inifilename")
    parser.add_argument("-o", "--override-ini", action="append")
    parser.add_argument("-p", action="append", dest="plugins")
    parser.add_argument("-k", dest="keyword")
    parser.add_argument("-v", action="count", dest="verbose")
    parser.add_argument("-n", dest="numprocesses")
    parser.add_argument("--runslow", action="store_true")
    parser.add_argument("--crossroads", action="store_true")
    parser.add_argument("--crossroads-futures")
    parser.add_argument("--cov", nargs="?", dest="cov_source")
    parser.add_argument("--database", nargs="?", dest="database")
    parser.add_argument("--stages", nargs="*", dest="stages")
    parser.add_argument("--pair", nargs=2, dest="pair")
    return parser._option_string_actions


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("tests/test_a.py::test_b -k this -v", ""),
        ("-o asyncio_mode=auto tests -p no:cacheprovider", "-o asyncio_mode=auto"),
        ("--override-ini=asyncio_mode=auto -pmine -pno:xdist -p no:mine -vv", "--override-ini=asyncio_mode=auto -pmine -p no:mine"),
        ("-c other.ini -n 2 -n2", "-c other.ini"),
        ("--crossroads --crossroads-futures 20 --crossroads-futures=20 --runslow", "--runslow"),
        ("--cov src --cov tests --database dev tests/a.py", "--database dev"),
        ("--database --runslow", "--database --runslow"),
        ("--stages one two --pair three four five", "--stages one two --pair three four"),
        ("--unknown -z --runslow -- -o x=y", "--runslow"),
        ("", ""),
    ],
)
def test_what_changes_a_test_is_passed_on(typed: str, kept: str) -> None:
    assert inner_arguments(shlex.split(typed), options()) == shlex.split(kept)


def test_this_pytest_knows_its_options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    class Given:
        args = ("-x", "--import-mode", "append", "-W", "error", "tests", "--tb=short", "--rootdir=.", "--maxfail", "3")

    with monkeypatch.context() as changed:
        changed.setattr(request.config, "invocation_params", Given)
        changed.delattr(request.config, "workerinput", raising=False)
        found = passed_on(request.config)
    assert found == ["--import-mode", "append", "-W", "error", "--rootdir=."]


def test_workers_know_the_arguments_of_the_whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(request.config, "workerinput", {"crossroads_arguments": ["-W", "error", "-n2"]}, raising=False)
        assert passed_on(request.config) == ["-W", "error"]


def test_the_environment_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "-q")
    with telling(["-o", "a=b c"]):
        assert shlex.split(os.environ[VARIABLE]) == ["-q", "-o", "a=b c"]
    assert os.environ[VARIABLE] == "-q"
    monkeypatch.delenv(VARIABLE)
    with telling(["-q"]):
        assert os.environ[VARIABLE] == "-q"
    assert VARIABLE not in os.environ
    with telling([]):
        assert VARIABLE not in os.environ


def test_a_command_says_them_in_front() -> None:
    assert in_front([]) == ""
    assert shlex.split(in_front(["-o", "a=b c"])) == ["PYTEST_ADDOPTS=-o 'a=b c'"]
