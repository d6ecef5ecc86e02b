"""One direction between two ends: what is sent on it arrives in order, and not while the two hosts are cut off from each other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crossroads.worlds.asyncio.course import Flight
from crossroads.worlds.asyncio.weather import OVERTAKEN_PACE, STALL_S

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Endpoint
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.network import Network


class Lane:
    """From one host to another, in order."""

    __slots__ = ("_names_receiver", "course", "here", "label", "last", "lossy", "network", "receiver", "there")

    def __init__(
        self, network: "Network", here: "Host", there: "Host", label: str, receiver: "Endpoint | None" = None, *, lossy: bool = False
    ) -> None:
        """Open a lane.

        Args:
            network: what it belongs to.
            here: where it starts.
            there: where it ends.
            label: what all on it is called: "client 2 -> redis:6379".
            receiver: the endpoint at which things arrive, as far as it is known.
            lossy: what is sent while the hosts are cut off is lost, not only late.
        """
        self.network, self.course = network, network.course
        self.here = here
        self.there = there
        self.label = label
        self.receiver = receiver
        self._names_receiver = network.names_receivers and receiver is not None
        self.lossy = lossy
        self.last: Flight | None = None

    def launch(self, label: str, arrive: Callable[[], None], certain: bool = False) -> Flight | None:
        """Send something behind all that is under way.

        Args:
            label: the whole of it.
            arrive: called on arrival.
            certain: nothing but time stands between it and its arrival, once the wire is whole.

        Returns:
            The flight; None where the hosts are cut off from each other or one has no power: it is held until that has changed, or lost.
        """
        if self.network.upset:
            return self._launch_upset(label, arrive, certain)
        return self._follow(label, arrive, 0.0)

    def fly(self, label: str, arrive: Callable[[], None], least: float = 0.0) -> Flight:
        """Send something that no fault meets; it takes at least so many seconds."""
        flight = self._follow(label, arrive, least)
        self._slow(flight)
        return flight

    def _follow(self, label: str, arrive: Callable[[], None], least: float) -> Flight:
        """Send something at the usual pace, behind what is under way."""
        last = self.last
        flight: Any = self.course.launch(label, arrive, None if last is None or last.landed else last, least)
        self.last = flight
        self._name(flight)
        return flight  # type: ignore[no-any-return]

    def _name(self, flight: Any) -> None:
        if self._names_receiver:
            receiver: Any = self.receiver
            flight.socket = receiver.descriptor

    def _slow(self, flight: Any, pace: float = 1.0) -> None:
        slowness = self.network.slowness
        if slowness:
            pace *= slowness.get(frozenset((self.here.name, self.there.name)), 1.0)
        if pace != 1.0:
            flight.pace = pace

    def _launch_upset(self, label: str, arrive: Callable[[], None], certain: bool) -> Flight | None:
        network = self.network
        if self.here.dark:
            return None
        harm = "" if certain or network.faults is None else network.faults.harm(self, label)
        if self.there.dark or network.is_cut(self.here, self.there):
            if not self.lossy:
                network.hold(self, label, arrive)
            return None
        if harm == "lost":
            return None
        if harm == "reset":
            self._reset()
            return None
        if harm == "overtaken":
            flight = network.course.launch(label, arrive)
            self._name(flight)
            self._slow(flight, OVERTAKEN_PACE)
            return flight
        if harm == "doubled":
            self.fly(f"{label}, doubled", arrive)
        return self.fly(label, arrive, STALL_S if harm == "stalls" else 0.0)

    @property
    def is_connection(self) -> bool:
        """Whether it is one direction of an established connection, not of a socket pair or a Unix socket."""
        receiver: Any = self.receiver
        return not self.lossy and receiver is not None and receiver.is_connected

    def _reset(self) -> None:
        """Both ends of the connection are told that it was reset."""
        receiver: Any = self.receiver
        sender = receiver.peer
        self.fly(f"{self.label}, reset", receiver.take_reset)
        receiver.lane.fly(f"{receiver.lane.label}, reset", sender.take_reset)
