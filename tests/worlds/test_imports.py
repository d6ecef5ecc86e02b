import importlib
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossroads.worlds.imports import on_import


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "hooked_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from hooked_package.inner import value\n")
    (folder / "inner.py").write_text("value = 1\n")
    (folder / "data.txt").write_text("data")
    monkeypatch.syspath_prepend(tmp_path)
    yield "hooked_package"
    for name in ("hooked_package", "hooked_package.inner"):
        sys.modules.pop(name, None)


def test_a_patch_runs_before_the_importer_goes_on(package: str) -> None:
    cancel = on_import(f"{package}.inner", lambda module: setattr(module, "value", 2))
    assert importlib.import_module(package).value == 2
    cancel()


def test_a_patch_runs_at_once_where_the_module_is_imported(package: str) -> None:
    module = importlib.import_module(package)
    seen: list[object] = []
    on_import(package, seen.append)()
    assert seen == [module]


def test_several_hooks_run_in_order_and_a_cancelled_one_does_not(package: str) -> None:
    seen: list[int] = []
    cancels = [on_import(package, lambda module, number=number: seen.append(number)) for number in range(3)]  # type: ignore[misc]
    cancels[1]()
    importlib.import_module(package)
    assert seen == [0, 2]
    cancels[0]()
    cancels[2]()


def test_the_context_is_around_the_code_of_the_module(package: str) -> None:
    order: list[str] = []

    @contextmanager
    def during() -> Iterator[None]:
        order.append("before")
        yield
        order.append("after")

    cancel = on_import(package, lambda module: order.append("patch"), during=during)
    importlib.import_module(package)
    assert order == ["before", "after", "patch"]
    cancel()


def test_the_module_keeps_its_own_loader(package: str) -> None:
    cancel = on_import(package, lambda module: None)
    module = importlib.import_module(package)
    assert type(module.__loader__).__name__ == type(module.__spec__.loader).__name__ == "SourceFileLoader"  # type: ignore[union-attr]
    assert pkgutil.get_data(package, "data.txt") == b"data"
    cancel()


def test_nothing_is_left_behind() -> None:
    before = list(sys.meta_path)
    cancels = [on_import("no_such_module", lambda module: None) for _ in range(2)]
    assert len(sys.meta_path) == len(before) + 1
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module")
    for cancel in cancels:
        cancel()
        cancel()
    assert sys.meta_path == before


def test_an_error_of_the_module_comes_through(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "inner.py").write_text("1 / 0\n")
    seen: list[object] = []
    cancel = on_import(f"{package}.inner", seen.append)
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(package)
    assert seen == []
    cancel()
