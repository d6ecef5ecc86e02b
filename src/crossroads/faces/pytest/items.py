"""Which tests are lived many times: those with the marker, and with --crossroads all that run an event loop."""

import inspect
import unittest
from typing import Any

import pytest

from crossroads.faces.pytest.settings import MARKER


def is_marked(item: pytest.Item) -> bool:
    """Whether a test has the marker."""
    return item.get_closest_marker(MARKER) is not None


def is_wanted(item: pytest.Item) -> bool:
    """Whether a test is lived many times, as the marker and the options have it."""
    return is_marked(item) or (bool(item.config.option.crossroads) and is_async(item) and _backend(item) == "asyncio")


def is_async(item: pytest.Item) -> bool:
    """Whether a test runs on an event loop: a coroutine function, or a method of an IsolatedAsyncioTestCase."""
    if not isinstance(item, pytest.Function):
        return False
    if isinstance(item.cls, type) and issubclass(item.cls, unittest.IsolatedAsyncioTestCase):
        return True
    return inspect.iscoroutinefunction(_innermost(item.obj))


def _innermost(function: Any) -> Any:
    """What is decorated; Hypothesis keeps it in a place of its own."""
    given = getattr(getattr(function, "hypothesis", None), "inner_test", None)
    return inspect.unwrap(function if given is None else given)


def _backend(item: pytest.Item) -> str:
    """The library whose loop it runs on, as far as anyio's parameter says so."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    backend = parameters.get("anyio_backend", "asyncio")
    return str(backend[0] if isinstance(backend, tuple) else backend)
