"""The cases, the interpreters they run in, and the command as it is typed."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import crossroads

HERE = Path(__file__).parent
ENVIRONMENTS = Path(os.environ.get("CROSSROADS_CASES", HERE.parents[1] / ".cases")).resolve()
"""Holds `<case>-buggy` and `<case>-fixed`: a virtual environment, or a folder that packages were installed into with --target."""

QUIET_FUTURES = int(os.environ.get("CROSSROADS_CASES_FUTURES", "300"))
"""Futures in which a correct program may not fail."""

TIMEOUT_S = 1_200
"""Only so that a hang ends; nothing is measured by it."""

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Bug:
    """A bug of a library.

    Args:
        exception: type of the failure.
        message: words that its message has.
    """

    case: str
    exception: str
    message: str


@dataclass(frozen=True)
class PythonBug(Bug):
    """A bug of asyncio itself; both ranges are of versions on which it was seen to fail, or never to."""

    fails_on: tuple[tuple[Version, Version], ...]
    passes_on: tuple[tuple[Version, Version], ...]


LIBRARY_BUGS = (
    Bug("aiohttp-connector-slot-lost", "AssertionError", "a request waits for a connection slot"),
    Bug("aiohttp-websocket-cancelled-send", "AssertionError", ""),
    Bug("aiojobs-cancelled-spawn", "AssertionError", "scheduler stuck"),
    Bug("anyio-stream-item-lost", "AssertionError", "lost: "),
    Bug("psycopg-pool-cancelled-waiter", "PoolTimeout", "couldn't get a connection"),
    Bug("redis-cancel-desync", "AssertionError", "was shown"),
    Bug("starlette-background-cancelled", "AssertionError", "never confirmed"),
    Bug("websockets-cancelled-ping", "ConnectionClosedError", ""),
)
PYTHON_BUGS = (
    PythonBug(
        "cpython-nested-taskgroups",
        "AssertionError",
        "the heartbeat is dead",
        fails_on=(((3, 11, 0), (3, 12, 1)),),
        passes_on=(((3, 13, 0), (3, 13, 0)),),
    ),
    PythonBug(
        "cpython-serve-forever-cancel",
        "AssertionError",
        "serve_forever() was cancelled",
        fails_on=(((3, 12, 1), (3, 12, 1)), ((3, 13, 0), (3, 13, 0))),
        passes_on=(((3, 11, 0), (3, 11, 99)),),
    ),
    PythonBug(
        "cpython-wait-for-swallows-cancel",
        "AssertionError",
        "the collector was cancelled",
        fails_on=(((3, 11, 0), (3, 11, 99)),),
        passes_on=(((3, 12, 0), (3, 13, 99)),),
    ),
)
CONTROLS = ("control-check-then-act", "control-start-order")


def fits(ranges: tuple[tuple[Version, Version], ...]) -> bool:
    """Whether this interpreter is in one of the ranges, both ends included."""
    return any(low <= sys.version_info[:3] <= high for low, high in ranges)


@dataclass(frozen=True)
class Place:
    """A folder with one case, and the interpreter that lives it.

    Args:
        packages: a folder that packages were installed into, beside the interpreter's own.
        edited: one with packages that were edited and take the places of those.
    """

    folder: Path
    python: str
    packages: Path | None = None
    edited: Path | None = None

    @property
    def _environment(self) -> dict[str, str]:
        ours = Path(crossroads.__file__).parents[1]
        paths = [self.edited, self.packages, ours if self.packages or self.python == sys.executable or ours.name == "src" else None]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths if path), "COLUMNS": "100"}

    def crossroads(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The command, with a store of its own."""
        command = [self.python, "-m", "crossroads", *arguments, "--store", "found.sqlite"]
        return subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )

    def report(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Exit code and report of `crossroads run`."""
        done = self.crossroads("run", "scenario.py", "--json", "-", *options)
        assert done.stdout, f"exit code {done.returncode}: {done.stderr}"
        return done.returncode, json.loads(done.stdout)

    def package(self, name: str) -> Path:
        """The folder of a package as it is installed for this case."""
        if self.packages is not None:
            return self.packages / name
        code = f"import importlib.util; print(*importlib.util.find_spec({name!r}).submodule_search_locations)"
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        return Path(done.stdout.strip())


def bare(case: str, folder: Path) -> Place:
    """A case that needs no packages, in this interpreter."""
    shutil.copy(HERE / case / "scenario.py", folder)
    return Place(folder, sys.executable)


def installed(case: str, kind: str, folder: Path) -> Place:
    """A case in the environment that has its packages; skips the test where nobody has made it."""
    environment = ENVIRONMENTS / f"{case}-{kind}"
    if not environment.is_dir():
        pytest.skip(f"{environment} is not there; make cases builds it")
    if not (folder / "scenario.py").exists():
        shutil.copy(HERE / case / "scenario.py", folder)
    python = environment / "bin" / "python"
    return Place(folder, str(python)) if python.exists() else Place(folder, sys.executable, environment)
