"""What goes wrong between hosts: on wires that the program made lossy, and wherever the user allowed faults.

Whatever is sent may meet a fault, a choice of the world's of kind "fault": mostly there is none. How likely they are stands in `weather`.
"""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from crossroads.worlds.asyncio.lanes import Lane
from crossroads.worlds.asyncio.network import HERE, Network
from crossroads.worlds.asyncio.sayings import Said
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.asyncio.weather import CUT_S, DATAGRAM_HARM, DOWN_S, FAULT, FAULTS_MAX, STREAM_HARM

NONE: Final = Said("none")


class Victims(Protocol):
    """The machines, as far as faults reach them."""

    def can_crash(self, name: str) -> bool:
        """Whether it is alive and no code from elsewhere is on it."""

    def can_start(self, name: str) -> bool:
        """Whether it is known what to run after a restart."""

    def crash(self, name: str, reset: bool, seconds: float | None) -> None:
        """Let it die soon, and begin anew so much later."""


class Faults:
    """The faults of a world.

    Args:
        traffic: asks for choices, and knows when things happen.
        network: what is to be harmed.
        victims: the machines.
        kinds: the faults that the user allows.
    """

    def __init__(self, traffic: Traffic, network: Network, victims: Victims, kinds: tuple[str, ...]) -> None:
        self._traffic, self._network, self._victims, self._kinds = traffic, network, victims, kinds
        self._left = FAULTS_MAX if kinds else 0

    def harm(self, lane: Lane, label: str) -> str:
        """What becomes of something sent: "" for nothing, "lost", "doubled", "overtaken", "stalls" or "reset"."""
        if self._traffic.chooser is None:
            return ""
        return self._of_the_wire(lane, label) or (self._drawn(lane, label) if self._left else "")

    def _of_the_wire(self, lane: Lane, label: str) -> str:
        """What a lossy wire does."""
        share = self._network.losses.get(frozenset((lane.here.name, lane.there.name)), 0.0)
        if not share or not (lane.lossy or lane.is_connection):
            return ""
        harms = DATAGRAM_HARM if lane.lossy else STREAM_HARM
        return self._choose(f"loss on {label}", [harm for harm, _ in harms], [share * part for _, part in harms])

    def _drawn(self, lane: Lane, label: str) -> str:
        """What the world does of its own accord."""
        found = [faults for kind in self._kinds if (faults := dict(_FINDERS[kind](self, lane)))]
        if not found:
            return ""
        options = [text for faults in found for text in faults]
        weights = [FAULT / len(found) / len(faults) for faults in found for _ in faults]
        taken = self._choose(f"fault on {label}", options, weights)
        if not taken:
            return ""
        self._left -= 1
        for faults in found:
            if taken in faults:
                return faults[taken]()
        return ""

    def _choose(self, label: str, options: list[str], weights: list[float]) -> str:
        chooser = self._traffic.chooser
        assert chooser is not None
        taken = chooser.choose("fault", label, [NONE, *map(Said, options)], [max(1.0 - sum(weights), 0.0), *weights])
        return options[taken - 1] if taken else ""

    # Each finder gives the faults of its kind that are possible now: what reports call it, and what lets it happen.

    def _crashes(self, lane: Lane) -> Iterator[tuple[str, Callable[[], str]]]:
        for name in dict.fromkeys((lane.here.name, lane.there.name)):
            if name == HERE or not self._victims.can_crash(name):
                continue
            for way, reset in (("without power", False), ("killed", True)):
                if not self._victims.can_start(name):
                    yield f"{name} {way} for good", self._crash(name, reset, None)
                    continue
                for seconds in DOWN_S:
                    yield f"{name} {way} for {seconds:g} s", self._crash(name, reset, seconds)

    def _crash(self, name: str, reset: bool, seconds: float | None) -> Callable[[], str]:
        def happen() -> str:
            self._victims.crash(name, reset, seconds)
            return ""

        return happen

    def _partitions(self, lane: Lane) -> Iterator[tuple[str, Callable[[], str]]]:
        one, other = lane.here.name, lane.there.name
        if one != other and not self._network.is_cut(lane.here, lane.there):
            for seconds in CUT_S:
                yield f"wire cut for {seconds:g} s", self._cut(one, other, seconds)

    def _cut(self, one: str, other: str, seconds: float) -> Callable[[], str]:
        def happen() -> str:
            self._network.cut(one, other)
            self._traffic.soon(f"healing of {one} and {other}", lambda: self._network.heal(one, other), seconds)
            return ""

        return happen

    def _resets(self, lane: Lane) -> Iterator[tuple[str, Callable[[], str]]]:
        if lane.is_connection:
            yield "connection reset", lambda: "reset"

    def _losses(self, lane: Lane) -> Iterator[tuple[str, Callable[[], str]]]:
        if lane.lossy:
            yield "lost", lambda: "lost"
            yield "doubled", lambda: "doubled"
            yield "overtaken", lambda: "overtaken"


_FINDERS: Final = {"crash": Faults._crashes, "partition": Faults._partitions, "reset": Faults._resets, "loss": Faults._losses}
