"""Tasks whose hash is a number of the run's rather than their address, so that sets of them iterate in an order that a timeline fixes.

asyncio keeps tasks in sets: `wait`, `as_completed`, `TaskGroup`, `all_tasks`. On stock asyncio the order of such a set follows the tasks'
addresses, so that any order can happen; here it is a choice of the run's, made when a second task is asked for its hash. asyncio's own
register of tasks, task groups and `gather` ask each task, and seldom make anything of it: the sets of the first two are exchanged for
others, and the last one gets an answer for its own use. What `all_tasks` returns, which nearly every run asks for at its end, is shuffled
by the seed, without a choice of its own, and so are eager tasks, which are kept in a set while they begin.
"""

import asyncio
import sys
import weakref
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from types import CodeType
from typing import Any, Final

from crossroads.worlds.asyncio.guises import named_as
from crossroads.worlds.hashes import CALM_FACTOR, factor_of, hash_of
from crossroads.worlds.patches import Patches

HAS_CONTEXTS: Final = hasattr(asyncio.Task, "get_context")
"""Whether stock tasks tell their context: from Python 3.12 on."""


@named_as(asyncio.Task)
class WorldTask(asyncio.Task[Any]):
    """A stock task with a hash of its own; equality stays identity."""

    __slots__ = ("_hash", "_numbers", "_own_context")

    def __init__(self, coro: Any, numbers: "TaskNumbers", **settings: Any) -> None:
        self._numbers, self._hash = numbers, -1
        if not HAS_CONTEXTS:
            given = settings.get("context")
            self._own_context = settings["context"] = copy_context() if given is None else given
        super().__init__(coro, **settings)

    def __hash__(self) -> int:
        if self._hash < 0:
            value, is_kept = self._numbers.hash_for(self, _frame(1).f_code)
            if not is_kept:
                return value
            self._hash = value
        return self._hash


def context_of(task: Any) -> Context:
    """The context in which a task runs; before Python 3.12 an empty one for tasks that a factory of the program's own made."""
    return task.get_context() if HAS_CONTEXTS else getattr(task, "_own_context", None) or Context()


class TaskNumbers:
    """Makes tasks with names and hashes.

    Attributes:
        choose: gives the factor of tasks' hashes, when it matters for the first time; None: sets iterate as tasks came.
        makes_stock: whether stock tasks do, as somebody else asks `give_hash` for theirs.
        made: how many tasks there have been.
    """

    __slots__ = ("_factor", "_told", "_told_factor", "_untold", "choose", "made", "makes_stock")

    def __init__(self, choose: Callable[[], int] | None = None) -> None:
        self.choose = choose
        self.makes_stock = False
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.made = self._told = self._untold = 0
        self._factor = self._told_factor = CALM_FACTOR

    def begin_epoch(self, seed: int) -> None:
        """Shuffle by this seed the tasks that are asked for their hash from now on without a choice."""
        self._factor = factor_of(seed)

    def count(self) -> None:
        """There is one task more."""
        self.made += 1

    def make(self, coro: Any, settings: dict[str, Any]) -> "asyncio.Task[Any]":
        """A task.

        Args:
            coro: what it runs.
            settings: further arguments of `asyncio.Task`; changed here.
        """
        self.made += 1
        if settings.get("name") is None:
            settings["name"] = f"Task-{self.made}"
        return _StockTask(coro, **settings) if self.makes_stock else WorldTask(coro, self, **settings)

    def give_hash(self, task: Any) -> tuple[int, bool]:
        """The hash of a stock task, and whether it is for good; to be called by who was called by `hash`."""
        return self.hash_for(task, _frame(3).f_code)

    def hash_for(self, task: Any, asking: CodeType) -> tuple[int, bool]:
        """The hash of a task that has none yet, and whether it is for good: what is only for the use of the code that asks isn't."""
        if asking is _GATHER:
            return id(task) >> 4, False
        return self.next_hash(is_told=id(asking) not in _UNTOLD), True

    def next_hash(self, is_told: bool = True) -> int:
        """The hash of the next task that is asked for it.

        Args:
            is_told: by the factor of all tasks, which is chosen now if this is the second of them; else by the seed alone.
        """
        if not is_told:
            self._untold += 1
            return hash_of(self._untold, self._factor, salt=1)
        number = self._told
        self._told = number + 1
        if number == 1 and self.choose is not None:
            self._told_factor = self.choose()
        return hash_of(number, self._told_factor)


def living_tasks(loop: Any) -> "list[asyncio.Task[Any]]":
    """The tasks of a loop that aren't done, in the order of their making; unlike `all_tasks` it asks for no hash."""
    known = [*_register(), *getattr(asyncio.tasks, "_eager_tasks", ())]
    return [task for task in known if _loop_of(task) is loop and not task.done()]


class KnownTasks(dict[int, "weakref.ref[asyncio.Task[Any]]"]):
    """What stands in for the set inside of a weak set of tasks: their references by their identity."""

    def discard(self, reference: "weakref.ref[asyncio.Task[Any]]") -> None:
        """Nothing: the weak set's own references aren't here."""


class Register(weakref.WeakSet["asyncio.Task[Any]"]):
    """A weak set of tasks that knows them by their identity."""

    data: KnownTasks

    def __iter__(self) -> "Iterator[asyncio.Task[Any]]":
        return iter(self._living())

    def __len__(self) -> int:
        return len(self._living())

    def __contains__(self, task: object) -> bool:
        return id(task) in self.data

    def add(self, task: "asyncio.Task[Any]") -> None:
        # Behind all others, also where one that is gone had this address.
        self.data.pop(id(task), None)
        self.data[id(task)] = weakref.ref(task)

    def discard(self, task: "asyncio.Task[Any]") -> None:
        self.data.pop(id(task), None)

    def _living(self) -> "list[asyncio.Task[Any]]":
        return [task for reference in self.data.values() if (task := reference()) is not None]


def exchange_register(patches: Patches) -> None:
    """Let asyncio's register of tasks, a weak set, know them by their identity."""
    register = _register()
    patches.set(register, "data", KnownTasks((id(task), weakref.ref(task)) for task in register))
    patches.set(register, "__class__", Register)


def _register() -> Any:
    found = getattr(asyncio.tasks, "_scheduled_tasks", None)
    return asyncio.tasks._all_tasks if found is None else found  # type: ignore[attr-defined]


_loop_of: Final[Callable[[Any], Any]] = asyncio.futures._get_loop  # type: ignore[attr-defined]
_StockTask: Final = asyncio.Task
_frame: Final = sys._getframe
_GATHER: Final = asyncio.gather.__code__
_LISTS_ALL: Final = asyncio.all_tasks.__code__
# By identity: the hash of a code object is that of all its instructions.
_UNTOLD: Final = {id(_LISTS_ALL), *(id(part) for part in _LISTS_ALL.co_consts if type(part) is CodeType)}
if hasattr(asyncio, "eager_task_factory"):
    _UNTOLD.add(id(asyncio.eager_task_factory.__code__))
