"""The interface of a world: what a program runs in. A new world is a folder or file with one class of this shape."""

from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Protocol

from crossroads.errors import TargetError
from crossroads.snapshots.live import Fate, LiveRun
from crossroads.timeline.timelines import WorldSettings

WORLDS: Final = ("plain", "asyncio")


class World(Fate, Protocol):
    """What a program runs in: where its entropy, its clock and its points come from.

    It is made once in a bare interpreter, before the program is imported; its process is forked many times after that.
    """

    def install(self) -> None:
        """Take hold of the interpreter, before the program is imported."""

    def attach(self, live: LiveRun) -> None:
        """From now on the program's draws and events belong to this run; its first use of entropy begins it."""

    def settle(self) -> None:
        """Let time come to the next whole millisecond, so that what surroundings have read off clocks by now shows in nothing later."""

    def keep(self) -> Callable[[], None]:
        """Keep the state that this world has now, before the program is called; what is returned puts it back, for a life to begin at once.

        For several futures one after the other in one process. What the program itself has changed stays as it is: that is found out by
        living some of those futures alone as well.
        """

    def keep_time(self) -> Callable[[], None]:
        """Keep the present time; what is returned puts the clock back to it, as looking at it takes time."""

    def run(self, function: Callable[[], Any]) -> None:
        """Call the program, to its end."""

    def rehearse(self) -> None:
        """Run a small program of the kind that lives here; this world needn't be installed, and no other one notices."""

    def state(self) -> dict[str, Any]:
        """What this world holds at this moment, for a reader: lists of short texts by name, {} where there is nothing to tell."""

    def frames(self) -> list[tuple[str, FrameType]]:
        """Where the program stands while none of its frames is on the stack: (name of the task, its own innermost frame)."""


def make_world(settings: WorldSettings) -> World:
    """The world of these settings.

    Raises:
        TargetError: there is no world of this name.
    """
    if settings.name == "plain":
        from crossroads.worlds.plain import PlainWorld

        return PlainWorld(settings)
    if settings.name == "asyncio":
        from crossroads.worlds.asyncio.world import AsyncioWorld

        return AsyncioWorld(settings)
    raise TargetError(f"world={settings.name!r} isn't known to this version of crossroads; it has: {', '.join(WORLDS)}")
