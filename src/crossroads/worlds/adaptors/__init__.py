"""Packages that programs are often made of: how their draws come under control and their events become points."""

from collections.abc import Callable

from crossroads.worlds.adaptors import gymnasium, simpy
from crossroads.worlds.adaptors.events import OnEvent


def install_adaptors(on_event: OnEvent) -> Callable[[], None]:
    """Have the events of SimPy and gymnasium told, from when the program imports them; at once where they are imported.

    Args:
        on_event: called before each event is processed.

    Returns:
        A function that undoes it.
    """
    undo = [simpy.patch(on_event), gymnasium.patch(on_event)]

    def uninstall() -> None:
        for step in undo:
            step()

    return uninstall
