"""Where runs happen: on this machine, on all its cores. Takes timelines, gives runs; processes never leave it.

One engine a core, driven by one thread; engines start when there is work for them.
"""

import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

from crossroads.errors import EngineError, SettingError
from crossroads.runners.folders import clear_folders
from crossroads.runners.shares import SPLIT_MIN, Shares, share_out
from crossroads.snapshots.driving import drive
from crossroads.snapshots.engine import Engine, EngineName, Launch, Steps, trunk_command
from crossroads.snapshots.fork import ForkEngine, Unsound
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.plans import Reach, Traced
from crossroads.snapshots.replay import ReplayEngine
from crossroads.snapshots.run import Run
from crossroads.snapshots.together import LOT_MIN, Distrusted, Together
from crossroads.timeline.formats import world_to_data
from crossroads.timeline.timelines import Timeline, WorldSettings
from crossroads.worlds.targets import Target

MEMORY_SHARE: Final = 0.25
"""Of the machine's memory, what the snapshots of all engines together may hold."""

LONG_S: Final = 0.2
"""A second engine is worth it for a future that takes so long, and where nobody knows."""

TAKEN_S, TAKEN_TOGETHER_S = 0.1, 0.5
"""An engine takes timelines for so long at least, also where they are lived in one process: there each lot has costs of its own."""

TAKEN_MOST_S = 0.5
"""And each in a process of its own for so long at most, by what others took: among them may be some that take very long."""

JOBS_MAX: Final = 256


class LocalRunner:
    """Lives timelines of one target in one world on this machine.

    Args:
        target: the program.
        world: what it runs in.
        engine: "fork", "replay", or None for the first of them that is sound for the program.
        jobs: engines at a time, 1 <= jobs; None: one for each core this process may use.
        limits: for each future.

    Raises:
        SettingError: `jobs` or `engine` is out of range.
    """

    def __init__(
        self,
        target: Target,
        world: WorldSettings,
        *,
        engine: EngineName | None = None,
        jobs: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        if jobs is not None and not 1 <= jobs <= JOBS_MAX:
            raise SettingError(f"jobs={jobs} must be from 1 to {JOBS_MAX}; leave it out for one on each core")
        if engine not in (None, "fork", "replay"):
            raise SettingError(f"engine={engine!r} must be 'fork' or 'replay'; leave it out to have the sound one chosen")
        check_limits(limits or Limits())
        self.target, self.world = target, world
        self.engine_name: EngineName = engine or ("fork" if sys.platform == "linux" else "replay")
        self.notes: list[str] = []
        self.distrusted = False
        """Whether every future now has a process of its own, since one wasn't the same after others in its process: then what was counted
        of runs that were lived together before isn't to be trusted either."""
        self._given = engine
        self._jobs = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
        self._limits = limits or Limits()
        self._engines: list[Engine] = []
        self._together = Together()
        self._lived, self._lived_s = 0, 0.0

    def __enter__(self) -> "LocalRunner":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def with_world(self, world: WorldSettings) -> "LocalRunner":
        """A runner of the same program with the same settings in another world."""
        return LocalRunner(self.target, world, engine=self._given, jobs=self._jobs, limits=self._limits)

    @property
    def jobs(self) -> int:
        """How many futures are lived at a time."""
        return self._jobs

    @property
    def python(self) -> str:
        """Version of the interpreter that runs the futures, "" before the first run."""
        return next((engine.python for engine in self._engines if engine.python), "")

    def run(
        self,
        timelines: Sequence[Timeline],
        *,
        trace: Traced = "none",
        pristine: bool = False,
        elsewhere: bool = False,
        together: bool = False,
        rechecked: bool = False,
        until: Sequence[Reach] = (),
        on_run: Callable[[int, Run], None] | None = None,
    ) -> list[Run]:
        """Live timelines on all cores.

        Args:
            timelines: what they share is lived once.
            trace: points to record in each, or "lines" for the source lines that each executes after its branch.
            pristine: begin each from a process that has only imported the program; tracebacks are kept in the output.
            elsewhere: use other engines than the same call without it would, as far as there are any.
            together: futures from the start may share processes where they are short, as long as those of a sample are the same alone.
                Such runs have no output. See `distrusted`. Futures of a test never do.
            rechecked: the caller lives all that fail again, so that no failure has to be in that sample.
            until: for each timeline how far it may go, a point behind that where it branches or a world time, before it is given up
                and ends with GIVEN_UP. (): none is. Not with `together`.
            on_run: called with each index and run as soon as it is there, in any order.

        Returns:
            The runs, in the order of `timelines`.

        Raises:
            TargetError: the program can't be imported or called.
            EngineError: no future can be run here.
        """
        while True:
            may_share = together and len(timelines) >= LOT_MIN and not self.distrusted and not self.target.is_test
            try:
                return self._run(timelines, trace, pristine, elsewhere, may_share, rechecked, until, on_run)
            except Distrusted:
                self.distrust()
            except Unsound as reason:
                self.close()
                if self._given is not None:
                    raise EngineError(f"engine='fork' isn't sound here: {reason}; leave --engine out or use replay") from None
                self.engine_name = "replay"
                self.notes.append(f"every future was replayed from the start, since {reason}")
            except BaseException:
                self.close()
                raise

    def distrust(self) -> None:
        """Give every future a process of its own from now on."""
        self.close()
        self.distrusted = True

    def close(self) -> None:
        """End all processes; a later run starts new ones."""
        for engine in self._engines:
            engine.close()
        if self._engines and self.target.is_test:
            clear_folders(str(self.target))
        self._engines = []

    def _run(
        self,
        timelines: Sequence[Timeline],
        trace: Traced,
        pristine: bool,
        elsewhere: bool,
        together: bool,
        rechecked: bool,
        until: Sequence[Reach],
        on_run: Callable[[int, Run], None] | None,
    ) -> list[Run]:
        runs: list[Run | None] = [None] * len(timelines)

        def deliver_to(indices: list[int]) -> Callable[[int, Run], None]:
            def deliver(position: int, run: Run) -> None:
                runs[indices[position]] = run
                self._lived += 1
                self._lived_s += run.seconds
                if on_run is not None:
                    on_run(indices[position], run)

            return deliver

        def live_share(number: int, engine: Engine) -> Steps[None]:
            while indices := shares.take(number, *self._worth_taking(together, len(timelines))):
                share = [timelines[index] for index in indices]
                if together and isinstance(engine, ForkEngine):
                    yield from engine.run_together(share, deliver_to(indices), not rechecked)
                else:
                    limits = [until[index] for index in indices] if until else ()
                    yield from engine.run(share, deliver_to(indices), trace=trace, pristine=pristine, until=limits)

        longest_s = max((engine.longest_s for engine in self._engines), default=0.0)
        may_be_long = longest_s > LONG_S or not self._lived
        parts = share_out(timelines, self._jobs, 2 if may_be_long else SPLIT_MIN)
        shares = Shares(parts)
        steps = []
        for number, part in enumerate(parts):
            if part:
                engine = self._engine((number + elsewhere) % self._jobs)
                engine.longest_s = max(engine.longest_s, longest_s)
                steps.append(live_share(number, engine))
        drive(steps)
        if any(not engine.addresses_fixed for engine in self._engines):
            note = "this system doesn't let address randomisation be turned off: programs that depend on object addresses may diverge"
            if note not in self.notes:
                self.notes.append(note)
        return [run for run in runs if run is not None]

    def _worth_taking(self, together: bool, everything: int) -> tuple[int, int]:
        """How many timelines an engine takes at least and at most, by how long those took that were lived until now."""
        if not self._lived:
            return everything if together else 1, everything
        rate = self._lived / max(self._lived_s, 1e-6)
        return (int(rate * TAKEN_TOGETHER_S), everything) if together else (int(rate * TAKEN_S), int(rate * TAKEN_MOST_S))

    def _engine(self, number: int) -> Engine:
        while len(self._engines) <= number:
            forks = self.engine_name == "fork"
            self._engines.append(ForkEngine(self._launch(), self._together) if forks else ReplayEngine(self._launch()))
        return self._engines[number]

    def order(self) -> dict[str, Any]:
        """The first message to a process in which the program is to live: target, world, import path, the program's own folders."""
        target = self.target
        place = os.path.dirname(os.path.abspath(target.place)) if target.is_path else os.getcwd()
        return {
            "target": {"place": target.place, "function": target.function, "is_path": target.is_path, "is_test": target.is_test},
            "world": world_to_data(self.world),
            "path": ([] if target.is_path else [os.getcwd()]) + [folder for folder in sys.path if folder],
            "folders": sorted({os.getcwd().rstrip("/") + "/", place.rstrip("/") + "/"}, key=len, reverse=True),
        }

    def _launch(self) -> Launch:
        memory = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / self._jobs)
        return Launch(trunk_command("crossroads.runners.trunk"), self.order(), self._limits, memory)


def check_limits(limits: Limits) -> None:
    """Raise SettingError unless the limits are in range."""
    if limits.wall_s is not None and not limits.wall_s > 0:
        raise SettingError(f"wall={limits.wall_s} must be more than 0 seconds; leave it out to have it adapted to the program")
    if limits.memory_bytes < 16 * 1024**2:
        raise SettingError(f"memory={limits.memory_bytes} must be at least 16 MB; a future needs that much to end in order")
