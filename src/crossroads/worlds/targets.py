"""Targets: which function of which file or module, or which test, is the program under test, as a user writes it."""

import ast
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from crossroads.errors import TargetError
from crossroads.worlds.sources import conftests_of, is_async_test, starts_loop

DEFAULT_FUNCTION = "main"


@dataclass(frozen=True, slots=True)
class Target:
    """A function or a test to run.

    Args:
        place: a path to a file, or a dotted module name.
        function: its name, dots for a function inside of a class; of a test what stands behind the file in its node id.
        is_path: whether `place` is a path.
        is_test: whether this is a test as pytest names it, "tests/test_boat.py::TestBoat::test_arrives[storm]".
    """

    place: str
    function: str
    is_path: bool
    is_test: bool = False

    def __str__(self) -> str:
        return f"{self.place}{'::' if self.is_test else ':'}{self.function}"


def parse_target(text: str) -> Target:
    """Read "path.py", "path.py:function", "package.module" or "package.module:function", or a node id of pytest's, "path.py::test".

    The function is `main` by default.

    Raises:
        TargetError: it is none of these, or there is no such file.
    """
    if "::" in text:
        return _parse_test(text)
    place, colon, function = text.rpartition(":")
    if not colon or os.sep in function:
        place, function = text, DEFAULT_FUNCTION
    if not place or not all(part.isidentifier() for part in function.split(".")):
        raise TargetError(f"target={text!r} names no function; write path.py:function or package.module:function")
    is_path = place.endswith(".py") or os.sep in place or Path(place).is_file()
    if is_path:
        path = Path(place)
        if path.is_dir():
            raise TargetError(f"target={text!r} is a directory; name a Python file in it, such as {place.rstrip('/')}/main.py")
        if not path.is_file():
            raise TargetError(f"target={text!r}: there is no file {place!r} in {os.getcwd()}; check the path")
    elif not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(f"target={text!r} is neither a Python file nor a module name; write path.py:function or package.module:function")
    return Target(place, function, is_path)


def _parse_test(text: str) -> Target:
    place, _, test = text.partition("::")
    names = test.partition("[")[0].split("::")
    if not all(names):
        raise TargetError(f"target={text!r} names no test; write path.py::test or path.py::TestClass::test, as pytest does")
    if not Path(place).is_file():
        raise TargetError(f"target={text!r}: there is no file {place!r} in {os.getcwd()}; check the path")
    return Target(place, test, True, True)


def target_of(target: str | os.PathLike[str] | Callable[..., object]) -> Target:
    """The target that a text or a path names, or that another process can find a function by.

    Raises:
        TargetError: it names nothing, or isn't importable: a lambda, a nested function, or one typed into a prompt.
    """
    if isinstance(target, str | os.PathLike):
        return parse_target(os.fspath(target))
    if not callable(target):
        raise TargetError(f"target={target!r} is neither a text, a path nor a function; write path.py:function or package.module:function")
    return _importable(target)


def _importable(function: Callable[..., object]) -> Target:
    name = getattr(function, "__qualname__", repr(function))
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    file = getattr(module, "__file__", None)
    if module is None or "<" in name or file is None:
        raise TargetError(f"target={name} can't be imported by another process; pass a function defined at the top of a file")
    if module.__name__ == "__main__" or importlib.util.find_spec(module.__name__) is None:
        return Target(os.path.relpath(file), name, True)
    return Target(module.__name__, name, False)


def code_digest(target: Target) -> str:
    """16 hexadecimal digits for the source of the target's file, of a test also the conftest.py files; "" where it can't be read."""
    try:
        path = Path(target.place) if target.is_path else module_file(target.place)
        sources = [path, *conftests_of(path)] if target.is_test else [path]
        return blake2b(b"\0".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()
    except (OSError, TargetError):
        return ""


def world_of(target: Target) -> str:
    """The name of the world that the target is for: "asyncio" for a coroutine function or a file that starts a loop, else "plain".

    It is told from the source, without importing it.
    """
    try:
        if target.is_test:
            return "asyncio" if is_async_test(Path(target.place), target.function) else "plain"
        tree = ast.parse((Path(target.place) if target.is_path else module_file(target.place)).read_bytes())
    except (OSError, TargetError, SyntaxError, ValueError):
        return "plain"
    name = target.function.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return "asyncio"
    function = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name), None)
    return "asyncio" if starts_loop(function or ast.Module([], [])) else "plain"


def module_file(name: str) -> Path:
    """The file of a module of this name, which need not be imported; TargetError where there is none."""
    top = name.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        raise TargetError(f"there is no module {name!r} on the path")
    path = Path(spec.origin)
    for part in name.split(".")[1:]:
        folder = path.parent / part
        path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return path


def load_target(target: Target) -> tuple[ModuleType, Callable[[], Any]]:
    """Import the target's module as `python path.py` or `import module` would, and find its function.

    Raises:
        TargetError: there is no such module or function, or it needs arguments.
        BaseException: whatever the module itself raises while it is imported.
    """
    if target.is_test:
        raise TargetError(f"{target} is a test, and can't be called as a program can; name a function, as in {target.place}:main")
    module = _load_file(Path(target.place)) if target.is_path else importlib.import_module(target.place)
    function: Any = module
    for part in target.function.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        there = [name for name, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module.__name__]
        has = f"it has: {', '.join(there[:8])}" if there else "it defines no functions"
        raise TargetError(f"{target.place} has no function {target.function!r}; {has}")
    _check_call(target, function)
    return module, function


def _check_call(target: Target, function: Callable[..., object]) -> None:
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise TargetError(f"{target} can't be called without arguments ({error}); name a function that needs none") from None
    except ValueError:
        pass


def _load_file(path: Path) -> ModuleType:
    name = path.stem if path.stem.isidentifier() else "program"
    if name in sys.modules:
        name = f"{name}_under_test"
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} can't be loaded as Python source; its name should end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
