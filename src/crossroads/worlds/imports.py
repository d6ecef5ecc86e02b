"""Hooks that run right after a module was imported, or at once where it is imported already.

So packages that a program may use (numpy, SimPy, gymnasium) are patched when it imports them, and cost nothing when it doesn't.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Patch = Callable[[ModuleType], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Hook:
    name: str
    patch: Patch
    during: Callable[[], AbstractContextManager[Any]] | None


_hooks: list[_Hook] = []


def on_import(name: str, patch: Patch, *, during: Callable[[], AbstractContextManager[Any]] | None = None) -> Callable[[], None]:
    """Have `patch(module)` called when the module has been imported, before its importer goes on.

    Args:
        name: full name of the module.
        patch: called at once if the module is imported already; called again if it is reloaded.
        during: gives a context to execute the module's code in; not used where it is imported already.

    Returns:
        A function that takes the hook away. What the patch has done is the caller's to undo.

    Example:
        >>> cancel = on_import("colorsys", lambda module: print(module.__name__))
        >>> import colorsys
        colorsys
        >>> cancel()
    """
    hook = _Hook(name, patch, during)
    _hooks.append(hook)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        patch(module)

    def cancel() -> None:
        if hook in _hooks:
            _hooks.remove(hook)
        if not _hooks and _finder in sys.meta_path:
            sys.meta_path.remove(_finder)

    return cancel


class _Finder:
    """Asks the other finders for the modules that have hooks, and wraps the loader they name."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if all(hook.name != name for hook in _hooks):
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if finder is self or find_spec is None:
                continue
            spec: ModuleSpec | None = find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _wrap(spec.loader)
                return spec
        return None


class _Loader:
    """The module's own loader, with the hooks behind `exec_module`."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps its own loader: importlib.resources and pkgutil look at its type.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        hooks = [hook for hook in _hooks if hook.name == module.__name__]
        with ExitStack() as stack:
            for hook in hooks:
                if hook.during is not None:
                    stack.enter_context(hook.during())
            self._loader.exec_module(module)
        for hook in hooks:
            hook.patch(module)


_wrap: Any = _Loader
_finder: Any = _Finder()
