"""The house: a folder of src/crossroads imports only from those below it, and what is imported when stays as little as was promised."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "crossroads"

LAYERS = ("errors", "program", "world", "stats", "timeline", "store", "snapshots", "worlds", "rings", "runners", "analysis", "faces")
"""Each may import those before it, and itself."""

ABOVE_ALL = ("__init__", "__main__", "extend", "pytest_plugin")
"""Files that open the house to others: they may import everything."""

SANS_IO = ("stats", "timeline")
NOT_SANS_IO = frozenset(("os", "socket", "asyncio", "sqlite3", "random", "time"))

ONLY_IN = {
    "rich": ("faces",),
    "click": ("faces",),
    "jinja2": ("faces",),
    "starlette": ("faces",),
    "uvicorn": ("faces",),
    "matplotlib": ("faces",),
    "sqlite3": ("store",),
    "_sqlite3": ("rings",),
    "platformdirs": ("store",),
}
"""Packages that these layers alone may import."""

NEVER_IMPORTED = ("numpy", "simpy", "gymnasium")
"""Optional packages, which are patched when the program imports them."""


class Import(NamedTuple):
    """One import of one module, and where it stands."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(SOURCE)}:{self.line} imports {self.module}"

    @property
    def layer(self) -> str:
        return self.file.relative_to(SOURCE).parts[0].removesuffix(".py")

    @property
    def package(self) -> str:
        return self.module.split(".")[0]


FILES = sorted(SOURCE.rglob("*.py"))


def imports_of(file: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports name their module in full"
            yield Import(file, node.lineno, f"{node.module}.{node.names[0].name}" if node.module == "crossroads" else str(node.module))


ALL = [found for file in FILES for found in imports_of(file)]


def offences(found: Iterator[Import]) -> str:
    return "\n".join(str(one) for one in found)


def test_every_file_belongs_to_a_layer() -> None:
    assert {file.relative_to(SOURCE).parts[0].removesuffix(".py") for file in FILES} <= {*LAYERS, *ABOVE_ALL}


def test_a_layer_imports_only_from_those_below_it() -> None:
    def is_offence(found: Import) -> bool:
        if found.package != "crossroads" or found.layer in ABOVE_ALL:
            return False
        imported = found.module.split(".")[1]
        if imported == "__version__":
            return found.layer != "faces"
        return imported not in LAYERS[: LAYERS.index(found.layer) + 1]

    assert not offences(found for found in ALL if is_offence(found))


def test_faces_are_looked_up_by_name_in_one_place_alone() -> None:
    named = [file for file in FILES if "crossroads.faces" in file.read_text() and file.relative_to(SOURCE).parts[0] != "faces"]
    assert [str(file.relative_to(SOURCE)) for file in named if file.stem not in ABOVE_ALL] == ["analysis/results.py"]


def test_the_pure_layers_reach_nothing_outside_of_the_process() -> None:
    assert not offences(found for found in ALL if found.layer in SANS_IO and found.package in NOT_SANS_IO)


def test_stats_know_nothing_of_ours_but_errors() -> None:
    ours = (found for found in ALL if found.layer == "stats" and found.package == "crossroads")
    assert not offences(found for found in ours if found.module.split(".")[1] not in ("stats", "errors"))


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_by_its_layer_alone(package: str) -> None:
    assert not offences(found for found in ALL if found.package == package and found.layer not in ONLY_IN[package])


def test_optional_packages_are_imported_nowhere() -> None:
    assert not offences(found for found in ALL if found.package in NEVER_IMPORTED)


def test_every_folder_says_what_it_is() -> None:
    folders = sorted({file.parent for file in FILES})
    missing = [
        str(folder.relative_to(SOURCE.parent))
        for folder in folders
        if not (folder / "__init__.py").is_file() or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert not missing


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_program_under_test_loads_next_to_nothing() -> None:
    loaded = loaded_after("from crossroads import chance, decide, mark")
    assert {name for name in loaded if name.split(".")[0] == "crossroads"} == {"crossroads", "crossroads.program"}
    assert {name.split(".")[0] for name in loaded} - {"crossroads"} <= sys.stdlib_module_names


def test_the_analysis_never_sees_the_terminal() -> None:
    loaded = loaded_after("import crossroads; crossroads.explore; crossroads.explain")
    assert not {name.split(".")[0] for name in loaded} & {"rich", "click", "jinja2"}
