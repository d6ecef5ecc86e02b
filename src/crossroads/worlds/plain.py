"""The plain world: an ordinary call of a function, with its entropy, clock and directory listings under control."""

import inspect
from collections.abc import Callable
from types import FrameType, GeneratorType
from typing import Any, Final

from crossroads.errors import TargetError
from crossroads.snapshots.live import LiveRun
from crossroads.timeline.timelines import WorldSettings
from crossroads.worlds.adaptors import install_adaptors
from crossroads.worlds.clock import Clock
from crossroads.worlds.entropy import Entropy
from crossroads.worlds.hashes import HASHES
from crossroads.worlds.identity import Identity
from crossroads.worlds.listings import Listings

SETTLING_NS: Final = 1_000_000


class PlainWorld:
    """Ordinary Python: what varies is what it draws and decides."""

    def __init__(self, settings: WorldSettings) -> None:
        self._settings = settings
        self._entropy = Entropy(draws=settings.points == "draws")
        self._clock = Clock()
        self._listings = Listings()
        self._identity = Identity()
        self._live: LiveRun | None = None
        self._event_time: float | None = None
        self._is_again = False

    def install(self) -> None:
        self._entropy.install()
        self._clock.install()
        self._listings.install()
        self._identity.install()
        HASHES.install()
        if self._settings.points == "events":
            install_adaptors(self._on_event)

    def attach(self, live: LiveRun) -> None:
        if not self._is_again:
            self._identity.woke()
        self._live = live
        if self._is_again or self._entropy.has_generators:
            live.begin()
        else:
            self._entropy.on_first_use = live.begin
        if self._settings.points == "draws":
            self._entropy.on_draw = live.draw

    def run(self, function: Callable[[], Any]) -> None:
        if not self._is_again and inspect.iscoroutinefunction(function):
            raise TargetError(
                f"{function.__qualname__} is a coroutine function, but not by its source; write it as async def in the target's file"
            )
        function()

    def rehearse(self) -> None:
        pass

    def settle(self) -> None:
        self._clock.elapsed_ns += -self._clock.elapsed_ns % SETTLING_NS

    def keep(self) -> Callable[[], None]:
        rewind_entropy, rewind_clock, rewind_hashes = self._entropy.keep(), self._clock.keep(), HASHES.keep()

        def rewind() -> None:
            self._live = self._event_time = None
            # To wait for the first use of entropy costs more than a short life, and only snapshots at the start gain by it.
            self._is_again = True
            rewind_entropy()
            rewind_clock()
            rewind_hashes()

        return rewind

    def state(self) -> dict[str, Any]:
        return {}

    def frames(self) -> list[tuple[str, FrameType]]:
        return []

    def rekey(self, seed: int) -> None:
        self._entropy.rekey(seed)

    def fingerprint(self) -> str:
        return self._entropy.fingerprint()

    def drawn(self) -> bool:
        return self._entropy.drawn()

    def keep_time(self) -> Callable[[], None]:
        """Keep the present time; what is returned puts the clock back to it, as looking at it takes time."""
        return self._clock.keep()

    @property
    def has_generators(self) -> bool:
        """Whether there are generators of the program's own."""
        return self._entropy.has_generators

    def elapsed(self) -> float:
        return self._clock.elapsed if self._event_time is None else self._event_time

    def watch(self, on: bool) -> None:
        pass

    def give_up_after(self, seconds: float) -> None:
        """A plain world's clock doesn't run by itself: points alone tell how far a run has come."""

    def ran_out(self) -> list[str]:
        return []

    def woke(self) -> None:
        self._identity.woke()

    def _on_event(self, label: str, time: float | None, actor: "GeneratorType[Any, Any, Any] | None" = None) -> None:
        if self._live is not None:
            self._event_time = time
            self._live.event(label, actor)
