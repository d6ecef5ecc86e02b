"""What the source of a program or a test tells of the world that it needs, read without importing it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

LOOP_STARTERS: Final = ("asyncio.run", "anyio.run", "asyncio.Runner", "asyncio.new_event_loop", "asyncio.get_event_loop")

ASYNC_CASE: Final = "IsolatedAsyncioTestCase"

SETTINGS_FILES: Final = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".git")
"""A folder that has one of them is taken for the highest whose conftest.py counts."""

SETUPS: Final = ("setup_module", "setup_class", "setup_method", "setup_function", "setUpModule", "setUpClass", "setUp")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def starts_loop(tree: ast.AST) -> bool:
    """Whether a piece of source starts an event loop."""
    return any(isinstance(node, ast.Call) and ast.unparse(node.func) in LOOP_STARTERS for node in ast.walk(tree))


def conftests_of(path: Path) -> list[Path]:
    """The files conftest.py that speak for a test's file, the nearest first."""
    found = []
    for folder in path.resolve().parents:
        if (folder / "conftest.py").is_file():
            found.append(folder / "conftest.py")
        if any((folder / name).exists() for name in SETTINGS_FILES):
            break
    return found


def is_async_test(path: Path, test: str) -> bool:
    """Whether a test needs an event loop: it is a coroutine function, a fixture of its own is, or what it calls in its file starts one.

    Args:
        path: of the test's file.
        test: what stands behind it in the node id.

    Raises:
        OSError, SyntaxError, ValueError: the file can't be read.
    """
    tree = ast.parse(path.read_bytes())
    *classes, name = test.partition("[")[0].split("::")
    if _is_async_case(tree, classes):
        return True
    first = _named(tree, classes, name)
    if first is None:
        return any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree))
    if any(isinstance(node, ast.AsyncFunctionDef) for node in first):
        return True
    return _comes_to_loop(first, [tree, *_trees(conftests_of(path))])


def _trees(paths: Iterable[Path]) -> Iterator[ast.Module]:
    for path in paths:
        try:
            yield ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue


def _is_async_case(tree: ast.Module, classes: list[str]) -> bool:
    """Whether a class of these names is a test case of unittest's with a loop of its own, itself or by a base in the same file."""
    bases = {node.name: [ast.unparse(base) for base in node.bases] for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    left, seen = list(classes), set[str]()
    while left:
        name = left.pop().rpartition(".")[2]
        if name == ASYNC_CASE:
            return True
        if name not in seen:
            seen.add(name)
            left += bases.get(name, ())
    return False


def _named(tree: ast.Module, classes: list[str], name: str) -> list[Function] | None:
    """The functions that a test's name may mean, those in its class first; None where the file has none, as it is inherited."""
    inside: ast.AST = tree
    for wanted in classes:
        inside = next((node for node in ast.walk(inside) if isinstance(node, ast.ClassDef) and node.name == wanted), inside)
    return _functions(inside, name) or _functions(tree, name) or None


def _functions(tree: ast.AST, name: str) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function) and node.name == name]


def _comes_to_loop(first: list[Function], trees: list[ast.Module]) -> bool:
    """Follow names: of arguments, which are fixtures, and of whatever is called in these files."""
    known: dict[str, list[Function]] = {}
    left = list(first)
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, Function):
            for name in (node.name, *_other_names(node)):
                known.setdefault(name, []).append(node)
            if node.name in SETUPS or any("autouse=True" in ast.unparse(decorator) for decorator in node.decorator_list):
                left.append(node)
    left += [found for name in _used_by_marks(trees[0]) for found in known.get(name, ())]
    seen: set[int] = set()
    while left:
        function = left.pop()
        if isinstance(function, ast.AsyncFunctionDef) or starts_loop(function):
            return True
        if id(function) not in seen:
            seen.add(id(function))
            left += [found for name in _mentioned(function) for found in known.get(name, ())]
    return False


def _mentioned(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _other_names(function: Function) -> Iterator[str]:
    """Names given to a fixture by its decorator."""
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


def _used_by_marks(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("usefixtures"):
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))
