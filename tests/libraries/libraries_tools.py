"""The programs, the interpreter that has their libraries, and the two ways to run one."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crossroads

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
ENVIRONMENT = Path(os.environ.get("CROSSROADS_CASES", HERE.parents[1] / ".cases")).resolve() / "libraries"
"""A virtual environment with the libraries; programs that need none run in this interpreter."""

FUTURES = int(os.environ.get("CROSSROADS_LIBRARIES_FUTURES", "50"))
TIMEOUT_S = 1_200
"""Only so that a hang ends; nothing is measured by it."""

ON_STOCK = "import asyncio, {name} as program; asyncio.run(program.main())"


def packages_of(program: Path) -> list[str]:
    """The packages that it imports, those of the standard library apart."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(program.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    return sorted(names - sys.stdlib_module_names)


def python_for(program: Path) -> str:
    """An interpreter that has what the program imports; skips the test where there is none."""
    if all(importlib.util.find_spec(name) for name in packages_of(program)):
        return sys.executable
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{ENVIRONMENT} is not there; make cases builds it")
    return str(python)


def start(program: Path, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A process in which crossroads and the program can be imported."""
    python, ours = python_for(program), Path(crossroads.__file__).parents[1]
    paths = [str(program.parent)] + ([str(ours)] if python == sys.executable or ours.name == "src" else [])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run([python, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def on_stock(program: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The program on stock asyncio, without crossroads."""
    return start(program, "-c", ON_STOCK.format(name=program.stem), cwd=folder)


def explored(program: Path, folder: Path) -> dict[str, Any]:
    """The report of its exploration."""
    done = start(
        program, "-m", "crossroads", "run", str(program), "--futures", str(FUTURES), "--json", "-", "--store", "found.sqlite", cwd=folder
    )
    assert done.stdout, f"exit code {done.returncode}: {done.stderr}"
    report: dict[str, Any] = json.loads(done.stdout)
    return report
