"""What a program calls to have machines: `host`, `partition`, `heal`, `slow`, `lossy`. Hosts alone are harmless outside of a run.

In the asyncio world a host is a machine with an address, a clock and a life of its own. Everywhere else all hosts are this one machine, so
that a program that only starts its parts on them works alone; what breaks something needs the world, and says so.
Loaded by programs that know nothing of the rest of crossroads, so it imports next to nothing of it.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Protocol, TypeVar

__all__ = ["Host", "heal", "host", "lossy", "partition", "slow"]

T = TypeVar("T")
Start = Callable[[], Any]
"""A function or coroutine function without arguments."""

ALONE_ADDRESS: Final = "127.0.0.1"


class Stage(Protocol):
    """The world that a program is in, as far as its hosts are concerned."""

    def add(self, name: str) -> str: ...

    def enter(self, name: str) -> None: ...

    def leave(self) -> None: ...

    def create_task(self, name: str, coro: Coroutine[Any, Any, Any], task_name: str | None) -> "asyncio.Task[Any]": ...

    def is_alive(self, name: str) -> bool: ...

    def start(self, name: str, function: Start) -> "asyncio.Task[Any]": ...

    def kill(self, name: str, reset: bool) -> None: ...

    def restart(self, name: str, function: Start | None) -> None: ...

    def pause(self, name: str) -> None: ...

    def resume(self, name: str) -> None: ...

    def skew(self, name: str) -> float: ...

    def set_skew(self, name: str, seconds: float) -> None: ...

    def partition(self, one: str, other: str) -> None: ...

    def heal(self, one: str | None, other: str | None) -> None: ...

    def slow(self, one: str, other: str, factor: float) -> None: ...

    def lossy(self, one: str, other: str, probability: float) -> None: ...


class _Current:
    """Where the world of this process is found, if it has hosts; one attribute, looked up at each call."""

    __slots__ = ("stage",)

    def __init__(self) -> None:
        self.stage: Stage | None = None


current: Final = _Current()


class Host:
    """A machine, as `host` gives it; two of the same name are the same machine.

    Within `with host:` sockets are made on that machine, and tasks run there for as long as they live. The code inside of the block
    itself stays where it is: it is not lost when the host dies.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"host({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def address(self) -> str:
        """Its IPv4 address, for servers and clients; 127.0.0.1 outside of a run, where the name itself doesn't resolve."""
        return ALONE_ADDRESS if current.stage is None else current.stage.add(self.name)

    @property
    def is_alive(self) -> bool:
        """Whether it was not killed, or was restarted since."""
        return current.stage is None or current.stage.is_alive(self.name)

    @property
    def clock_skew(self) -> float:
        """Seconds by which `time.time` and dates on this host are ahead, 0 at first; may be set. Timers know nothing of it."""
        return 0.0 if current.stage is None else current.stage.skew(self.name)

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        _stage(f"{self!r}.clock_skew").set_skew(self.name, seconds)

    def create_task(self, coro: Coroutine[Any, Any, T], *, name: str | None = None) -> "asyncio.Task[T]":
        """Run a coroutine on this host. If the host dies, none of its code runs any more, and for others the task counts as cancelled."""
        if current.stage is None:
            return asyncio.get_running_loop().create_task(coro, name=name)
        return current.stage.create_task(self.name, coro, name)

    async def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on this host and wait for its result; ConnectionResetError if the host dies."""
        task = self.create_task(coro)
        try:
            return await task
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelling():
                raise ConnectionResetError(104, f"host {self.name} died") from None
            raise

    def start(self, function: Start) -> "asyncio.Task[Any]":
        """Run a function or coroutine function on this host, now and again whenever the host is restarted."""
        if current.stage is None:
            return asyncio.get_running_loop().create_task(call(function), name=f"{self.name}: {name_of(function)}")
        return current.stage.start(self.name, function)

    def kill(self, *, reset: bool = False) -> None:
        """Let it die as it stands: its code never runs again, not even a `finally`. By default it has lost its power: others hear nothing
        more, and new connections get no answer until they time out. With reset=True only its programs were killed: connections are
        reset, new ones refused. Code that kills its own host goes on until its next await, which never returns.
        """
        _stage(f"{self!r}.kill()").kill(self.name, reset)

    def restart(self, function: Start | None = None) -> None:
        """Let it begin anew, without memory or connections, with `function`, or else all that `start` was given."""
        _stage(f"{self!r}.restart()").restart(self.name, function)

    def pause(self) -> None:
        """Let nothing on it run, as if it was suspended; its kernel still receives."""
        _stage(f"{self!r}.pause()").pause(self.name)

    def resume(self) -> None:
        """Let it go on; timers that fell due in between are late."""
        _stage(f"{self!r}.resume()").resume(self.name)

    def __enter__(self) -> "Host":
        if current.stage is not None:
            current.stage.enter(self.name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if current.stage is not None:
            current.stage.leave()

    async def __aenter__(self) -> "Host":
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)


def host(name: str) -> Host:
    """The machine of this name, made when it is first named; "localhost" is the one on which the program begins.

    Args:
        name: as it is resolved in the world, and shown in reports: "db".

    Raises:
        ValueError: the name is empty or has spaces.

    Example:
        >>> host("db").address
        '127.0.0.1'
    """
    if not isinstance(name, str) or not name or name.split() != [name]:
        raise ValueError(f"host({name!r}) needs a name without spaces, such as 'db'")
    if current.stage is not None:
        current.stage.add(name)
    return Host(name)


def partition(a: Host | str, b: Host | str) -> None:
    """Cut two hosts off from each other: streams and connection requests wait until they are healed, datagrams are lost.

    Args:
        a, b: hosts, or their names. What is on its way already still arrives.

    Raises:
        RuntimeError: outside of a run in the asyncio world.
    """
    _stage("partition()").partition(*_pair("partition", a, b))


def heal(a: Host | str | None = None, b: Host | str | None = None) -> None:
    """Make the wire between two hosts whole again, or without arguments all wires: nothing is cut, slow or lossy.

    Args:
        a, b: hosts, or their names; both or none.

    Raises:
        RuntimeError: outside of a run in the asyncio world.
    """
    stage = _stage("heal()")
    if a is None and b is None:
        stage.heal(None, None)
    elif a is None or b is None:
        raise ValueError(f"heal({a!r}, {b!r}) needs two hosts, or none to heal all wires")
    else:
        stage.heal(*_pair("heal", a, b))


def slow(a: Host | str, b: Host | str, factor: float) -> None:
    """Let what is sent between two hosts from now on take so many times as long.

    Args:
        a, b: hosts, or their names.
        factor: more than 0; 1 is the usual speed.

    Raises:
        RuntimeError: outside of a run in the asyncio world.
    """
    if not 0 < factor < float("inf"):
        raise ValueError(f"slow(factor={factor!r}) must be more than 0 and finite; 1 is the usual speed")
    _stage("slow()").slow(*_pair("slow", a, b), float(factor))


def lossy(a: Host | str, b: Host | str, probability: float) -> None:
    """Let what is sent between two hosts from now on be harmed with this probability.

    Datagrams are lost, doubled or overtaken; connections stall, as lost segments are sent again, and now and then are reset.

    Args:
        a, b: hosts, or their names.
        probability: of harm to each message, 0..1; 0 is a sound wire.

    Raises:
        RuntimeError: outside of a run in the asyncio world.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"lossy(probability={probability!r}) must be from 0 to 1")
    _stage("lossy()").lossy(*_pair("lossy", a, b), float(probability))


async def call(function: Start) -> Any:
    """Call a function, and await what it gives if that can be awaited."""
    result = function()
    return await result if inspect.isawaitable(result) else result


def name_of(function: Start) -> str:
    """What a function is called."""
    return getattr(function, "__name__", type(function).__name__)


def _stage(what: str) -> Stage:
    if current.stage is None:
        raise RuntimeError(f"{what} needs a run in the asyncio world; start the program with: crossroads run")
    return current.stage


def _pair(what: str, a: Host | str, b: Host | str) -> tuple[str, str]:
    one, other = (host(given).name if isinstance(given, str) else given.name for given in (a, b))
    if one == other:
        raise ValueError(f"{what}({one!r}, {other!r}) needs two different hosts")
    return one, other


def _is_cancelling() -> bool:
    """Whether somebody has asked the current task itself to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
