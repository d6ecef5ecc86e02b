"""What the simulated network asks of the world: the time, and to decide when what is on its way arrives.

A *flight* is anything that takes time outside of the program: bytes between two sockets, a connection request, an end of stream, a
datagram, a job of an executor. Whoever launches one says what happens on arrival; the world decides when.
"""

import selectors
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Descriptor

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

NEVER: Final = 2**62
"""A time, in nanoseconds, that doesn't come."""


class Flight(Protocol):
    """Something on its way."""

    landed: bool


class Course(Protocol):
    """The world as its network sees it."""

    def now(self) -> float:
        """Seconds of the world's time since the start."""

    def launch(self, label: str, arrive: Callable[[], None], behind: Flight | None = None, least: float = 0.0) -> Flight:
        """Send something on its way.

        Args:
            label: what it is, stable from run to run: "client 2 -> redis:6379, message 3".
            arrive: called once, when it arrives, never from inside this call.
            behind: a flight that arrives before it or together with it, in this order; None where there is none.
            least: seconds that it takes at the least.
        """

    def soon(self, label: str, arrive: Callable[[], None], seconds: float = 0.0) -> Flight:
        """Send something that takes exactly so long."""

    def drop(self, flight: Flight) -> None:
        """Let a flight that hasn't landed never arrive."""

    def force(self, flight: Flight) -> None:
        """Let a flight land now, for a caller that blocks everything until then."""

    def split(self, label: str, size: int) -> int:
        """How many of `size` bytes written at once travel in the first segment: 1..size, mostly all."""

    def touch(self, descriptor: "Descriptor") -> None:
        """Readability or writability of what this stands for may have changed."""
