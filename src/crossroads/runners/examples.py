"""Tests of Hypothesis': `@given` chooses the inputs, crossroads chooses the futures.

Within each future Hypothesis runs the same examples: derandomised, without its database, deadlines, health checks and shrinking, its own
draws exempt from those that futures vary. The first example that fails ends the future, with the test's own exception: to run it once more,
as Hypothesis does before it tells of one, would be to choose another future. What the program draws or decides varies as ever.
Outside of a session for futures nothing is changed.
"""

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

import pytest

from crossroads.worlds.randoms import stock_random

SETTINGS: Final[dict[str, object]] = {
    "database": None,
    "deadline": None,
    "derandomize": True,
    "print_blob": False,
    "report_multiple_bugs": False,
}

ARGUMENT_CHARS_MAX: Final = 400


class ExampleFailed(BaseException):
    """Ends a test of Hypothesis' past all that it would do next.

    Args:
        error: what the example has raised.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def use_examples(item: pytest.Item) -> None:
    """Have a test, if it is one of Hypothesis', run in a future as said above."""
    called = getattr(item, "obj", None)
    test: Any = getattr(called, "__func__", called)
    if not getattr(test, "is_hypothesis_test", False):
        return
    hypothesis = sys.modules["hypothesis"]
    test._hypothesis_internal_use_settings = hypothesis.settings(
        getattr(test, "_hypothesis_internal_use_settings", None),
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
        **SETTINGS,
    )
    _fix_inputs(sys.modules["hypothesis.core"])
    inner = test.hypothesis.inner_test
    is_taken = hasattr(item, "_loop_scope") or "anyio_backend" in getattr(item, "fixturenames", ())
    if not inspect.iscoroutinefunction(inner):
        test.hypothesis.inner_test = _ending(inner)
    elif is_taken:
        test.hypothesis.inner_test = _ending_async(inner)
    else:
        test.hypothesis.inner_test = _ending(functools.wraps(inner)(lambda *args, **kwargs: asyncio.run(inner(*args, **kwargs))))


def unwrap(item: Any, call: Any) -> None:
    """Before pytest judges a phase: put the example's own exception in the place of what has ended the test."""
    kept: list[Any] = getattr(item, "_excinfo", None) or []
    for position, info in enumerate(kept):
        if isinstance(info.value, ExampleFailed):
            kept[position] = pytest.ExceptionInfo.from_exception(info.value.error)
    if call.excinfo is not None and isinstance(call.excinfo.value, ExampleFailed):
        call.excinfo = pytest.ExceptionInfo.from_exception(call.excinfo.value.error)


def _fix_inputs(core: Any) -> None:
    """Seeded generators, from which examples come, are stock ones."""
    varied = core.Random
    core.Random = lambda seed=None: varied() if seed is None else stock_random(seed)


def _ending(inner: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(inner)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return inner(*args, **kwargs)
        except BaseException as error:
            _end(inner, error, args, kwargs)

    return run


def _ending_async(inner: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(inner)
    async def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return await inner(*args, **kwargs)
        except BaseException as error:
            _end(inner, error, args, kwargs)

    return run


def _end(inner: Callable[..., Any], error: BaseException, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NoReturn:
    """Raise what ends the test; what Hypothesis itself has raised, and skips, go their way."""
    if type(error).__module__.startswith("hypothesis") or isinstance(
        error, pytest.skip.Exception | pytest.exit.Exception | KeyboardInterrupt
    ):
        raise error
    given = [*map(_shown, args), *(f"{name}={_shown(value)}" for name, value in kwargs.items())]
    error.add_note(f"falsified by the example: {inner.__name__}({', '.join(given)})")
    raise ExampleFailed(error)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= ARGUMENT_CHARS_MAX else text[: ARGUMENT_CHARS_MAX - 3] + "..."
