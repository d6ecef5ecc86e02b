"""Tidiness that no linter checks: words, lengths, and public names without a word of explanation."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "crossroads"

BANNED = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "invalid in" + "put")
"""Put together, so that this file may be searched, too."""

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 60
"""A screen; most are under 40."""

TEXTS = sorted(
    path
    for folder in ("src", "tests", "docs", "examples", "bench", "changes")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".md", ".txt") and "__pycache__" not in path.parts
)
FILES = sorted(SOURCE.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public names without a docstring: the module, its functions and classes, and the longer methods of classes that have no base."""
    if not ast.get_docstring(tree):
        yield "the module"
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.name
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from (f"{node.name}.{method.name}" for method in node.body if isinstance(method, Function) and needs_words(method))


def needs_words(method: Function) -> bool:
    """A short method of a documented class may be told by its name alone."""
    return not method.name.startswith("_") and not ast.get_docstring(method) and lines_of(method) > 12


def lines_of(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_banned_words(path: Path) -> None:
    text = path.read_text()
    assert [word for word in BANNED if word in text] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_sizes(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES_MAX
    long = [node.name for node in functions(ast.parse(text)) if lines_of(node) > FUNCTION_LINES_MAX]
    assert long == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_names_are_documented(path: Path) -> None:
    assert list(undocumented(ast.parse(path.read_text()))) == []
