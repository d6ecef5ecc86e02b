"""The hosts of an asyncio world as a program handles them: what runs on each, its clock, its death and its next life."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, Final

from crossroads.errors import SettingError
from crossroads.world import Start, call, name_of
from crossroads.worlds.asyncio.endpoints import Endpoint
from crossroads.worlds.asyncio.faults import Faults
from crossroads.worlds.asyncio.halting import Halting
from crossroads.worlds.asyncio.lives import PLACE, Life, Visit, life_here
from crossroads.worlds.asyncio.network import HERE, Network
from crossroads.worlds.asyncio.selector import WorldSelector
from crossroads.worlds.asyncio.traffic import Traffic
from crossroads.worlds.clock import Clock

SKEW_MAX_S: Final = 1e9
"""Clocks between 1988 and 2051 are skewed enough."""


class Machines:
    """What `crossroads.world` speaks to in the asyncio world.

    Args:
        network: of the world.
        traffic: of the world.
        clock: of the world.
        kinds: the faults that the user allows.
    """

    def __init__(self, network: Network, traffic: Traffic, clock: Clock, kinds: tuple[str, ...] = ()) -> None:
        self._network, self._traffic, self._clock, self._kinds = network, traffic, clock, kinds
        network.current_host = current_host
        self.reset()

    def reset(self) -> None:
        """Be as new: the hosts have no past, and no fault has happened."""
        self._halting = Halting()
        self._selectors: list[WorldSelector] = []
        self._lives: dict[str, Life] = {}
        self._starts: dict[str, list[Start]] = {}
        self._skews: dict[str, float] = {}
        self._faults = Faults(self._traffic, self._network, self, self._kinds)
        self._network.faults = self._faults if self._kinds else None
        if self._kinds:
            self._network.look()

    def watch(self, loop: Any, selector: WorldSelector) -> None:
        """A loop of the world, and its selector."""
        self._halting.watch(loop)
        self._selectors.append(selector)

    # What programs call (Stage).

    def add(self, name: str) -> str:
        return self._network.add_host(name)

    def enter(self, name: str) -> None:
        life = self._life(name)
        life.visitors += 1
        PLACE.set(Visit(life, PLACE.get()))

    def leave(self) -> None:
        place = PLACE.get()
        assert isinstance(place, Visit), place
        place.life.visitors -= 1
        PLACE.set(place.before)

    def create_task(self, name: str, coro: Coroutine[Any, Any, Any], task_name: str | None) -> "asyncio.Task[Any]":
        life = self._life(name)
        if life.dead:
            coro = self._halting.instead_of(coro)
        task = asyncio.get_running_loop().create_task(coro, name=task_name, context=_context_of(life))
        if life.dead:
            self._halting.end_task(task)
        elif life.paused:
            self._halting.park_task(task, life)
        return task

    def is_alive(self, name: str) -> bool:
        return not self._life(name).dead

    def start(self, name: str, function: Start) -> "asyncio.Task[Any]":
        self._starts.setdefault(name, []).append(function)
        return self._run(name, function)

    def kill(self, name: str, reset: bool) -> None:
        self._refuse_home(name, "kill")
        life = self._life(name)
        if life.dead:
            return
        life.dead = life.stopped = True
        self._show(name)
        self._network.kill_host(name, reset=reset)
        self._halting.drop(life)

    def restart(self, name: str, function: Start | None = None) -> None:
        self._refuse_home(name, "restart")
        self.kill(name, False)
        if function is not None:
            self._starts[name] = [function]
        self._lives[name] = Life(name)
        self._network.restart_host(name)
        for known in self._starts.get(name, ()):
            self._run(name, known)

    def pause(self, name: str) -> None:
        self._refuse_home(name, "pause")
        life = self._life(name)
        if not life.stopped:
            life.paused = life.stopped = True
            for endpoint in self._network.hosts[name].endpoints:
                for selector in self._selectors:
                    selector.paused.update(_numbers_of(endpoint))
            self._halting.park(life)

    def resume(self, name: str) -> None:
        life = self._life(name)
        if life.paused and not life.dead:
            life.paused = life.stopped = False
            self._show(name)
            self._halting.unpark(life)

    def skew(self, name: str) -> float:
        return self._skews.get(name, 0.0)

    def set_skew(self, name: str, seconds: float) -> None:
        if not abs(seconds) <= SKEW_MAX_S:
            raise SettingError(f"host({name!r}).clock_skew={seconds!r} must be at most {SKEW_MAX_S:,.0f} s, in either direction")
        self.add(name)
        self._skews[name] = float(seconds)
        self._clock.skew_ns = self._skew_here

    def partition(self, one: str, other: str) -> None:
        self._network.cut(one, other)

    def heal(self, one: str | None, other: str | None) -> None:
        network = self._network
        known = sorted(sorted(pair) for pair in {*network.cuts, *network.slowness, *network.losses})
        for pair in known:
            if one is None or {one, other} == set(pair):
                network.slowness.pop(frozenset(pair), None)
                network.losses.pop(frozenset(pair), None)
                network.heal(*pair)

    def slow(self, one: str, other: str, factor: float) -> None:
        self._network.slowness[frozenset((one, other))] = factor
        self._network.look()

    def lossy(self, one: str, other: str, probability: float) -> None:
        self._network.losses[frozenset((one, other))] = probability
        self._network.faults = self._faults
        self._network.look()

    # What faults call (Victims).

    def can_crash(self, name: str) -> bool:
        life = self._life(name)
        return not life.dead and not life.visitors

    def can_start(self, name: str) -> bool:
        return bool(self._starts.get(name))

    def crash(self, name: str, reset: bool, seconds: float | None) -> None:
        """Let a host die at the next poll, where none of its code is running, and begin anew so many seconds later."""
        life = self._life(name)

        def die() -> None:
            if self._lives[name] is life and not life.dead:
                self.kill(name, reset)
                if seconds is not None:
                    self._traffic.soon(f"restart of {name}", come_back, seconds)

        def come_back() -> None:
            if self._lives[name] is life:
                self.restart(name)

        self._traffic.soon(f"crash of {name}", die)

    # Inside.

    def _life(self, name: str) -> Life:
        life = self._lives.get(name)
        if life is None:
            self.add(name)
            life = self._lives[name] = Life(name)
        return life

    def _run(self, name: str, function: Start) -> "asyncio.Task[Any]":
        return self.create_task(name, call(function), f"{name}: {name_of(function)}")

    def _show(self, name: str) -> None:
        """Let the loops see the sockets of a host again."""
        for endpoint in self._network.hosts[name].endpoints:
            for number in _numbers_of(endpoint):
                for selector in self._selectors:
                    selector.paused.discard(number)
            endpoint.touch()

    def _skew_here(self) -> int:
        seconds = self._skews.get(current_host(), 0.0)
        return round(seconds * 1e9)

    def _refuse_home(self, name: str, what: str) -> None:
        if name == HERE:
            raise SettingError(f"host({name!r}).{what}() would stop the program itself; let what is to be stopped run on another host")


def current_host() -> str:
    """The name of the host to which what is made now belongs."""
    life = life_here()
    return HERE if life is None else life.name


def _numbers_of(endpoint: Endpoint) -> list[int]:
    return [one.number for one in (endpoint.descriptor, *endpoint.others) if one is not None]


def _context_of(life: Life) -> Context:
    context = copy_context()
    context.run(PLACE.set, life)
    return context
