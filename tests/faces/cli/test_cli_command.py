"""The command as a whole: help, version, pipes that close, and what it does when started as a process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crossroads
from crossroads.faces.cli import main

VERBS = ["run", "explain", "replay", "show", "list", "export"]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(crossroads.__file__).parents[1]), "COLUMNS": "88"}


def start(*arguments: str, stdout: Any = subprocess.PIPE, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "crossroads", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=cwd, timeout=60, check=False)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_the_verbs_in_the_order_of_their_use(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    text = capsys.readouterr().out
    places = [text.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)
    assert "Exit codes: 0 no failure found" in text


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "-h"]) == 0
    text = capsys.readouterr().out
    assert "--debug" in text
    assert max(len(row) for row in text.splitlines()) <= 100


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"crossroads {crossroads.__version__}\n"


def test_without_a_verb_it_shows_its_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    assert "Usage: crossroads" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fly"], "crossroads: no such command 'fly'; see \"crossroads --help\"\n"),
        (["run"], "crossroads: missing argument 'TARGET'; see \"crossroads run --help\"\n"),
        (["show"], "crossroads: missing argument 'ID'; see \"crossroads show --help\"\n"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 4
    assert capsys.readouterr().err == message


@pytest.mark.slow
def test_as_a_process_it_ends_with_its_exit_code(tmp_path: Path) -> None:
    done = start("list", "--store", "here.sqlite", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "crossroads run TARGET" in done.stdout
    assert start("fly").returncode == 4


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
def test_a_stdout_that_takes_nothing_more_is_one_line_on_stderr(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = start("list", "--store", "here.sqlite", stdout=full, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
