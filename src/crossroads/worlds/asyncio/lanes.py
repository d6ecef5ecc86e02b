"""One direction between two ends: what is sent on it arrives in order, and not while the two hosts are cut off from each other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crossroads.worlds.asyncio.course import Flight

if TYPE_CHECKING:
    from crossroads.worlds.asyncio.endpoints import Endpoint
    from crossroads.worlds.asyncio.hosts import Host
    from crossroads.worlds.asyncio.network import Network


class Lane:
    """From one host to another, in order."""

    __slots__ = ("here", "label", "last", "lossy", "network", "receiver", "there")

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
        self.network = network
        self.here = here
        self.there = there
        self.label = label
        self.receiver = receiver
        self.lossy = lossy
        self.last: Flight | None = None

    def launch(self, label: str, arrive: Callable[[], None]) -> Flight | None:
        """Send something behind all that is under way.

        Args:
            label: the whole of it.
            arrive: called on arrival.

        Returns:
            The flight; None where the hosts are cut off from each other: it is held until they are joined, or lost.
        """
        network = self.network
        if network.cuts and network.is_cut(self.here, self.there):
            if not self.lossy:
                network.hold(self, label, arrive)
            return None
        last = self.last
        if last is not None and last.landed:
            last = None
        flight: Any = network.course.launch(label, arrive, last)
        self.last = flight
        if network.names_receivers and self.receiver is not None:
            flight.socket = self.receiver.descriptor
        return flight  # type: ignore[no-any-return]
