"""gymnasium's steps as points: each outermost `env.step()`, be it of a wrapper, an environment or a vector of environments.

Classes are patched when they are made, so environments that `gymnasium.make` never saw are covered. A step function that is put on an
instance isn't.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

from crossroads.worlds.adaptors.events import OnEvent
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches

BASES: Final = (("gymnasium.core", "Env"), ("gymnasium.vector.vector_env", "VectorEnv"))


def patch(on_event: OnEvent) -> Callable[[], None]:
    """Have each outermost step told of, from when gymnasium is imported.

    Args:
        on_event: called with "env.step" and None before the step.

    Returns:
        A function that undoes it.
    """
    steps = _Steps(on_event)
    cancels = [on_import(module, lambda core, base=base: steps.follow(getattr(core, base))) for module, base in BASES]  # type: ignore[misc]

    def undo() -> None:
        for cancel in cancels:
            cancel()
        steps.patches.undo()

    return undo


class _Steps:
    """The step methods that are patched, and whether one of them runs."""

    def __init__(self, on_event: OnEvent) -> None:
        self.patches = Patches()
        self._on_event = on_event
        self._inside = False

    def follow(self, base: Any) -> None:
        """Patch this class, those derived from it, and those that will be."""
        steps = self
        stock_hook = vars(base).get("__init_subclass__")

        def init_subclass(cls: Any, /, **kwargs: Any) -> None:
            if stock_hook is None:
                super(base, cls).__init_subclass__(**kwargs)
            else:
                stock_hook.__get__(None, cls)(**kwargs)
            steps.wrap(cls)

        self.patches.set(base, "__init_subclass__", classmethod(init_subclass))
        for cls in (base, *_derived(base)):
            self.wrap(cls)

    def wrap(self, cls: Any) -> None:
        """Patch the step method that a class defines itself, if it does."""
        stock_step = vars(cls).get("step")
        if not callable(stock_step):
            return

        @wraps(stock_step)
        def step(env: Any, *args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return stock_step(env, *args, **kwargs)
            self._on_event("env.step", None)
            self._inside = True
            try:
                return stock_step(env, *args, **kwargs)
            finally:
                self._inside = False

        self.patches.set(cls, "step", step)


def _derived(base: Any) -> Iterator[Any]:
    """All classes derived from a class, each once."""
    found: list[Any] = []
    waiting = list(base.__subclasses__())
    while waiting:
        cls = waiting.pop()
        if cls not in found:
            found.append(cls)
            waiting.extend(cls.__subclasses__())
    yield from found
